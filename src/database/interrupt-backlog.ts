// Everything in the backlog that is not sent from here: claimed, counted as an error and in the ledger as `interrupted`, in one
// statement. Of rows that another server, or the original of a copy, may have sent.
import type { Queries } from './queries.ts';
import { longestScanMs } from './session.ts';

/** In a transaction that holds the fences. Returns how many there were. */
export async function interruptBacklog(db: Queries, detail: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>({
    text: statement,
    values: [detail, `interrupted ${detail}`],
    query_timeout: longestScanMs,
  });
  return rows[0]?.count ?? 0;
}

const statement = `
  with gone as (
    delete from rowhook.backlog
    returning uid, webhook_id, company_id, table_name, epoch, commit_lsn, index, part,
              epoch || '-' || lpad(upper(to_hex((commit_lsn - '0/0'::pg_lsn)::int8)), 16, '0') || '-' || index
              || case part when 1 then '-1' else '' end as change_id),
  counted as (
    insert into rowhook.counter as t (uid, claimed_count, error_count, last_error_at, last_error)
    select uid, count(*), count(*), now(), $2::text from gone group by uid order by uid
    on conflict (uid) do update set
      claimed_count = t.claimed_count + excluded.claimed_count, error_count = t.error_count + excluded.error_count,
      last_error_at = excluded.last_error_at, last_error = excluded.last_error,
      backlog_count = 0, backlog_bytes = 0, backlog_since = null),
  noted as (
    insert into rowhook.loss
      (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position, detail)
    select uid, webhook_id, company_id, table_name, 'interrupted', count(*),
           (array_agg(change_id order by epoch, commit_lsn, index, part))[1],
           (array_agg(change_id order by epoch desc, commit_lsn desc, index desc, part desc))[1], $1::text
    from gone group by uid, webhook_id, company_id, table_name)
  select count(*)::int4 as count from gone`;
