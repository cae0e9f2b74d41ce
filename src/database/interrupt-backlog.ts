// Everything in the backlog that is not sent from here: claimed, counted as an error and in the ledger as `interrupted`. Of rows that
// another server, or the original of a copy, may have sent. Invariant: a row leaves together with its count, a bounded number at a time;
// what was cut short is finished by the next call.
import { FencedError } from './fenced.ts';
import type { Session } from './session.ts';

const maxRows = 10_000;

interface Batch {
  readonly isOurs: boolean;
  readonly count: number;
  /** Of the last row, as text that SQL reads back; null when there was none. */
  readonly last: string | null;
}

/** By the holder of the term. Returns how many there were. */
export async function interruptBacklog(
  session: Session,
  { term, detail }: { readonly term: number; readonly detail: string },
): Promise<number> {
  let [total, after]: [number, string | null] = [0, null];
  for (;;) {
    const values: unknown[] = [detail, `interrupted ${detail}`, term, maxRows, after];
    const { rows } = await session.query<Batch & Record<string, unknown>>({ text: statement, values });
    const [batch] = rows;
    if (batch?.isOurs !== true) throw new FencedError('spool');
    total += batch.count;
    if (batch.last === null) return total;
    after = batch.last;
  }
}

// It goes on behind the last row, never from the first, where deleted ones may lie by the thousand.
const statement = `
  with f as materialized (
    select 1 from rowhook.fence where writer = 'spool' and term = $3 for no key update),
  keys as (
    select b.uid, b.epoch, b.commit_lsn, b.index, b.part from rowhook.backlog b
    where exists (select from f) and ($5::jsonb is null or
          (b.uid, b.epoch, b.commit_lsn, b.index, b.part) >
          (($5::jsonb ->> 0)::int8, ($5::jsonb ->> 1)::int4, ($5::jsonb ->> 2)::pg_lsn, ($5::jsonb ->> 3)::int8, ($5::jsonb ->> 4)::int2))
    order by b.uid, b.epoch, b.commit_lsn, b.index, b.part limit $4),
  gone as (
    delete from rowhook.backlog b using keys k
    where b.uid = k.uid and b.epoch = k.epoch and b.commit_lsn = k.commit_lsn and b.index = k.index and b.part = k.part
    returning b.uid, b.webhook_id, b.company_id, b.table_name, b.epoch, b.commit_lsn, b.index, b.part,
              b.epoch || '-' || lpad(upper(to_hex((b.commit_lsn - '0/0'::pg_lsn)::int8)), 16, '0') || '-' || b.index
              || case b.part when 1 then '-1' else '' end as change_id),
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
  select exists (select from f) as "isOurs", (select count(*) from gone)::int4 as count,
         (select jsonb_build_array(uid, epoch, commit_lsn, index, part)::text from keys
          order by uid desc, epoch desc, commit_lsn desc, index desc, part desc limit 1) as last`;
