/** What `status` asks about the delivery log: what the service keeps, what that takes, and what is missing. */
import type { Queries } from '../queries.ts';

export interface DeliveryLogFacts {
  /** As the service that led last was told; null: none has led yet. */
  readonly mode: 'all' | 'errors' | 'off' | null;
  readonly days: number;
  /** Partitions that are there, but for that of tomorrow. */
  readonly partitions: number;
  readonly bytes: number;
  /** Those that should have been dropped an hour ago. */
  readonly overdue: number;
  /** Rows that could not be written, of the days that are kept. */
  readonly dropped: number;
  readonly droppedSince: Date | null;
  readonly droppedLastAt: Date | null;
  readonly droppedReason: string | null;
}

export async function readDeliveryLog(db: Queries): Promise<DeliveryLogFacts> {
  const { rows } = await db.query<DeliveryLogFacts>({
    text: `
      with told as (
        select value ->> 'mode' as mode, (value ->> 'days')::int4 as days from rowhook.setting where name = 'delivery_log'),
      kept as (
        select c.oid, ((to_date(substr(c.relname, 10), 'YYYYMMDD') + 1)::timestamp at time zone 'UTC') as ends_at
        from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
        where i.inhparent = 'rowhook.delivery'::regclass and c.relname ~ '^delivery_[0-9]{8}$'),
      missing as (
        select sum(dropped_count)::float8 as count, min(first_at) as first_at, max(last_at) as last_at,
               (array_agg(reason order by last_at desc))[1] as reason
        from rowhook.delivery_gap)
      select (select mode from told) as mode, coalesce((select days from told), 0) as days,
             (select count(*)::int4 from kept where ends_at <= now() + interval '1 day') as partitions,
             (select coalesce(sum(pg_catalog.pg_total_relation_size(oid)), 0)::float8 from kept) as bytes,
             (select count(*)::int4 from kept, told where ends_at < now() - make_interval(days => days, hours => 2)) as overdue,
             coalesce(m.count, 0) as dropped, m.first_at as "droppedSince", m.last_at as "droppedLastAt",
             m.reason as "droppedReason"
      from missing m`,
  });
  const [facts] = rows;
  if (facts === undefined) throw new Error('the server answered without a row');
  return facts;
}
