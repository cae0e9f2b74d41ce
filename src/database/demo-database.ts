/** The demo's own database access: the sample application's connection, the sample schema, webhooks and login role. */
import { readdir, readFile } from 'node:fs/promises';
import pg from 'pg';

export type Row = Readonly<Record<string, unknown>>;

/** One SQL text, which may hold several statements when there are no parameters. */
export type Query = (sql: string, parameters?: readonly unknown[]) => Promise<readonly Row[]>;

export interface DemoDatabase extends AsyncDisposable {
  readonly query: Query;
  /** Runs `work` between begin and commit; rolls back and rejects when it rejects. */
  transaction<T>(work: (query: Query) => Promise<T>): Promise<T>;
}

const sqlFolder = new URL('../../sql/demo/', import.meta.url);

/** Opens one connection. One transaction at a time: the caller awaits the one before. */
export async function openDemoDatabase(databaseUrl: string): Promise<DemoDatabase> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'erp' });
  // A lost connection also fails the next query, which is where it is reported.
  client.on('error', () => undefined);
  await client.connect();
  const query: Query = async (sql, parameters) => {
    const result = await client.query<Row>(sql, parameters === undefined ? undefined : [...parameters]);
    return result.rows;
  };
  const transaction = async <T>(work: (query: Query) => Promise<T>): Promise<T> => {
    await query('begin');
    try {
      const result = await work(query);
      await query('commit');
      return result;
    } catch (error) {
      await query('rollback').catch(() => undefined);
      throw error;
    }
  };
  return { query, transaction, [Symbol.asyncDispose]: () => client.end() };
}

/** Creates the database of that name in the cluster that `adminUrl` leads to, unless it exists; returns its URL. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<string> {
  await using admin = await openDemoDatabase(adminUrl);
  const existing = await admin.query('select 1 from pg_database where datname = $1', [name]);
  if (existing.length === 0) await admin.query(`create database ${pg.escapeIdentifier(name)}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return url.href;
}

/** Creates the sample ERP unless the schema exists; true when it was created. */
export async function createSampleErp(database: DemoDatabase): Promise<boolean> {
  const existing = await database.query(`select 1 from pg_namespace where nspname = 'erp'`);
  if (existing.length > 0) return false;
  const files = (await readdir(sqlFolder)).filter((name) => !name.startsWith('07_')).sort();
  await database.transaction(async (query) => {
    for (const file of files) await query(await readFile(new URL(file, sqlFolder), 'utf8'));
  });
  return true;
}

/** Allows webhooks on the 13 tables of the sample ERP; needs rowhook's own schema. */
export async function enableSampleTables(database: DemoDatabase): Promise<void> {
  await database.query(await readFile(new URL('07_enable_tables.sql', sqlFolder), 'utf8'));
}

/**
 * A login with exactly the rights that the service has in production, so that the demo proves them.
 * Returns the URL to log in with; `password` is set anew at each start.
 */
export async function ensureServiceLogin(
  database: DemoDatabase,
  { databaseUrl, password }: { databaseUrl: string; password: string },
): Promise<string> {
  const role = 'rowhook_demo_service';
  const existing = await database.query('select 1 from pg_roles where rolname = $1', [role]);
  if (existing.length === 0)
    await database.query(`create role ${role} login replication in role rowhook_service`);
  await database.query(`alter role ${role} password ${pg.escapeLiteral(password)}`);
  const url = new URL(databaseUrl);
  url.username = role;
  url.password = password;
  return url.href;
}
