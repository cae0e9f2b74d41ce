// The transaction at which Postgres cannot read its own log out, noted by the service that met it for whoever accepts that it is
// skipped. Invariant: it is noted only when everything before it is settled, so that skipping it costs nothing else.
import { formatLsn, parseLsn, type Lsn } from '../lsn.ts';
import type { FloorPosition } from '../position.ts';
import type { Queries } from './queries.ts';
import type { Session } from './session.ts';

export interface UnsendableTransaction {
  readonly epoch: number;
  readonly slot: string;
  readonly commitLsn: Lsn;
  readonly committedAt: string;
  readonly xid: number;
  /** What is settled: all before it, and perhaps its first changes. */
  readonly floor: FloorPosition;
  readonly reason: string;
}

type Stored = Record<'slot' | 'commitLsn' | 'committedAt' | 'floorLsn' | 'reason', string> &
  Record<'epoch' | 'xid' | 'floorIndex', number>;

/** Nothing is written when another process leads. */
export async function noteUnsendable(
  session: Session,
  term: number,
  { floor, commitLsn, ...rest }: UnsendableTransaction,
): Promise<void> {
  const stored: Stored = {
    ...rest,
    commitLsn: formatLsn(commitLsn),
    floorLsn: formatLsn(floor.commitLsn),
    floorIndex: floor.index,
  };
  await session.query({
    text: `with f as materialized (
             select 1 from rowhook.fence where writer = 'fold' and term = $1 for no key update)
           insert into rowhook.setting (name, value) select 'unsendable_transaction', $2::jsonb from f
           on conflict (name) do update set value = excluded.value`,
    values: [term, JSON.stringify(stored)],
  });
}

export async function readUnsendable(db: Queries): Promise<UnsendableTransaction | null> {
  const { rows } = await db.query<{ value: Stored }>({
    text: `select value from rowhook.setting where name = 'unsendable_transaction'`,
  });
  const stored = rows[0]?.value;
  if (stored === undefined) return null;
  const { commitLsn, floorLsn, floorIndex, ...rest } = stored;
  return {
    ...rest,
    commitLsn: parseLsn(commitLsn),
    floor: { commitLsn: parseLsn(floorLsn), index: floorIndex },
  };
}

export async function forgetUnsendable(session: Session): Promise<void> {
  await session.query({ text: `delete from rowhook.setting where name = 'unsendable_transaction'` });
}
