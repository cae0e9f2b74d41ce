/** What `status` asks of the server: settings that matter, the slot, the publication. Reads catalogs only. */
import { sql } from 'kysely';
import type { Database } from '../open-database.ts';

export interface ServerFacts {
  readonly version: string;
  readonly database: string;
  readonly login: string;
  readonly walLevel: string;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  /** -1: no limit. */
  readonly maxSlotWalKeepSize: string;
  readonly slots: number;
  readonly maxSlots: number;
  readonly senders: number;
  readonly maxSenders: number;
}

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
  readonly safeWalBytes: number | null;
  readonly invalidationReason: string | null;
  /** Of the session that streams from it; null where none does or its details are not ours to see. */
  readonly clientAddress: string | null;
  readonly connectedAt: Date | null;
}

export interface PublicationFacts {
  readonly allTables: boolean;
  readonly publishesAll: boolean;
  readonly viaRoot: boolean;
  /** Null before Postgres 18, `n` or `s` from there on. */
  readonly generatedColumns: string | null;
  /** Tables of schema rowhook that it carries. */
  readonly ownTables: readonly string[];
}

export async function readServer(db: Database): Promise<ServerFacts> {
  const query = sql<ServerFacts>`
    select current_setting('server_version') as version, current_database()::text as database,
           current_user::text as login, current_setting('wal_level') as "walLevel",
           current_setting('fsync') as fsync, current_setting('full_page_writes') as "fullPageWrites",
           current_setting('synchronous_commit') as "synchronousCommit",
           current_setting('max_slot_wal_keep_size') as "maxSlotWalKeepSize",
           (select count(*)::int from pg_replication_slots) as slots,
           current_setting('max_replication_slots')::int as "maxSlots",
           (select count(*)::int from pg_stat_replication) as senders,
           current_setting('max_wal_senders')::int as "maxSenders"`;
  const [server] = (await query.execute(db)).rows;
  if (server === undefined) throw new Error('the server answered without a row');
  return server;
}

export async function readSlot(db: Database, slot: string): Promise<SlotFacts | null> {
  const query = sql<SlotFacts>`
    with here as (
      select case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end as lsn
    )
    select s.plugin::text, s.database::text, s.database is not distinct from current_database() as "isHere",
           s.active, s.active_pid as pid, s.wal_status as "walStatus", s.confirmed_flush_lsn::text as "confirmedLsn",
           pg_wal_lsn_diff(here.lsn, s.confirmed_flush_lsn)::bigint as "lagBytes",
           pg_wal_lsn_diff(here.lsn, s.restart_lsn)::bigint as "retainedBytes",
           s.safe_wal_size as "safeWalBytes", to_jsonb(s) ->> 'invalidation_reason' as "invalidationReason",
           host(a.client_addr) as "clientAddress", a.backend_start as "connectedAt"
    from pg_replication_slots s cross join here left join pg_stat_activity a on a.pid = s.active_pid
    where s.slot_name = ${slot}`;
  return (await query.execute(db)).rows[0] ?? null;
}

export async function readPublication(db: Database, publication: string): Promise<PublicationFacts | null> {
  const query = sql<PublicationFacts>`
    select p.puballtables as "allTables", p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate as "publishesAll",
           p.pubviaroot as "viaRoot", to_jsonb(p) ->> 'pubgencols' as "generatedColumns",
           array(select t.tablename::text from pg_publication_tables t
                 where t.pubname = p.pubname and t.schemaname = 'rowhook' order by 1) as "ownTables"
    from pg_publication p where p.pubname = ${publication}`;
  return (await query.execute(db)).rows[0] ?? null;
}
