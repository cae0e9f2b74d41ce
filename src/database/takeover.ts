// Becoming the one that claims. It runs while the slot is held and nothing was handled yet: a new term fences the one
// before, its claims without an outcome become `interrupted`, and what the journal still holds is settled. Invariant: what
// was claimed is counted and not repeated by itself.
import { describeDrop, describeOutcome, interruptedByFailover } from '../delivery/outcome.ts';
import { maxPayloadBytes } from '../limits.ts';
import { changeId, rangeOf, type Position } from '../position.ts';
import { isClaim, unpackJournalBody, type JournalEntry, type JournalKind } from './journal-body.ts';
import { succeed, type NamedProcess } from './leader.ts';
import type { Epochs } from '../epochs.ts';
import { beginEpochs, readEpochs } from './epoch-rows.ts';
import { noteFailover } from './failover-loss.ts';
import { timelinesSince, type TimelineEnd } from './lineage.ts';
import { requireUnbrokenSlot } from './promoted-slot.ts';
import type { Session } from './session.ts';
import { readState, type State } from './state.ts';
import type { UndoneClaims } from './undone-claims.ts';

export interface Takeover {
  readonly term: number;
  readonly state: State;
  readonly epochs: Epochs;
  /** The last seq in use. */
  readonly lastSeq: number;
  /** Journal rows that are folded but not trimmed yet, with their entries. */
  readonly settled: readonly { readonly seq: number; readonly entries: readonly JournalEntry[] }[];
  readonly interrupted: number;
  /** For so long it sends nothing: what the process before has claimed may still be on its way. */
  readonly quietMs: number;
}

/** The name by which a later leader finds the connections of an earlier one. */
export function writerName(slot: string, writer: 'claim' | 'spool' | 'fold', term: number): string {
  return `rowhook/${slot}/${writer} term=${term}`;
}

/** What the replication connection said of the server that holds the slot. */
export interface SlotServer {
  readonly timeline: number;
  readonly history: readonly TimelineEnd[];
}

/** The process that is going to read and send. */
export interface NewLeader {
  readonly process: NamedProcess;
  readonly server: SlotServer;
  /** The term of which it is proven that everything is here; null where nothing is. */
  readonly resumedTerm: number | null;
  /** Where it is not proven: what this process knows to be missing. */
  readonly undone?: UndoneClaims | null;
}

/**
 * May be repeated as a whole when the connection breaks: each run is a new term. `leader`: null for a command that only ends the
 * term before. Throws an ExitError (3) where the leader's server does not continue the log of the books.
 */
export async function takeOver(
  session: Session,
  slot: string,
  leader: NewLeader | null = null,
): Promise<Takeover> {
  await endEarlierWriters(session, slot);
  return await session.transaction(async () => {
    // Waits for open claims and folds of the one before: they lock these rows.
    const { rows } = await session.query<{ term: string }>({
      // Each row by itself: a subselect would not be asked again after waiting for another takeover, and both had one term.
      text: `update rowhook.fence set term = term + 1 returning term`,
    });
    const term = Number(rows[0]?.term);
    const before = await readState(session);
    if (before === null) throw new Error('rowhook.state is empty after the first start');
    const state = { ...before, timeline: leader?.server.timeline ?? before.timeline };
    if (leader !== null) {
      const isProven = leader.resumedTerm === term - 1;
      const undone = leader.undone?.term === term - 1 ? leader.undone : null;
      await changeTimeline(session, before, { server: leader.server, isProven, undone });
    }
    const journal = await readJournal(session, state.trimmedSeq);
    const lastSeq = journal.at(-1)?.seq ?? Math.max(state.foldedSeq, state.trimmedSeq);
    const unfolded = journal.filter(({ seq }) => seq > state.foldedSeq).flatMap(({ entries }) => entries);
    await countUnfolded(session, unfolded);
    const claims = journal.flatMap(({ entries }) => entries).filter(isClaim);
    const interrupted = await interrupt(session, claims);
    await session.query({ text: forgetEmptyBacklogs });
    await session.query({ text: closeBreakers });
    await session.query({
      text: `update rowhook.state set folded_seq = $1, fold_no = fold_no + 1, updated_at = now()`,
      values: [lastSeq],
    });
    const quietMs = await succeed(session, {
      leader: leader?.process ?? null,
      hasLeftClaims: interrupted > 0,
    });
    const after = { ...state, foldedSeq: lastSeq, foldNo: state.foldNo + 1 };
    const epochs = await readEpochs(session);
    return {
      term,
      state: after,
      epochs,
      lastSeq,
      settled: journal,
      interrupted,
      quietMs,
    };
  });
}

