// An operator accepts that changes were lost with their slot: the term ends for whoever held it, the ledger says for each
// webhook from where to where, and a new slot and epoch begin. Invariant: the gap is in the ledger before a new slot can
// hide it.
import { ExitError } from '../exit-error.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { changeId, wholeTransaction, type FloorPosition } from '../position.ts';
import { ensureStarted } from './first-start.ts';
import { slotTaken } from './foreign-slot.ts';
import { interruptBacklog } from './interrupt-backlog.ts';
import type { Session } from './session.ts';
import { readState, type State } from './state.ts';
import { forgetUnread, readUnread } from './unread.ts';
import { takeOver } from './takeover.ts';

export interface AcceptGapOptions {
  readonly session: Session;
  readonly databaseUrl: string;
  readonly slot: string;
  onWaiting(message: string): void;
}

export interface AcceptedGap {
  readonly slot: string;
  /** An old slot of that name was there. */
  readonly wasDropped: boolean;
  readonly epoch: number;
  /** Everything committed between these two was not delivered, nor counted. */
  readonly fromLsn: string;
  readonly toLsn: string;
  readonly webhooks: number;
  /** Claims without an outcome that the last process left. */
  readonly interrupted: number;
}

/** What the ledger will say, once the new slot is made. */
interface OpenGap {
  readonly from: string;
  readonly interrupted: number;
}

/**
 * Finishes what an earlier call began. Rejects with an ExitError while somebody reads the slot, for a slot that is not ours,
 * or when there was no start yet.
 */
export async function acceptGap(options: AcceptGapOptions): Promise<AcceptedGap> {
  const { session, slot } = options;
  const before = await readState(session);
  const wasDropped = before !== null && (await dropUnusedSlot(session, before.slot, slot));
  const gap = before === null ? await requireOpenGap(session) : await openGap(session, before);
  const after = await ensureStarted(options);
  const { rows } = await session.query<{ webhooks: number }>({
    text: `select count(*)::int4 as webhooks from rowhook.loss where reason = 'gap' and from_position = $1`,
    values: [gap.from],
  });
  return {
    slot,
    wasDropped,
    epoch: after.epoch,
    fromLsn: formatLsn(commitLsnOf(gap.from)),
    toLsn: formatLsn(after.floor.commitLsn + 1n),
    webhooks: rows[0]?.webhooks ?? 0,
    interrupted: gap.interrupted,
  };
}

async function openGap(session: Session, before: State): Promise<OpenGap> {
  const { state, term, ...takeover } = await takeOver(session, before.slot);
  let { interrupted } = takeover;
  const isElsewhere = !(await isSamePlace(session, before));
  const from = changeId({ epoch: state.epoch, ...firstLost(state, await readUnread(session)), part: 0 });
  if (isElsewhere) interrupted += await interruptBacklog(session, { term, detail: sentByAnother });
  await session.transaction(async () => {
    // The new start writes the ledger's rows together with the new epoch, also when it is another process' start.
    await session.query({
      text: `insert into rowhook.setting (name, value)
             values ('accepted_gap', jsonb_build_object('from', $1::text, 'interrupted', $2::int4))
             on conflict (name) do update set value = excluded.value`,
      values: [from, interrupted],
    });
    await forgetUnread(session);
    await session.query({ text: 'delete from rowhook.journal' });
    await session.query({ text: 'delete from rowhook.state' });
  });
  return { from, interrupted };
}

const sentByAnother =
  'the database is another one, or was promoted: it may have been sent before, and is not sent from here';

/** A server that does not tell who it is may be any. */
async function isSamePlace(session: Session, before: State): Promise<boolean> {
  const { systemId, timeline, databaseOid } = await session.place();
  return systemId === before.systemId && timeline === before.timeline && databaseOid === before.databaseOid;
}

// No state, but an accepted gap: an earlier call ended before the new slot was made.
async function requireOpenGap(session: Session): Promise<OpenGap> {
  const { rows } = await session.query<{ from: string; interrupted: number }>({
    text: `select value ->> 'from' as "from", coalesce((value ->> 'interrupted')::int4, 0) as interrupted
           from rowhook.setting where name = 'accepted_gap'`,
  });
  const [gap] = rows;
  if (gap !== undefined) return gap;
  throw new ExitError('There is no gap to accept: the service has not started in this database yet.', {
    exitCode: 1,
    remedy: 'Start it: rowhook start',
  });
}

interface SlotRow {
  readonly name: string;
  readonly plugin: string | null;
  readonly database: string | null;
  readonly pid: number | null;
  readonly isHere: boolean;
}

// The slot that was read so far keeps its log for nobody from now on; whatever else has the new name is somebody else's.
async function dropUnusedSlot(session: Session, before: string, slot: string): Promise<boolean> {
  const { rows } = await session.query<SlotRow & Record<string, unknown>>({
    text: `select slot_name::text as name, plugin, database, active_pid as pid,
                  database is not distinct from current_database() as "isHere"
           from pg_catalog.pg_replication_slots where slot_name in ($1, $2)`,
    values: [before, slot],
  });
  const isOurs = ({ name, isHere, plugin }: SlotRow): boolean =>
    name === before && isHere && plugin === 'pgoutput';
  const foreign = rows.find((row) => row.name === slot && !isOurs(row));
  if (foreign !== undefined) throw slotTaken(slot, foreign);
  const own = rows.find(isOurs);
  if (own === undefined) return false;
  if (own.pid !== null) {
    throw new ExitError(`The slot "${before}" is being read by pid ${own.pid}; it is not lost.`, {
      exitCode: 1,
      remedy: 'Stop that service first, if changes are to be skipped all the same.',
    });
  }
  await session.query({ text: 'select pg_drop_replication_slot($1)', values: [before] });
  return true;
}

function firstLost({ floor: { commitLsn, index } }: State, unread: Lsn | null): FloorPosition {
  if (unread !== null && unread <= commitLsn) return { commitLsn: unread, index: 0 };
  return index === wholeTransaction
    ? { commitLsn: commitLsn + 1n, index: 0 }
    : { commitLsn, index: index + 1 };
}

function commitLsnOf(id: string): bigint {
  return BigInt(`0x${id.split('-')[1] ?? '0'}`);
}
