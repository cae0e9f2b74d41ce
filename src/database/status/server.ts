/** What the checks ask of the server and of the login: settings that matter, room, rights. Reads catalogs only. */
import type { Queries } from '../queries.ts';
import { wasRefused } from '../session.ts';

export interface ServerSettings {
  readonly version: string;
  /** As in server_version_num: 180004. */
  readonly versionNumber: number;
  readonly database: string;
  readonly encoding: string;
  readonly isStandby: boolean;
  readonly walLevel: string;
  readonly fsync: string;
  readonly fullPageWrites: string;
  readonly synchronousCommit: string;
  /** As it was set; empty: none. */
  readonly synchronousStandbyNames: string;
  /** 0: none. */
  readonly walSenderTimeoutMs: number;
  /** -1: no limit. */
  readonly maxSlotWalKeepMb: number;
  /** Null before Postgres 18; 0: none. */
  readonly idleSlotTimeoutS: number | null;
  readonly slots: number;
  readonly maxSlots: number;
  readonly maxSenders: number;
}

/** Null where it may not be looked at: nothing but advice depends on it. */
export interface ServerStatistics {
  /** What the whole cluster has written a day since its statistics began; null in the first hour, too. */
  readonly walBytesPerDay: number | null;
  readonly senders: number | null;
}

export type ServerFacts = ServerSettings & ServerStatistics;

export interface RoleFacts {
  /** As SQL spells it. */
  readonly role: string;
  readonly mayReplicate: boolean;
  readonly isService: boolean;
  readonly isDba: boolean;
  readonly isSuperuser: boolean;
  /** Attributes beyond LOGIN and REPLICATION, as `alter role` spells them. */
  readonly attributes: readonly string[];
  /** Roles it is a member of, directly or not, that may do more than the service needs; as SQL spells them. */
  readonly powerfulGroups: readonly string[];
  /** Whether it sees what others do: pg_monitor, or pg_read_all_stats alone. */
  readonly seesActivity: boolean;
}

export async function readServer(db: Queries): Promise<ServerFacts> {
  const statistics = {
    ...(await readStatistic(db, walRateQuery)),
    ...(await readStatistic(db, sendersQuery)),
  };
  return { walBytesPerDay: null, senders: null, ...(await readServerSettings(db)), ...statistics };
}

/** Without what a hardened server may keep from a login. */
export async function readServerSettings(db: Queries): Promise<ServerSettings> {
  const { rows } = await db.query<ServerSettings>({ text: settingsQuery });
  return only(rows);
}

async function readStatistic(db: Queries, text: string): Promise<Partial<ServerStatistics>> {
  try {
    const { rows } = await db.query<Partial<ServerStatistics>>({ text });
    return only(rows);
  } catch (error) {
    if (wasRefused(error)) return {};
    throw error;
  }
}

export async function readRole(db: Queries): Promise<RoleFacts> {
  const { rows } = await db.query<RoleFacts>({ text: roleQuery });
  return only(rows);
}

/** Of these settings those that pg_settings knows, by their name in lower case. */
export async function readSettings(
  db: Queries,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ name: string; setting: string }>({
    text: `select lower(name) as name, setting from pg_catalog.pg_settings where lower(name) = any ($1)`,
    values: [names.map((name) => name.toLowerCase())],
  });
  return new Map(rows.map(({ name, setting }) => [name, setting]));
}

function only<T>([row]: readonly T[]): T {
  if (row === undefined) throw new Error('the server answered without a row');
  return row;
}

const walRateQuery = `
  select case when now() - stats_reset > '1 hour'
              then wal_bytes::float8 / extract(epoch from now() - stats_reset)::float8 * 86400 end as "walBytesPerDay"
  from pg_catalog.pg_stat_wal`;

const sendersQuery = `select count(*)::int4 as senders from pg_catalog.pg_stat_replication`;

const settingsQuery = `
  select current_setting('server_version') as version,
         current_setting('server_version_num')::int4 as "versionNumber",
         current_database()::text as database, current_setting('server_encoding') as encoding,
         pg_catalog.pg_is_in_recovery() as "isStandby",
         current_setting('wal_level') as "walLevel", current_setting('fsync') as fsync,
         current_setting('full_page_writes') as "fullPageWrites",
         current_setting('synchronous_commit') as "synchronousCommit",
         current_setting('synchronous_standby_names') as "synchronousStandbyNames",
         (select setting::float8 from pg_catalog.pg_settings where name = 'wal_sender_timeout') as "walSenderTimeoutMs",
         (select setting::float8 from pg_catalog.pg_settings where name = 'max_slot_wal_keep_size') as "maxSlotWalKeepMb",
         extract(epoch from current_setting('idle_replication_slot_timeout', true)::interval)::float8 as "idleSlotTimeoutS",
         (select count(*)::int4 from pg_catalog.pg_replication_slots) as slots,
         current_setting('max_replication_slots')::int4 as "maxSlots",
         current_setting('max_wal_senders')::int4 as "maxSenders"`;

// Roles that are granted by a provider to whoever may replicate are no more than that.
const roleQuery = `
  select quote_ident(current_user) as role,
         r.rolsuper or r.rolreplication or exists (
           select from pg_catalog.pg_roles m
           where m.rolname = 'rds_replication' and pg_has_role(current_user, m.oid, 'usage')) as "mayReplicate",
         coalesce(pg_has_role(current_user, to_regrole('rowhook_service')::oid, 'usage'), false) as "isService",
         coalesce(pg_has_role(current_user, to_regrole('rowhook_dba')::oid, 'usage'), false) as "isDba",
         r.rolsuper as "isSuperuser",
         array_remove(array[case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
                            case when r.rolcreatedb then 'createdb' end, case when r.rolbypassrls then 'bypassrls' end],
                      null) as attributes,
         array(select quote_ident(m.rolname) from pg_catalog.pg_roles m
               where not r.rolsuper and m.oid <> r.oid and pg_has_role(current_user, m.oid, 'member')
                 and (m.rolsuper or m.rolname in ('rowhook_dba', 'pg_read_all_data', 'pg_write_all_data', 'pg_execute_server_program',
                                                  'pg_read_server_files', 'pg_write_server_files')
                      or m.oid = (select datdba from pg_catalog.pg_database where datname = current_database()))
               order by 1) as "powerfulGroups",
         pg_has_role(current_user, 'pg_read_all_stats', 'usage') as "seesActivity"
  from pg_catalog.pg_roles r where r.rolname = current_user`;
