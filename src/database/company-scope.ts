/**
 * The API's connections: a few, kept open, each use of one for everybody or for one company only, which the database
 * enforces (row-level security). Invariant: the scope is set before the first statement of every use.
 */
import { setTimeout as pause } from 'node:timers/promises';
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
const longestMs = 5_000;
const endWithinMs = 1_000;

export function openScopedDatabase(databaseUrl: string): ScopedDatabase {
  const config = clientConfig({
    databaseUrl,
    applicationName: 'rowhook-api',
    // Compiling a statement takes longer than any of them.
    settings: { statement_timeout: String(longestMs), lock_timeout: '2s', jit: 'off' },
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
      // A statement that is under way is not waited for.
      await Promise.race([kysely.destroy(), pause(endWithinMs, undefined, { ref: false })]);
    },
  };
}

// What an earlier use left behind in the session goes with it.
async function enter(connection: Database, scope: string): Promise<void> {
  const query = sql<{ scope: string; seesAll: boolean }>`
    select set_config('rowhook.only_company_id', ${scope}, false) as scope, set_config('enable_seqscan', 'on', false),
           r.rolsuper or r.rolbypassrls or pg_has_role(r.oid, 'rowhook_dba', 'usage') or pg_has_role(r.oid, n.nspowner, 'usage') as "seesAll"
    from pg_catalog.pg_roles r cross join pg_catalog.pg_namespace n
    where r.rolname = current_user and n.nspname = 'rowhook'`;
  const { rows } = await query.execute(connection);
  if (rows[0]?.scope !== scope) throw new Error('the database did not take the scope of the request');
  if (scope === '' || !rows[0].seesAll) return;
  throw new ExitError(
    "the service's login sees the rows of all companies, whatever it is told: no company is answered",
    {
      exitCode: 3,
      remedy:
        'Give DATABASE_URL a login that is a member of rowhook_service alone: no superuser, no BYPASSRLS, not rowhook_dba, not who installed.',
    },
  );
}
