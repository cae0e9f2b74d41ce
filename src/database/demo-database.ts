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

/** One connection, opened again when it was lost. One transaction at a time: the caller awaits the one before. */
export async function openDemoDatabase(databaseUrl: string): Promise<DemoDatabase> {
  let current: pg.Client | null = null;
  const forget = (lost: pg.Client): void => {
    if (current === lost) current = null;
  };
  const session = async (): Promise<Query> => {
    const client = (current ??= await connect(databaseUrl, forget));
    return async (sql, parameters) => (await client.query<Row>(sql, parameters && [...parameters])).rows;
  };
  await session();
  const transaction = async <T>(work: (query: Query) => Promise<T>): Promise<T> => {
    const query = await session();
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
  return {
    query: async (sql, parameters) => (await session())(sql, parameters),
    transaction,
    [Symbol.asyncDispose]: async () => current?.end(),
  };
}

async function connect(databaseUrl: string, onLost: (client: pg.Client) => void): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl, application_name: 'erp' });
  // A connection that is lost while idle also fails nothing: the next query opens a new one.
  client.on('error', () => onLost(client));
  client.on('end', () => onLost(client));
  await client.connect();
  return client;
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
