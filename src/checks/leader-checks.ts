// Judges who leads: the books name the process that took the term last, which says nothing about whether it lives. Pure: facts in,
// checks out.
import type { LeaderFacts, StandbyFacts } from '../database/status/leader.ts';
import type { SlotFacts } from '../database/status/slot.ts';
import { counted, ok, warn, type Check } from './check.ts';
import { isReadable } from './slot-checks.ts';

/** Who claims and reads, under which number and since when, and who waits. Nobody is named as leader that is gone. */
export function checkLeader(slot: SlotFacts | null, leader: LeaderFacts): Check {
  const { standbys } = leader;
  const reader = slot?.active === true && isReadable(slot) ? slot : null;
  const waiting = standbys.length === 0 ? '' : `; ${describeStandbys(standbys)}`;
  if (leader.isThere && reader !== null) {
    return ok('leader', `${nameOf(leader)} leads ${termOf(leader)}, ${describeReader(reader)}${waiting}`);
  }
  if (leader.isThere) {
    const detail = `${nameOf(leader)} leads ${termOf(leader)}, but does not read the slot now${waiting}`;
    return warn('leader', detail, 'It is connecting again, or ending. If it stays so, its log says why.');
  }
  if (reader !== null) {
    const detail = `nobody leads yet: ${describeReader(reader)}, and has not taken over; ${lastLeader(leader)}${waiting}`;
    return warn('leader', detail, `A service takes over in a moment. If it stays so: ${whoReads(reader)}`);
  }
  return warn('leader', `${nobody(leader, slot)}${waiting}`, remedy(standbys));
}

function nobody(leader: LeaderFacts, slot: SlotFacts | null): string {
  const inactiveSince = slot?.inactiveSince ?? null;
  const since = inactiveSince === null ? '' : `, and nobody has read since ${inactiveSince.toISOString()}`;
  return `nobody leads: ${lastLeader(leader)}${since}`;
}

function lastLeader(leader: LeaderFacts): string {
  if (leader.host === null) return `no service has led (term ${leader.term ?? '?'})`;
  return `the last leader, ${nameOf(leader)} ${termOf(leader)}, has ended`;
}

function nameOf({ host, pid }: LeaderFacts): string {
  return host === null ? 'a process' : `process ${pid ?? '?'} on ${host}`;
}

function termOf({ term, since }: LeaderFacts): string {
  return `(term ${term ?? '?'}${since === null ? '' : `, since ${since.toISOString()}`})`;
}

function describeReader({ pid, clientAddress, connectedAt }: SlotFacts): string {
  const from = clientAddress === null ? '' : ` from ${clientAddress}`;
  const since = connectedAt === null ? '' : ` since ${connectedAt.toISOString()}`;
  return `Postgres backend ${pid ?? '?'} reads the slot${from}${since}`;
}

function describeStandbys(standbys: readonly StandbyFacts[]): string {
  const names = standbys.map(
    ({ process, clientAddress }) => `${process}${clientAddress === null ? '' : ` from ${clientAddress}`}`,
  );
  return `${counted(standbys.length, 'standby')}: ${names.join(', ')}`;
}

function whoReads({ pid }: SlotFacts): string {
  return `select * from pg_stat_activity where pid = ${pid ?? 0};`;
}

function remedy(standbys: readonly StandbyFacts[]): string {
  return standbys.length === 0
    ? 'Once nothing above fails, start the service: rowhook start'
    : 'A standby takes over in a moment. If it stays so, its log says why.';
}
