/** What the checks ask about the slot, the transactions that hold it back, and the place it belongs to. Reads catalogs only. */
import type { Queries } from '../queries.ts';
import type { Origin } from '../state.ts';

export interface SlotFacts {
  readonly plugin: string | null;
  readonly database: string | null;
  readonly isHere: boolean;
  readonly active: boolean;
  readonly pid: number | null;
  readonly walStatus: string | null;
  readonly confirmedLsn: string | null;
  readonly lagBytes: number | null;
  readonly retainedBytes: number | null;
  /** What may still be written before the slot is in danger; null without a limit. */
  readonly safeWalBytes: number | null;
  readonly invalidationReason: string | null;
  /** Null before Postgres 17. */
  readonly failover: boolean | null;
  /** Since when nobody reads it; null while somebody does, and before Postgres 17. */
  readonly inactiveSince: Date | null;
  /** How many transactions ago the oldest catalog row was removed that it still needs. */
  readonly catalogAge: number | null;
  /** Past this age autovacuum fights a wraparound. */
  readonly freezeMaxAge: number;
  /** Of the session that streams from it; null where none does or its details are not ours to see. */
  readonly clientAddress: string | null;
  readonly connectedAt: Date | null;
}

export interface OldTransaction {
  /** Null for a prepared one. */
  readonly pid: number | null;
  readonly gid: string | null;
  readonly role: string;
  readonly database: string;
  readonly since: Date;
}

export interface TransactionFacts {
  /** Oldest first. */
  readonly old: readonly OldTransaction[];
  /** Sessions of others whose transactions this login may not see. */
  readonly hidden: number;
}

export async function readSlot(db: Queries, slot: string): Promise<SlotFacts | null> {
  const { rows } = await db.query<SlotFacts>({
    text: `
      with here as (
        select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as lsn
      )
      select s.plugin::text, s.database::text, s.database is not distinct from current_database() as "isHere",
             s.active, s.active_pid as pid, s.wal_status as "walStatus", s.confirmed_flush_lsn::text as "confirmedLsn",
             pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn)::float8 as "lagBytes",
             pg_wal_lsn_diff(here.lsn, s.restart_lsn)::float8 as "retainedBytes",
             s.safe_wal_size::float8 as "safeWalBytes", to_jsonb(s) ->> 'invalidation_reason' as "invalidationReason",
             (to_jsonb(s) ->> 'failover')::boolean as failover,
             (to_jsonb(s) ->> 'inactive_since')::timestamptz as "inactiveSince",
             greatest(age(s.catalog_xmin), age(s.xmin)) as "catalogAge",
             current_setting('autovacuum_freeze_max_age')::int4 as "freezeMaxAge",
             host(a.client_addr) as "clientAddress", a.backend_start as "connectedAt"
      from pg_catalog.pg_replication_slots s cross join here
      left join pg_catalog.pg_stat_activity a on a.pid = s.active_pid
      where s.slot_name = $1`,
    values: [slot],
  });
  return rows[0] ?? null;
}

/** Null on a standby, which has no timeline of its own. */
export async function readOrigin(db: Queries): Promise<Origin | null> {
  const { rows } = await db.query<{ systemId: string; timeline: number | null; databaseOid: string }>({
    text: `select (select system_identifier::text from pg_catalog.pg_control_system()) as "systemId",
                  case when not pg_is_in_recovery()
                       then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int4 end as timeline,
                  oid::text as "databaseOid"
           from pg_catalog.pg_database where datname = current_database()`,
  });
  const { systemId = '', timeline = null, databaseOid = '' } = rows[0] ?? {};
  return timeline === null ? null : { systemId, timeline, databaseOid: Number(databaseOid) };
}

/** Of the whole cluster: each of them keeps the slot from letting go of log and of catalog rows. */
export async function readTransactions(db: Queries, olderThanS: number): Promise<TransactionFacts> {
  const { rows } = await db.query<OldTransaction>({
    text: `
      select null::int4 as pid, gid, owner::text as role, database::text, prepared as since
      from pg_catalog.pg_prepared_xacts where prepared <= now() - make_interval(secs => $1)
      union all
      select pid, null, coalesce(usename::text, '?'), coalesce(datname::text, '?'), xact_start
      from pg_catalog.pg_stat_activity
      where backend_type = 'client backend' and pid <> pg_backend_pid() and xact_start <= now() - make_interval(secs => $1)
        and (backend_xid is not null or backend_xmin is not null)
      order by since`,
    values: [olderThanS],
  });
  const { rows: hidden } = await db.query<{ count: number }>({
    text: `select count(*)::int4 as count from pg_catalog.pg_stat_activity
           where usesysid is not null and query = '<insufficient privilege>'`,
  });
  return { old: rows, hidden: hidden[0]?.count ?? 0 };
}
