// The one row that says where this installation stands, and whether the server, database and slot in front of us are the ones
// it was written for. Invariant: a copied or restored database never goes on silently.
import { ExitError } from '../exit-error.ts';
import { parseLsn, type Lsn } from '../lsn.ts';
import { wholeTransaction, type FloorPosition } from '../position.ts';
import type { Queries } from './queries.ts';

export interface State {
  readonly epoch: number;
  readonly floor: FloorPosition;
  readonly foldedSeq: number;
  readonly trimmedSeq: number;
  readonly foldNo: number;
  readonly systemId: string;
  readonly timeline: number;
  readonly databaseOid: number;
  readonly slot: string;
  readonly publicationOptions: unknown;
  /** When the last fold was. */
  readonly updatedAt: Date;
}

export interface Origin {
  readonly systemId: string;
  readonly timeline: number;
  readonly databaseOid: number;
}

/** null before the very first start. */
export async function readState(db: Queries): Promise<State | null> {
  const { rows } = await db.query<
    Record<string, string> & { publication_options: unknown; updated_at: Date }
  >({
    text: `select epoch, floor_lsn, floor_index, folded_seq, trimmed_seq, fold_no, system_id, timeline,
                  database_oid::text as database_oid, slot, publication_options, updated_at
           from rowhook.state`,
  });
  const [row] = rows;
  if (row === undefined) return null;
  return {
    epoch: Number(row['epoch']),
    floor: { commitLsn: parseLsn(row['floor_lsn'] ?? ''), index: Number(row['floor_index']) },
    foldedSeq: Number(row['folded_seq']),
    trimmedSeq: Number(row['trimmed_seq']),
    foldNo: Number(row['fold_no']),
    systemId: row['system_id'] ?? '',
    timeline: Number(row['timeline']),
    databaseOid: Number(row['database_oid']),
    slot: row['slot'] ?? '',
    publicationOptions: row.publication_options,
    updatedAt: row.updated_at,
  };
}

/** A place as far as it stays the same for ever; the timeline changes with a promotion. */
export type Home = Pick<Origin, 'databaseOid'> & {
  /** Null where it is not known. */
  readonly systemId: string | null;
  readonly slot: string;
};

/**
 * Where a process begins: what the slot has confirmed was settled before, and the stored floor follows with the next fold only. It is
 * not sent, unless Postgres crashes and the slot falls back behind it. The slot must be held.
 */
export async function readStart(
  db: Queries,
  { floor, slot }: Pick<State, 'floor' | 'slot'>,
): Promise<FloorPosition> {
  const { rows } = await db.query<{ lsn: string | null }>({
    text: `select confirmed_flush_lsn as lsn from pg_catalog.pg_replication_slots where slot_name = $1`,
    values: [slot],
  });
  const confirmed = rows[0]?.lsn ?? null;
  return confirmed === null ? floor : raisedFloor(floor, parseLsn(confirmed));
}

/** With every commit below this LSN. */
export function raisedFloor(floor: FloorPosition, lsn: Lsn): FloorPosition {
  return lsn > floor.commitLsn ? { commitLsn: lsn - 1n, index: wholeTransaction } : floor;
}

/** Throws an ExitError (3) that says what differs. */
export function requireSameOrigin(state: State, origin: Home): void {
  const other = findOtherOrigin(state, origin);
  if (other !== null) throw other;
}

/** An ExitError (3) that says what differs; null when nothing does. */
export function findOtherOrigin(state: State, origin: Home): ExitError | null {
  const differences: string[] = [];
  if (origin.systemId !== null && state.systemId !== origin.systemId) {
    differences.push(
      `the cluster (system id ${origin.systemId} instead of ${state.systemId}: another one, or the same after pg_upgrade)`,
    );
  }
  if (state.databaseOid !== origin.databaseOid) {
    differences.push(`the database (oid ${origin.databaseOid} instead of ${state.databaseOid})`);
  }
  if (state.slot !== origin.slot) differences.push(`the slot (${origin.slot} instead of ${state.slot})`);
  if (differences.length === 0) return null;
  return new ExitError(
    `rowhook's bookkeeping in this database was written for another place; what differs: ${differences.join('; ')}. ` +
      `Nothing was sent: a copy or a restored database must not send the original's webhooks.`,
    {
      exitCode: 3,
      remedy:
        `If ROWHOOK_SLOT or DATABASE_URL is wrong, correct it. If this place is to send from now on, accept that what was ` +
        `committed meanwhile is not sent: rowhook slot recreate --accept-gap`,
    },
  );
}
