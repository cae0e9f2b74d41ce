/**
 * The API's connections: a few, kept open, each use of one for everybody or for one company only, which the database
 * enforces (row-level security), and one beside them for what is asked about the server. Invariant: the scope is set before the first
 * statement of every use, no use is in a transaction that an earlier one began, and no use waits without a limit.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Kysely, PostgresDialect, sql } from 'kysely';
import type pg from 'pg';
import { ExitError } from '../exit-error.ts';
import { ConnectionPlaces, type PlaceLimits } from './connection-places.ts';
import { explaining } from './explain-error.ts';
import { impatientPool } from './impatient-client.ts';
import type { RowhookSchema } from './kysely-schema.ts';
import { types, type Database } from './open-database.ts';
import type { Queries } from './queries.ts';
import { clientConfig } from './session.ts';

export interface ScopedDatabase extends AsyncDisposable {
  /**
   * `companyId`: rows of this company only; null: of all.
   * @throws {ExitError} whose `refusal` says what to tell the caller, for whatever the server or the connection refused.
   */
  within<T>(companyId: string | null, use: (db: Database) => Promise<T>): Promise<T>;
  /** On the one connection for questions about the server, one after the other: nothing of a company is read there. Throws as `within`. */
  aside<T>(use: (db: Queries) => Promise<T>): Promise<T>;
}

export interface ScopedLimits extends PlaceLimits {
  /** Of a statement, and of making a connection. */
  readonly statementMs: number;
  readonly lockMs: number;
}

export const defaultScopedLimits: ScopedLimits = {
  ofCompanies: 4,
  ofOneCompany: 2,
  ofOperators: 2,
  waitMs: 3_000,
  maxWaitingOfOneCompany: 25,
  maxWaitingOfOperators: 100,
  statementMs: 5_000,
  lockMs: 2_000,
};

const keepIdleMs = 60_000;
const endWithinMs = 1_000;

export function openScopedDatabase(
  databaseUrl: string,
  limits: ScopedLimits = defaultScopedLimits,
): ScopedDatabase {
  const { ofCompanies, ofOperators, statementMs, lockMs } = limits;
  const config: pg.PoolConfig = {
    ...clientConfig({
      databaseUrl,
      applicationName: 'rowhook-api',
      // Compiling a statement takes longer than any of them.
      settings: { statement_timeout: String(statementMs), lock_timeout: String(lockMs), jit: 'off' },
    }),
    connectionTimeoutMillis: statementMs,
    // Of a server that does not even say that it was too slow.
    query_timeout: 2 * statementMs,
    idleTimeoutMillis: keepIdleMs,
  };
  const pool = impatientPool({ ...config, max: ofCompanies + ofOperators, types });
  const side = impatientPool({ ...config, max: 1 });
  const places = new ConnectionPlaces(limits);
  const kysely = new Kysely<RowhookSchema>({ dialect: new PostgresDialect({ pool }) });
  const db = kysely.withSchema('rowhook');
  return {
    within: async (companyId, use) => {
      if (companyId === '') throw new Error('an empty company would be everybody');
      return await explaining(databaseUrl, async () =>
        places.use(companyId, () =>
          db.connection().execute(async (connection) => {
            await enter(connection, companyId ?? '');
            return await use(connection);
          }),
        ),
      );
    },
    aside: async (use) =>
      await explaining(databaseUrl, async () => {
        const client = await side.connect();
        let isSound = false;
        const late = setTimeout(
          () => (client as pg.PoolClient & pg.Client).connection.stream.destroy(),
          2 * statementMs,
        );
        try {
          const result = await use(client);
          isSound = true;
          return result;
        } finally {
          clearTimeout(late);
          client.release(!isSound);
        }
      }),
    [Symbol.asyncDispose]: async () => {
      // A statement that is under way is not waited for.
      const ended = Promise.all([kysely.destroy(), side.end()]);
      await Promise.race([ended, pause(endWithinMs, undefined, { ref: false })]);
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
