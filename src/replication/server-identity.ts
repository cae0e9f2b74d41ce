// Who is on the other side of a replication connection, and whether it will write values the way the payload needs them.
import { ExitError } from '../exit-error.ts';
import { parseLsn, type Lsn } from '../lsn.ts';
import { ServerIsStandbyError } from '../server-changed.ts';

/** A replication connection knows simple queries only: no parameters. */
export interface SimpleQueries {
  query<R extends object>(text: string): Promise<{ readonly rows: readonly R[] }>;
}

/** What `IDENTIFY_SYSTEM` and the session say about the server on the other side. */
export interface ServerIdentity {
  readonly systemId: string;
  readonly timeline: number;
  /** The timelines that this one comes from, oldest first: where each was left, and why. */
  readonly history: readonly { readonly timeline: number; readonly leftAt: Lsn; readonly why: string }[];
  readonly databaseOid: number;
  readonly walSenderTimeoutMs: number;
  readonly backendPid: number;
}

/** On a replication connection, before it streams. Throws a ServerIsStandbyError where there is nothing to stream from yet. */
export async function readIdentity(client: SimpleQueries): Promise<ServerIdentity> {
  const system = await client.query<{ systemid: string; timeline: number | string }>('IDENTIFY_SYSTEM');
  const session = await client.query<{ oid: string; timeout: string; pid: string; recovers: string }>(
    `select d.oid::text as oid, s.setting as timeout, pg_backend_pid()::text as pid, pg_is_in_recovery()::text as recovers
     from pg_catalog.pg_database d, pg_catalog.pg_settings s
     where d.datname = current_database() and s.name = 'wal_sender_timeout'`,
  );
  const [identified] = system.rows;
  const [own] = session.rows;
  if (identified === undefined || own === undefined) throw new Error('the server does not say who it is');
  if (own.recovers === 'true') throw new ServerIsStandbyError();
  // int4 before Postgres 18 (a number in pg), int8 since (a string).
  const timeline = Number(identified.timeline);
  return {
    systemId: identified.systemid,
    timeline,
    history: timeline === 1 ? [] : await readHistory(client, timeline),
    databaseOid: Number(own.oid),
    walSenderTimeoutMs: Number(own.timeout),
    backendPid: Number(own.pid),
  };
}

async function readHistory(client: SimpleQueries, timeline: number): Promise<ServerIdentity['history']> {
  const { rows } = await client.query<{ content: string }>(`TIMELINE_HISTORY ${timeline}`);
  // 1	0/301AEA0	no recovery target specified
  const lines = [...(rows[0]?.content ?? '').matchAll(/^\s*(\d+)\s+([0-9A-Fa-f]+\/[0-9A-Fa-f]+)\s*(.*)$/gm)];
  return lines.map(([, left, leftAt = '', why = '']) => ({
    timeline: Number(left),
    leftAt: parseLsn(leftAt),
    why: why.trim(),
  }));
}

/** @throws {ExitError} when a setting is not as wanted. */
export async function verifySettings(
  client: SimpleQueries,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  const names = Object.keys(wanted).map((name) => `'${name.toLowerCase()}'`);
  const { rows } = await client.query<{ name: string; setting: string }>(
    `select lower(name) as name, setting from pg_catalog.pg_settings where lower(name) in (${names.join(', ')})`,
  );
  const actual = new Map(rows.map(({ name, setting }) => [name, setting]));
  const differences = differentSettings(actual, wanted);
  if (differences.length > 0) throw settingsLost(differences);
}

/** `actual`: by names in lower case. Empty when all are as wanted. */
export function differentSettings(
  actual: ReadonlyMap<string, string>,
  wanted: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(wanted).flatMap(([name, value]) => {
    const setting = actual.get(name.toLowerCase()) ?? 'missing';
    return isAsWanted(setting, value) ? [] : [`${name} is ${shown(setting)} instead of ${shown(value)}`];
  });
}

/** A pooler may drop startup options without a word, and a payload would then depend on a role's or a database's defaults. */
export function settingsLost(differences: readonly string[]): ExitError {
  return new ExitError(`The replication connection lost settings on its way: ${differences.join(', ')}.`, {
    exitCode: 3,
    remedy:
      'Something between rowhook and Postgres drops startup options, and values would be written differently: let DATABASE_URL\n' +
      'point straight at Postgres, not at a pooler. Where there is none, a login event trigger sets them: leave this role out of it.',
  });
}

// DateStyle reads back as "ISO, MDY", an empty search_path as "" in quotes or nothing.
function isAsWanted(setting: string, value: string): boolean {
  return setting === value || setting.startsWith(`${value},`) || (value === '' && setting === '""');
}

function shown(value: string): string {
  return value === '' ? 'empty' : value;
}
