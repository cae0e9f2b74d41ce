/**
 * The API's connections: a few, kept open, each use of one for everybody or for one company only, which the database
 * enforces (row-level security). Invariant: the scope is set before the first statement of every use.
 */
import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { ExitError } from '../exit-error.ts';
import { explaining } from './explain-error.ts';
import type { RowhookSchema } from './kysely-schema.ts';
import { types, type Database } from './open-database.ts';
import { clientConfig } from './session.ts';

export interface ScopedDatabase extends AsyncDisposable {
  /**
   * `companyId`: rows of this company only; null: of all.
   * @throws {ExitError} whose `refusal` says what to tell the caller, for whatever the server or the connection refused.
   */
  within<T>(companyId: string | null, use: (db: Database) => Promise<T>): Promise<T>;
}

const maxConnections = 4;
/** Nobody waits longer for an answer: neither in the queue for a connection nor for a statement. */
const longestMs = 10_000;

export function openScopedDatabase(databaseUrl: string): ScopedDatabase {
  const config = clientConfig({
    databaseUrl,
    applicationName: 'rowhook-api',
    settings: { statement_timeout: String(longestMs), lock_timeout: '2s' },
  });
  const pool = new pg.Pool({ ...config, max: maxConnections, connectionTimeoutMillis: longestMs, types });
  // A session that is lost while idle also fails the next query, which is where it is reported.
  pool.on('error', () => undefined);
  const kysely = new Kysely<RowhookSchema>({ dialect: new PostgresDialect({ pool }) });
  const db = kysely.withSchema('rowhook');
  return {
    within: async (companyId, use) => {
      if (companyId === '') throw new Error('an empty company would be everybody');
      return await explaining(databaseUrl, async () =>
        db.connection().execute(async (connection) => {
          await enter(connection, companyId ?? '');
          return await use(connection);
        }),
      );
    },
    [Symbol.asyncDispose]: async () => {
      await kysely.destroy();
    },
  };
}

// What an earlier use left behind in the session goes with it.
async function enter(connection: Database, scope: string): Promise<void> {
  const query = sql<{ scope: string }>`
    select set_config('rowhook.only_company_id', ${scope}, false) as scope, set_config('enable_seqscan', 'on', false)`;
  const { rows } = await query.execute(connection);
  if (rows[0]?.scope === scope) return;
  throw new ExitError('the database did not take the scope of the request', {
    exitCode: 1,
    refusal: 'unavailable',
  });
}