async function changeTimeline(
  session: Session,
  state: State,
  {
    server,
    isProven,
    undone,
  }: { readonly server: SlotServer; readonly isProven: boolean; readonly undone: UndoneClaims | null },
): Promise<void> {
  const starts = timelinesSince(state, server);
  if (starts.length === 0) return;
  await requireUnbrokenSlot(session, state);
  if (isProven) {
    await beginEpochs(session, starts, 'switchover');
    return;
  }
  await noteFailover(session, state, starts, undone);
  await beginEpochs(session, starts, 'failover');
}

async function endEarlierWriters(session: Session, slot: string): Promise<void> {
  await session.query({
    text: `select pg_terminate_backend(a.pid)
           from pg_stat_activity a, (select max(term) as term from rowhook.fence) f
           where a.usename = current_user and a.datname = current_database() and a.pid <> pg_backend_pid()
             and starts_with(a.application_name, $1)
             and substring(a.application_name from ' term=(\\d+)$')::int8 <= f.term`,
    values: [`rowhook/${slot}/`],
  });
}

async function readJournal(
  session: Session,
  trimmedSeq: number,
): Promise<{ seq: number; entries: readonly JournalEntry[] }[]> {
  const { rows } = await session.query<{ seq: string; body: Buffer }>({
    text: `select seq, body from rowhook.journal where seq > $1 order by seq`,
    values: [trimmedSeq],
  });
  return rows.map(({ seq, body }) => ({ seq: Number(seq), entries: unpackJournalBody(body) }));
}

async function countUnfolded(session: Session, entries: readonly JournalEntry[]): Promise<void> {
  const isMissed = ({ kind }: JournalEntry): boolean => kind === 'missed';
  for (const [statement, isCounted] of [
    [countClaimed, isClaim],
    [countMissed, isMissed],
  ] as const) {
    const counts = countByUid(entries.filter(isCounted));
    if (counts.uids.length > 0) {
      await session.query({ text: statement, values: [counts.uids, counts.counts] });
    }
  }
  for (const { uid, note, positions } of groupForLedger(entries, 'dropped')) {
    const detail = droppedDetails[note] ?? describeDrop(note);
    await session.query({ text: countDropped, values: [uid, positions.length, detail] });
    const values = [uid, note, positions.length, ...range(positions), null, detail];
    await session.query({ text: ledgerStatement, values });
  }
  for (const { note, positions } of groupForLedger(entries, 'undecidable')) {
    const found = [positions.length, ...range(positions), note, undecidableDetail];
    await session.query({ text: ledgerStatement, values: [null, 'undecidable', ...found] });
  }
}

const undecidableDetail = 'the log does not carry the company column';

/** As the outcome says it, where that is more than the reason; the journal does not tell how large it was. */
const droppedDetails: Readonly<Record<string, string>> = {
  too_large: `too_large more than ${maxPayloadBytes / 1024 / 1024} MiB`,
  interrupted: describeOutcome(interruptedByFailover),
};

