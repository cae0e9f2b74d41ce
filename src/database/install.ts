/**
 * Applies the files of sql/, each once and in a transaction of its own, one installer at a time; then says what is
 * still missing before the service can run. The installer needs no superuser: CREATEROLE and the database are enough.
 */
import { Client } from 'pg';
import { explainDatabaseError } from './explain-error.ts';
import { ExitError } from '../exit-error.ts';
import { adviceAfterInstall } from './install-advice.ts';
import { listMigrations, type Migration, readMigration, requiredSchemaVersion } from './migrations.ts';
import { clientConfig } from './session.ts';

export interface InstallOptions {
  readonly databaseUrl: string;
  log(line: string): void;
}

export interface InstallReport {
  /** Names of the files that this run applied. */
  readonly applied: readonly string[];
  readonly version: number;
}

// "rowhook" in ASCII; advisory locks are per database, so installations of other databases go on.
const installLock = 0x726f77686f6f6bn;
const oldestServer = 140000;

/** @throws ExitError when the server is away or too old, a right is missing, or the schema is newer than this release. */
export async function install({ databaseUrl, log }: InstallOptions): Promise<InstallReport> {
  const client = new Client(clientConfig({ databaseUrl, applicationName: 'rowhook install' }));
  // A connection that is lost also fails the statement under way, which is where it is reported.
  client.on('error', () => undefined);
  client.on('notice', (notice) => {
    log(`${notice.severity ?? 'NOTICE'}: ${notice.message ?? ''}`);
  });
  try {
    await client.connect();
    return await applyAll(client, log);
  } catch (error) {
    throw explainDatabaseError(error, databaseUrl) ?? error;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function applyAll(client: Client, log: InstallOptions['log']): Promise<InstallReport> {
  await checkServerVersion(client);
  const applied: string[] = [];
  for (const migration of listMigrations()) {
    if (await apply(client, migration)) {
      applied.push(migration.name);
      log(`applied ${migration.name}`);
    }
  }
  const version = requiredSchemaVersion();
  await refuseNewerSchema(client, version);
  const outcome = applied.length > 0 ? 'is installed' : 'is up to date';
  log(`rowhook ${outcome} (schema version ${version})`);
  for (const line of await adviceAfterInstall(client)) log(line);
  return { applied, version };
}

async function checkServerVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ number: number; text: string }>(
    `select current_setting('server_version_num')::integer as number, current_setting('server_version') as text`,
  );
  const server = rows[0];
  if (server && server.number >= oldestServer) return;
  throw new ExitError(`this server is Postgres ${server?.text ?? '?'}`, {
    exitCode: 3,
    remedy: 'rowhook needs Postgres 14 or newer.',
  });
}

/** True when this run applied it, false when it was there. */
async function apply(client: Client, migration: Migration): Promise<boolean> {
  await client.query('begin');
  try {
    // Taken before looking, so that a second installer waits and then finds the work done.
    await client.query('select pg_advisory_xact_lock($1)', [installLock.toString()]);
    if (await isApplied(client, migration)) {
      await client.query('commit');
      return false;
    }
    await client.query('set local search_path = pg_catalog, pg_temp');
    await client.query(readMigration(migration));
    await client.query('insert into rowhook.migration (version, name) values ($1, $2)', [
      migration.version,
      migration.name,
    ]);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw await explain(client, migration, error);
  }
}

async function isApplied(client: Client, migration: Migration): Promise<boolean> {
  const installed = await client.query<{ found: boolean }>(
    `select to_regclass('rowhook.migration') is not null as found`,
  );
  if (!installed.rows[0]?.found) return false;
  const { rows } = await client.query('select from rowhook.migration where version = $1', [
    migration.version,
  ]);
  return rows.length > 0;
}

async function refuseNewerSchema(client: Client, version: number): Promise<void> {
  const { rows } = await client.query<{ version: number }>(
    'select max(version) as version from rowhook.migration',
  );
  const installed = rows[0]?.version ?? 0;
  if (installed <= version) return;
  throw new ExitError(
    `the schema of rowhook has version ${installed}, this release knows versions up to ${version} only`,
    {
      exitCode: 3,
      remedy: 'Run a release of rowhook that is at least as new as the one that installed it.',
    },
  );
}

async function explain(client: Client, migration: Migration, error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('severity' in error)) return error;
  const field = (name: string): string | undefined => {
    const value: unknown = Reflect.get(error, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const detail = field('detail');
  const rights = field('code') === '42501' ? await rightsRemedy(client) : undefined;
  const remedy = rights?.installedBy ?? field('hint') ?? rights?.statement;
  return new ExitError(`${migration.name} was not applied: ${error.message}${detail ? ` (${detail})` : ''}`, {
    exitCode: field('code') === '42501' ? 3 : 1,
    remedy,
    cause: error,
  });
}

interface RightsRemedy {
  /** Null where it is not installed, or by the caller. */
  readonly installedBy: string | null;
  readonly statement: string;
}

async function rightsRemedy(client: Client): Promise<RightsRemedy | undefined> {
  const { rows } = await client.query<RightsRemedy>(
    `select format('As a superuser run: alter role %I createrole; alter database %I owner to %I;',
       current_user, current_database(), current_user) as statement,
       (select format('rowhook is installed by %s; run it as that role.', pg_get_userbyid(nspowner))
        from pg_namespace where nspname = 'rowhook' and not pg_has_role(nspowner, 'usage')) as "installedBy"`,
  );
  return rows[0];
}
