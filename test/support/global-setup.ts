/**
 * One Postgres for the whole run of the `pg` tests: the embedded one, with TEST_DATABASE=testcontainers a container (both
 * of another major with TEST_POSTGRES=14), with TEST_DATABASE_URL one that runs already (a superuser's connection
 * string). Tests get a database of their own in it.
 */
import type { TestProject } from 'vitest/node';
import { QueryPool, type TextRow } from './queryable.ts';
import { startTestPostgres } from './test-postgres.ts';
import { waitUntil } from './wait.ts';

declare module 'vitest' {
  interface ProvidedContext {
    adminUrl: string;
    /** Of the Postgres of the run: for what differs by major. */
    postgresMajor: number;
    postgresVersion: string;
  }
}

export interface StartedPostgres extends AsyncDisposable {
  readonly url: string;
}

const FREE_SLOTS_NEEDED = 20;
const CONTAINER_SETTINGS = [
  'wal_level=logical',
  'max_wal_senders=40',
  'max_replication_slots=40',
  'max_connections=200',
  'listen_addresses=*',
];
const CONTAINER_START_MS = 60_000;

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres();
  try {
    const version = await checkServer(postgres.url);
    project.provide('postgresVersion', version);
    project.provide('postgresMajor', Number.parseInt(version));
  } catch (error) {
    await postgres[Symbol.asyncDispose]();
    throw error;
  }
  project.provide('adminUrl', postgres.url);
  return async () => postgres[Symbol.asyncDispose]();
}

export async function startPostgres(): Promise<StartedPostgres> {
  const { TEST_DATABASE_URL: url, TEST_DATABASE: kind = 'embedded' } = process.env;
  if (url) return { url, [Symbol.asyncDispose]: () => Promise.resolve() };
  if (kind === 'testcontainers') return startContainer();
  if (kind !== 'embedded')
    throw new Error(`TEST_DATABASE is "${kind}"; it can be embedded or testcontainers.`);
  return startTestPostgres({
    // Tests kill processes, never the machine: what the kernel has, Postgres finds again.
    settings: { fsync: 'off', autovacuum_naptime: '1h' },
    log: (line) => process.stderr.write(`${line}\n`),
  });
}

async function startContainer(): Promise<StartedPostgres> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const { TEST_POSTGRES: major, TEST_POSTGRES_IMAGE: image } = process.env;
  const container = await new GenericContainer(image || `postgres:${major || '18'}`)
    .withEnvironment({ POSTGRES_PASSWORD: 'postgres' })
    .withCommand(['postgres', ...CONTAINER_SETTINGS.flatMap((setting) => ['-c', setting])])
    .withExposedPorts(5432)
    .withWaitStrategy(Wait.forListeningPorts())
    .start();
  const dispose = async (): Promise<void> => {
    await container.stop({ timeout: 0 });
  };
  const url = `postgres://postgres:postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`;
  try {
    await waitForAnswer(url);
  } catch (error) {
    await dispose();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: dispose };
}

/** The port is open before Postgres is behind it, and the image runs one without TCP first, to initialise. */
async function waitForAnswer(url: string): Promise<void> {
  let failure: unknown;
  const answers = async (): Promise<boolean> => {
    await using pool = new QueryPool(url);
    try {
      await pool.query('select 1');
      return true;
    } catch (error) {
      failure = error;
      return false;
    }
  };
  const describe = (): string => `Postgres in the container: ${String(failure)}`;
  await waitUntil(answers, { timeoutMs: CONTAINER_START_MS, intervalMs: 200, describe });
}

/** Says at once, and not in a hundred failing tests, what the given server lacks. Its version otherwise. */
async function checkServer(url: string): Promise<string> {
  await using pool = new QueryPool(url);
  const [server = {}] = await pool.query(`
    select current_setting('wal_level') as wal_level,
           current_setting('is_superuser') as is_superuser,
           current_setting('server_version') as version,
           current_setting('max_replication_slots')::int - (select count(*) from pg_replication_slots) as free_slots,
           current_setting('max_wal_senders')::int - (select count(*) from pg_stat_replication) as free_senders`);
  const problems = problemsOf(server);
  if (problems.length > 0) throw new Error(`The tests cannot use this Postgres:\n- ${problems.join('\n- ')}`);
  return server['version'] ?? '';
}

function problemsOf(server: TextRow): string[] {
  const problems: string[] = [];
  if (server['is_superuser'] !== 'on')
    problems.push('the login is not a superuser: TEST_DATABASE_URL needs one');
  if (server['wal_level'] !== 'logical') {
    problems.push(
      `wal_level is ${server['wal_level']}: alter system set wal_level = logical; then restart Postgres`,
    );
  }
  for (const [count, setting] of [
    [server['free_slots'], 'max_replication_slots'],
    [server['free_senders'], 'max_wal_senders'],
  ]) {
    if (Number(count) >= FREE_SLOTS_NEEDED) continue;
    problems.push(`${count} of ${setting} are free: alter system set ${setting} = 40; then restart Postgres`);
  }
  return problems;
}
