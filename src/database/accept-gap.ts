// An operator accepts that changes were lost with their slot: the term ends for whoever held it, the ledger says for each
// webhook from where to where, and a new slot and epoch begin. Invariant: the gap is in the ledger before a new slot can
// hide it.
import { ExitError } from '../exit-error.ts';
import { formatLsn } from '../lsn.ts';
import { changeId, type FloorPosition } from '../position.ts';
import { ensureStarted } from './first-start.ts';
import type { Session } from './session.ts';
import { readState, type State } from './state.ts';
import { takeOver } from './takeover.ts';

export interface AcceptGapOptions {
  readonly session: Session;
  readonly databaseUrl: string;
  readonly slot: string;
  onWaiting(message: string): void;
}

export interface AcceptedGap {
  readonly slot: string;
  readonly epoch: number;
  /** Everything committed between these two was not delivered, nor counted. */
  readonly fromLsn: string;
  readonly toLsn: string;
  readonly webhooks: number;
  /** Claims without an outcome that the last process left. */
  readonly interrupted: number;
}

/** Rejects with an ExitError while somebody reads the slot, or when there was no start yet. */
export async function acceptGap(options: AcceptGapOptions): Promise<AcceptedGap> {
  const { session, slot } = options;
  const before = await requireState(session);
  await dropUnusedSlot(session, slot);
  const { interrupted, state } = await takeOver(session, before.slot);
  const from = changeId(state.epoch, { ...firstLost(state), part: 0 });
  await session.transaction(async () => {
    // The new start writes the ledger's rows together with the new epoch, also when it is another process' start.
    await session.query({
      text: `insert into rowhook.setting (name, value) values ('accepted_gap', jsonb_build_object('from', $1::text))
             on conflict (name) do update set value = excluded.value`,
      values: [from],
    });
    await session.query({ text: 'delete from rowhook.journal' });
    await session.query({ text: 'delete from rowhook.state' });
  });
  const after = await ensureStarted(options);
  const { rows } = await session.query<{ webhooks: number }>({
    text: `select count(*)::int4 as webhooks from rowhook.loss where reason = 'gap' and from_position = $1`,
    values: [from],
  });
  return {
    slot,
    epoch: after.epoch,
    fromLsn: formatLsn(state.floor.commitLsn),
    toLsn: formatLsn(after.floor.commitLsn + 1n),
    webhooks: rows[0]?.webhooks ?? 0,
    interrupted,
  };
}

async function requireState(session: Session): Promise<State> {
  const state = await readState(session);
  if (state !== null) return state;
  throw new ExitError('There is no gap to accept: the service has not started in this database yet.', {
    exitCode: 1,
    remedy: 'Start it: rowhook start',
  });
}

async function dropUnusedSlot(session: Session, slot: string): Promise<void> {
  const { rows } = await session.query<{ pid: number | null; isHere: boolean }>({
    text: `select active_pid as pid, database = current_database() as "isHere"
           from pg_catalog.pg_replication_slots where slot_name = $1`,
    values: [slot],
  });
  const [existing] = rows;
  if (existing === undefined) return;
  if (existing.pid !== null) {
    throw new ExitError(`The slot "${slot}" is being read by pid ${existing.pid}; it is not lost.`, {
      exitCode: 1,
      remedy: 'Stop that service first, if changes are to be skipped all the same.',
    });
  }
  if (!existing.isHere) {
    throw new ExitError(`The slot "${slot}" belongs to another database.`, {
      exitCode: 1,
      remedy: 'Set ROWHOOK_SLOT to a name of its own.',
    });
  }
  await session.query({ text: 'select pg_drop_replication_slot($1)', values: [slot] });
}

function firstLost({ floor }: State): FloorPosition {
  return { commitLsn: floor.commitLsn, index: floor.index + 1 };
}
