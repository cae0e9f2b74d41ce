// What has to be known of a slot that standbys copy, so that a promotion loses nothing: whether it is one, and how far the log is written.
import { parseLsn, type Lsn } from '../lsn.ts';
import type { Queries } from './queries.ts';

/** From Postgres 17 on; before, no slot is one. */
export async function isFailoverSlot(db: Queries, slot: string): Promise<boolean> {
  const { rows } = await db.query<{ isFailover: boolean }>({
    text: `select coalesce((to_jsonb(s) ->> 'failover')::boolean, false) as "isFailover"
           from pg_catalog.pg_replication_slots s where slot_name = $1`,
    values: [slot],
  });
  return rows[0]?.isFailover === true;
}

/** Past every commit that was answered before this is asked. */
export async function readWrittenUpTo(db: Queries): Promise<Lsn> {
  const { rows } = await db.query<{ lsn: string }>({
    name: 'rowhook_written_up_to',
    text: 'select pg_catalog.pg_current_wal_flush_lsn()::text as lsn',
  });
  return parseLsn(rows[0]?.lsn ?? '0/0');
}
