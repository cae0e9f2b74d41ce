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
  const from = firstLost(state);
  const losses = await session.transaction(async () => {
    const { rows } = await session.query<{ id: string }>({
      text: `insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, from_position, detail)
             select uid, id, company_id, table_name, 'gap', null, $1,
                    'the slot was lost: changes from here to the new start were not read'
             from rowhook.webhook returning id`,
      values: [changeId(state.epoch, { ...from, part: 0 })],
    });
    await session.query({ text: 'delete from rowhook.journal' });
    await session.query({ text: 'delete from rowhook.state' });
    return rows.map(({ id }) => id);
  });
  const after = await ensureStarted(options);
  const to = { commitLsn: after.floor.commitLsn + 1n, index: 0, part: 0 } as const;
  await session.query({
    text: 'update rowhook.loss set to_position = $1 where id = any ($2::int8[])',
    values: [changeId(after.epoch, to), losses],
  });
  return {
    slot,
    epoch: after.epoch,
    fromLsn: formatLsn(from.commitLsn),
    toLsn: formatLsn(to.commitLsn),
    webhooks: losses.length,
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
