// Who is on the other side of a replication connection, and whether it will write values the way the payload needs them.

/** A replication connection knows simple queries only: no parameters. */
export interface SimpleQueries {
  query<R extends object>(text: string): Promise<{ readonly rows: readonly R[] }>;
}

/** What `IDENTIFY_SYSTEM` and the session say about the server on the other side. */
export interface ServerIdentity {
  readonly systemId: string;
  readonly timeline: number;
  readonly databaseOid: number;
  readonly walSenderTimeoutMs: number;
  readonly backendPid: number;
}

/** On a replication connection, before it streams. */
export async function readIdentity(client: SimpleQueries): Promise<ServerIdentity> {
  const system = await client.query<{ systemid: string; timeline: number | string }>('IDENTIFY_SYSTEM');
  const session = await client.query<{ oid: string; timeout: string; pid: string }>(
    `select d.oid::text as oid, s.setting as timeout, pg_backend_pid()::text as pid
     from pg_catalog.pg_database d, pg_catalog.pg_settings s
     where d.datname = current_database() and s.name = 'wal_sender_timeout'`,
  );
  const [identified] = system.rows;
  const [own] = session.rows;
  if (identified === undefined || own === undefined) throw new Error('the server does not say who it is');
  return {
    systemId: identified.systemid,
    // int4 before Postgres 18 (a number in pg), int8 since (a string).
    timeline: Number(identified.timeline),
    databaseOid: Number(own.oid),
    walSenderTimeoutMs: Number(own.timeout),
    backendPid: Number(own.pid),
  };
}

/**
 * Throws when a setting is not as wanted: a pooler may drop startup options without a word, and a payload would then depend on
 * a role's or database's defaults.
 */
export async function verifySettings(
  client: SimpleQueries,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const names = Object.keys(wanted).map((name) => `'${name.toLowerCase()}'`);
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select lower(name) as name, setting from pg_catalog.pg_settings where lower(name) in (${names.join(', ')})`,
  );
  const settings = new Map(rows.map(({ name, setting }) => [name, setting]));
  for (const [name, value] of Object.entries(wanted)) {
    const setting = settings.get(name.toLowerCase()) ?? 'missing';
    // DateStyle reads back as "ISO, MDY", search_path as "" in quotes or nothing.
    if (setting !== value && !setting.startsWith(`${value},`) && !(value === '' && setting === '""')) {
      throw new Error(
        `${name} is ${setting} on the replication connection instead of ${value}: is there a pooler in between?`,
      );
    }
  }
}
