/** A kysely connection for one command: a single session, closed with its scope, whose failures read as sentences for people. */
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { explaining } from './explain-error.ts';
import type { RowhookSchema } from './kysely-schema.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { clientConfig } from './session.ts';

export type Database = Kysely<RowhookSchema>;

export interface DatabaseAccess {
  readonly databaseUrl: string;
  /** Receives the text of each NOTICE and WARNING that the server sends. */
  readonly onNotice?: (message: string) => void;
}

/** Counts and sizes stay far below 2^53; as numbers they are numbers in JSON too. */
export const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) => {
    const parse: unknown = oid === pg.types.builtins.INT8 ? Number : pg.types.getTypeParser(oid, format);
    return parse;
  },
};

/**
 * Opens the database, hands it to `use` and closes it.
 * @throws {ExitError} for a schema of another version, and for whatever the server or the connection refused.
 */
export async function withDatabase<T>(access: DatabaseAccess, use: (db: Database) => Promise<T>): Promise<T> {
  const { databaseUrl } = access;
  const pool = new pg.Pool({
    ...clientConfig({ databaseUrl, applicationName: 'rowhook-cli' }),
    max: 1,
    types,
  });
  // A session that is lost also fails its query, or the next one, which is where it is reported; unheard it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => {
    client.on('error', () => undefined);
    client.on('notice', (notice) => access.onNotice?.(notice.message ?? ''));
  });
  return await explaining(databaseUrl, async () => {
    await using kysely = new Kysely<RowhookSchema>({ dialect: new PostgresDialect({ pool }) });
    await checkSchemaVersion(pool);
    return await use(kysely.withSchema('rowhook'));
  });
}