async function interrupt(session: Session, claims: readonly JournalEntry[]): Promise<number> {
  const { rows } = await session.query<{ uid: string; count: string }>({
    text: `with lost as (
             select uid, claimed_count - success_count - error_count as count from rowhook.counter
             where claimed_count > success_count + error_count order by uid for update)
           update rowhook.counter c
           set error_count = c.error_count + lost.count, last_error_at = now(),
               last_error = 'interrupted: the service ended before the outcome was known'
           from lost where lost.uid = c.uid
           returning c.uid, lost.count`,
  });
  const positions = new Map<string, Position[]>();
  for (const { uid, position } of claims) {
    const list = positions.get(String(uid)) ?? [];
    list.push(position);
    positions.set(String(uid), list);
  }
  let total = 0;
  for (const { uid, count } of rows) {
    total += Number(count);
    const known = range(positions.get(uid) ?? []);
    const detail =
      'claimed, and no outcome was recorded: it may or may not have arrived, and is not repeated by itself';
    await session.query({
      text: ledgerStatement,
      values: [uid, 'interrupted', count, ...known, null, detail],
    });
  }
  return total;
}

function countByUid(entries: readonly JournalEntry[]): { uids: string[]; counts: number[] } {
  const counts = new Map<string, number>();
  for (const { uid } of entries) counts.set(String(uid), (counts.get(String(uid)) ?? 0) + 1);
  return { uids: [...counts.keys()], counts: [...counts.values()] };
}

interface LedgerGroup {
  readonly uid: string;
  readonly note: string;
  readonly positions: Position[];
}

function groupForLedger(entries: readonly JournalEntry[], wanted: JournalKind): Iterable<LedgerGroup> {
  const groups = new Map<string, LedgerGroup>();
  for (const { kind, uid, note = '', position } of entries) {
    if (kind !== wanted) continue;
    const key = `${uid} ${note}`;
    const group = groups.get(key) ?? { uid: String(uid), note, positions: [] };
    group.positions.push(position);
    groups.set(key, group);
  }
  return groups.values();
}

/** The first and the last change of a list that is in no order, as change ids; nulls for an empty one. */
function range(positions: readonly Position[]): [string | null, string | null] {
  const { first, last } = rangeOf(positions);
  return first === null || last === null ? [null, null] : [changeId(first), changeId(last)];
}

// The last rows of a backlog may have left it after the last fold. Where some are left, the new process tells their number.
const forgetEmptyBacklogs = `
    update rowhook.counter c set backlog_count = 0, backlog_bytes = 0, backlog_since = null
    where c.backlog_count > 0 and not exists (select from rowhook.backlog b where b.uid = c.uid)`;

// They are in the memory of the process before only: the new one begins with all of them closed.
const closeBreakers = `
    update rowhook.counter set breaker_since = null, breaker_probe_at = null where breaker_since is not null`;

const countClaimed = `
    insert into rowhook.counter as t (uid, claimed_count)
    select * from unnest($1::int8[], $2::int8[]) order by 1
    on conflict (uid) do update set claimed_count = t.claimed_count + excluded.claimed_count`;

const countMissed = `
    insert into rowhook.counter as t (uid, missed_count)
    select * from unnest($1::int8[], $2::int8[]) order by 1
    on conflict (uid) do update set missed_count = t.missed_count + excluded.missed_count`;

const countDropped = `
  insert into rowhook.counter as t (uid, claimed_count, error_count, last_error_at, last_error)
  values ($1::int8, $2::int8, $2::int8, now(), $3::text)
  on conflict (uid) do update set
    claimed_count = t.claimed_count + excluded.claimed_count, error_count = t.error_count + excluded.error_count,
    last_error_at = excluded.last_error_at, last_error = excluded.last_error`;

// Who the webhook was: its row, or, when it is gone, its last known version.
const ledgerStatement = `
  insert into rowhook.loss
    (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position, detail)
  select $1::int8, w.id, w.company_id, coalesce(w.table_name, $6::text), $2::text, $3::int8, $4::text, $5::text, $7::text
  from (select 1) one
  left join lateral (
    select id, company_id, table_name from rowhook.webhook where uid = $1::int8
    union all
    select row ->> 'id', row ->> 'company_id', row ->> 'table_name' from rowhook.config_version
    where kind = 'webhook' and key = $1::int8::text and row is not null
    limit 1) w on true`;
