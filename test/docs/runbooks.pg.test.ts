// The runbooks that need no second server, followed on a real database: their commands and statements do what the page says, and
// afterwards nothing is lost but what it names.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { runHere } from '../cli/cli-here.ts';
import type { CliResult } from '../cli/run-cli.ts';
import { startOwnCluster } from '../chaos/own-cluster.ts';
import { createOrders, createWebhook, insertOrders, orderId } from '../chaos/orders.ts';
import { startRefused } from '../start/refusal.ts';
import { waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import type { Session } from '../support/queryable.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { blocksOf } from './blocks.ts';

/** Each step is a command or a service of its own, and a test has a dozen of them. */
vi.setConfig({ testTimeout: 180_000 });

const page = readFileSync(new URL('../../docs/runbooks.md', import.meta.url), 'utf8');

/** What the page shows below a heading, up to the next one of that level. */
class Runbook {
  readonly #text: string;

  constructor(heading: string) {
    const [, text] = page.split(`\n${heading}\n`);
    const level = /^#+/.exec(heading)?.[0] ?? '';
    if (text === undefined) throw new Error(`there is no "${heading}"`);
    this.#text = text.split(new RegExp(`^${level} `, 'm'))[0] ?? '';
  }

  /** The statement of that place, for the names of this test. */
  sql(at: number, slot: string): string {
    const statement = blocksOf(this.#text).filter(({ language }) => language === 'sql')[at];
    if (statement === undefined) throw new Error(`there is no statement ${at}`);
    return statement.text.replaceAll(`'rowhook'`, `'${slot}'`);
  }

  /** Runs a line of its blocks, as it stands there but for the webhook. */
  async run(line: string, environment: Readonly<Record<string, string>>, webhook = ''): Promise<CliResult> {
    const lines = blocksOf(this.#text)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ text }) => text.split('\n'));
    if (!lines.includes(line)) throw new Error(`the page does not say: ${line}`);
    const [, ...args] = line
      .replace(/^[A-Z_]+=\w+ /, '')
      .replace('wh_1', webhook)
      .split(' ');
    return await runHere(args, environment);
  }
}

interface Stage extends AsyncDisposable {
  readonly database: InstalledDatabase;
  readonly receiver: Receiver;
  readonly webhook: string;
  /** For commands, as the page asks for it. */
  readonly environment: Readonly<Record<string, string>>;
  start(): Promise<ServiceProcess>;
}

/** Orders, and a webhook of theirs. */
async function setStage(database: InstalledDatabase): Promise<Stage> {
  const receiver = await startReceiver();
  await createOrders(database);
  const webhook = await createWebhook(database, receiver.url);
  return {
    database,
    receiver,
    webhook,
    environment: {
      DATABASE_URL: database.serviceUrl,
      ROWHOOK_SLOT: database.name,
      ROWHOOK_ALLOW_TARGETS: '127.0.0.1',
    },
    start: async () => {
      const service = startService({ databaseUrl: database.serviceUrl });
      await service.ready();
      return service;
    },
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}

/** Orders 1 to `last` are written and delivered, and the service is stopped. */
async function deliverAndStop({ database, start }: Stage, last: number): Promise<void> {
  await using service = await start();
  await insertOrders(database, 1, last);
  await waitForCounters(database.admin, { success: last });
  expect(await service.kill('SIGTERM')).toMatchObject({ code: 0 });
}

function idsOf({ requests }: Receiver): number[] {
  return requests.map(orderId).sort((a, b) => a - b);
}

async function reasons({ admin }: InstalledDatabase): Promise<unknown> {
  return await admin.query('select reason, count from rowhook.loss order by id');
}

const oneGap = [{ reason: 'gap', count: null }];

const open: AsyncDisposableStack[] = [];
afterEach(async () => {
  for (const stack of open.splice(0)) await stack.disposeAsync();
});

/** In the Postgres of the run; it goes when the test ends. */
async function newStage(): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  open.push(stack);
  return stack.use(await setStage(stack.use(await createInstalledDatabase())));
}

test('the disk fills, and the slot is lost: what is kept is seen, the gap is accepted, and it goes on', async () => {
  await using cluster = await startOwnCluster({ max_wal_size: '32MB' });
  const { database } = cluster;
  const limitTo = async (size: string): Promise<void> => {
    await database.admin.query(`alter system set max_slot_wal_keep_size = '${size}'`);
    await database.admin.query('select pg_reload_conf()');
  };
  await limitTo('32MB');
  await using stage = await setStage(database);
  const { environment, receiver } = stage;
  await deliverAndStop(stage, 3);
  await insertOrders(database, 4, 5);
  await database.admin.query('create table filling (t text)');
  const fill = `insert into filling select repeat(md5(i::text), 50) from generate_series(1, 500) i`;
  const slot = `from pg_replication_slots where slot_name = '${database.name}'`;
  const fillUntil = async (state: string): Promise<void> => {
    await waitUntil(
      async () => {
        await database.admin.query(fill);
        const [row] = await database.admin.query(`select ${state} as is_reached ${slot}`);
        return row?.['is_reached'] === 't';
      },
      { describe: state },
    );
  };
  const status = async (): Promise<string> => (await runHere(['status'], environment)).stdout;
  await fillUntil('safe_wal_size < 15000000');
  expect(await status()).toMatch(
    /^warn {2}kept log +.* of WAL kept for the slot; .* more until the slot is lost/m,
  );
  const disk = new Runbook('## The disk fills');
  const sizes = await database.admin.query<{ what: string }>(disk.sql(0, database.name));
  expect(sizes.map(({ what }) => what).sort()).toEqual([
    'pg_wal, all of it',
    `pg_wal, kept for slot ${database.name}`,
    'the backlog',
    'the delivery log',
  ]);
  for (const statement of disk.sql(1, database.name).trim().split('\n'))
    await database.admin.query(statement);
  expect(await status()).toMatch(/^ok {4}kept log /m);
  // Lowered instead, and the slot goes with the next checkpoint.
  await limitTo('1MB');
  await fillUntil(`wal_status = 'unreserved'`);
  expect(await status()).toMatch(
    /^fail {2}kept log +.*: the next checkpoint removes it, and the slot is lost$/m,
  );
  await database.admin.query('checkpoint');
  expect(await status()).toMatch(/^fail {2}slot +.* is lost \(.*What was committed after .* is missed/m);

  const lost = new Runbook('## The slot is lost');
  const refused = await startRefused({ databaseUrl: database.serviceUrl }, 3);
  expect(refused).toContain(`Postgres cannot read on from slot "${database.name}"`);
  const accepted = await lost.run('rowhook slot recreate --accept-gap', environment);
  expect(accepted.stdout).toMatch(
    /^slot \S+ made, epoch 2: what was committed between \S+ and \S+ is lost$/m,
  );
  await using service = await stage.start();
  expect(await status()).toMatch(/^ok {4}slot [^]*^ok {4}leader /m);
  await insertOrders(database, 6);
  await receiver.waitFor(4);
  expect(idsOf(receiver)).toEqual([1, 2, 3, 6]);
  expect(await reasons(database)).toEqual(oneGap);
  const shown = await database.admin.query<Record<string, string>>(lost.sql(0, service.slot));
  expect(shown).toMatchObject([
    { webhook_id: stage.webhook, company_id: 'acme', from_position: expect.stringMatching(/^1-/) as string },
  ]);
});

test('a slot that is given up for the disk is dropped with the login of the service, and the way on is the same', async () => {
  const stage = await newStage();
  const { database, environment, receiver } = stage;
  await deliverAndStop(stage, 1);
  await insertOrders(database, 2);
  await database.service.query(new Runbook('## The disk fills').sql(2, database.name));
  expect(await startRefused({ databaseUrl: database.serviceUrl }, 3)).toContain('is gone.');
  const lost = new Runbook('## The slot is lost');
  expect(await lost.run('rowhook slot recreate --accept-gap', environment)).toMatchObject({ exitCode: 0 });
  await using _service = await stage.start();
  await insertOrders(database, 3);
  await receiver.waitFor(2);
  expect(idsOf(receiver)).toEqual([1, 3]);
  expect(await reasons(database)).toEqual(oneGap);
});

test('an endpoint that is down: what fails is named and lost, what comes waits, and goes out once it is back', async () => {
  const stage = await newStage();
  const { database, environment, receiver, webhook } = stage;
  const book = new Runbook('## An endpoint is down');
  await database.admin.query(`update rowhook.webhook set url = 'http://127.0.0.1:9/'`);
  await using _service = await stage.start();
  await insertOrders(database, 1, 25);
  await waitForCounters(database.admin, { error: 25 });
  const list = async (): Promise<string> => (await book.run('rowhook webhook list', environment)).stdout;
  expect(await list()).toMatch(/ failing +0 +25 /);
  const show = 'rowhook deliveries --failed --since 1h --limit 20';
  await waitUntil(async () => (await book.run(show, environment)).stdout.split('\n').length > 20 && 'shown', {
    describe: 'twenty failed deliveries in the log',
  });
  expect((await book.run('rowhook losses --since 1d', environment)).stdout).toMatch(/ 25 +refused /);

  expect(await book.run('rowhook webhook update wh_1 --breaker wait', environment, webhook)).toMatchObject({
    exitCode: 0,
  });
  await insertOrders(database, 26, 500);
  await waitUntil(
    async () => {
      const { stdout } = await runHere(['status'], environment);
      return /its breaker is open: \d+ waiting/.test(stdout) || / open since /.test(stdout);
    },
    { describe: 'the breaker to be open' },
  );
  expect(await book.run('rowhook webhook test wh_1', environment, webhook)).toMatchObject({ exitCode: 1 });
  const mend = ['webhook', 'update', webhook, '--url', receiver.url];
  expect(await runHere(mend, environment)).toMatchObject({ exitCode: 0 });
  expect(await book.run('rowhook webhook test wh_1', environment, webhook)).toMatchObject({ exitCode: 0 });
  await waitForCounters(database.admin, { claimed: 500 });
  expect(await list()).not.toMatch(/failing|breaker open/);
  // The test send was one more, and counted nowhere.
  const [counter] = await database.admin.query(
    'select success_count, error_count from rowhook.webhook_counter',
  );
  const [success, errors] = [Number(counter?.['success_count']), Number(counter?.['error_count'])];
  expect(success).toBeGreaterThan(0);
  expect(receiver.requests.length).toBe(success + 1);
  const resend = 'rowhook resend --webhook wh_1 --since 1d';
  expect((await book.run(resend, environment, webhook)).stdout).toContain(String(errors));
  expect(receiver.requests.length).toBe(success + 1);
  expect(await book.run(`${resend} --yes`, environment, webhook)).toMatchObject({ exitCode: 0 });
  expect(receiver.requests.length).toBe(success + 1 + errors);
});

test('a leader that is frozen is replaced by ending its connection with the login of the service', async () => {
  const stage = await newStage();
  const { database, receiver } = stage;
  const book = new Runbook('## A standby waits, and nobody delivers');
  await using leader = await stage.start();
  await using standby = startService({ databaseUrl: database.serviceUrl });
  await standby.waitForLog(({ msg }) => /^slot ".*" is in use by .*; waiting$/.test(msg));
  leader.signal('SIGSTOP');
  await insertOrders(database, 1);
  const holders = await database.service.query<Record<string, string>>(book.sql(0, leader.slot));
  expect(holders.map((row) => row['slot_name'])).toContain(leader.slot);
  expect(await database.service.query(book.sql(1, leader.slot))).toHaveLength(1);
  await standby.ready();
  await receiver.waitFor(1);
  leader.signal('SIGCONT');
  await leader.waitForLog(({ msg }) => msg.includes('waiting for the slot as a standby'));
  await insertOrders(database, 2);
  await receiver.waitFor(2);
  expect(idsOf(receiver)).toEqual([1, 2]);
});

test('a new schema leaves the release before it running, and lets it not start again', async () => {
  const stage = await newStage();
  const { database, receiver } = stage;
  await using service = await stage.start();
  await database.admin.query(`insert into rowhook.migration (version, name) values (999, '999_later.sql')`);
  await insertOrders(database, 1);
  await receiver.waitFor(1);
  await service.kill('SIGTERM');
  expect(await startRefused({ databaseUrl: database.serviceUrl }, 3)).toMatch(
    /the schema of rowhook has version 999, this release knows versions up to \d+ only/,
  );
  await database.admin.query('delete from rowhook.migration where version >= 15');
  expect(await startRefused({ databaseUrl: database.serviceUrl }, 3)).toMatch(
    /the schema of rowhook has version \d+, this release needs \d+\n.*rowhook install/,
  );
});

/** What pg_upgrade leaves: another cluster, and a publication that has another number. */
async function upgradeCluster({ admin }: InstalledDatabase): Promise<void> {
  await admin.query(`
    update rowhook.state set system_id = '1',
      publication_options = jsonb_set(publication_options, '{oid}', '"1"')`);
}

test('a major upgrade: nothing waits, the slot is dropped, and nothing is lost', async () => {
  const stage = await newStage();
  const { database, environment, receiver } = stage;
  const book = new Runbook('### Of Postgres, a major release (pg_upgrade)');
  {
    await using service = await stage.start();
    await insertOrders(database, 1, 5);
    await waitForCounters(database.admin, { success: 5 });
    let shown = '';
    await waitUntil(
      async () => {
        shown = (await book.run('rowhook status', environment)).stdout;
        // Other tests write to this cluster meanwhile, so that it is never quite 0.
        return /^ok {4}slot .*: [\d.]+ (?:bytes|kB) behind[^]*^ok {4}backlog +empty/m.test(shown);
      },
      { describe: () => shown },
    );
    await service.kill('SIGTERM');
  }
  await database.service.query(book.sql(0, database.name));
  await upgradeCluster(database);
  expect(await startRefused({ databaseUrl: database.serviceUrl }, 3)).toContain(
    "rowhook's bookkeeping in this database was written for another place; what differs: the cluster",
  );
  expect(await book.run('rowhook slot recreate --accept-gap', environment)).toMatchObject({ exitCode: 0 });
  await using _service = await stage.start();
  await insertOrders(database, 6, 7);
  await receiver.waitFor(7);
  expect(idsOf(receiver)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(await reasons(database)).toEqual(oneGap);
});

test('what waits in the backlog over an upgrade is interrupted, as the page warns', async () => {
  const stage = await newStage();
  const { database, environment } = stage;
  await deliverAndStop(stage, 1);
  await database.admin.query(`
    insert into rowhook.backlog
      (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, keys, payload)
    select uid, 1, '0/1', 1, 0, id, company_id, table_name, 'INSERT', '{}', '{}' from rowhook.webhook`);
  await upgradeCluster(database);
  const { stdout } = await runHere(['slot', 'recreate', '--accept-gap', '--json'], environment);
  expect(JSON.parse(stdout)).toMatchObject({ interrupted: 1 });
});

test('onto 18: without stored generated columns in the publication UPDATE fails, and the statement mends it', async ({
  skip,
}) => {
  skip(inject('postgresMajor') < 18, 'before 18 a publication knows nothing of generated columns');
  const { database, environment } = await newStage();
  await database.dba.query(`
    create table quote (id int primary key, "companyId" text, twice int generated always as (id * 2) stored)`);
  await database.dba.query(`insert into quote values (1, 'acme')`);
  await database.dba.query(`select rowhook.enable_table('quote')`);
  await database.admin.query('alter publication rowhook set (publish_generated_columns = none)');
  const update = `update quote set "companyId" = 'b'`;
  await expect(database.app.query(update)).rejects.toThrow(/cannot update table "quote"/);
  expect((await runHere(['status'], environment)).stdout).toMatch(/^fail {2}publication /m);
  const book = new Runbook('### Of Postgres, a major release (pg_upgrade)');
  await database.dba.query(book.sql(1, database.name));
  await database.app.query(update);
});

test('a copy: it sends nothing, and what is removed from it leaves the original alone', async () => {
  const stage = await newStage();
  const { database, environment, receiver } = stage;
  const book = new Runbook('### A copy, for tests or to look something up');
  await deliverAndStop(stage, 1);
  const copy = `${database.name}_copy`;
  const slot = 'rowhook_copy';
  await using server = await database.connect(new URL('/postgres', database.adminUrl).href);
  await copyDatabase(database, server, copy);
  const urlOf = (url: string): string => new URL(`/${copy}`, url).href;
  try {
    const copied = { ...environment, DATABASE_URL: urlOf(database.serviceUrl), ROWHOOK_SLOT: slot };
    expect(
      await startRefused({ databaseUrl: copied.DATABASE_URL, env: { ROWHOOK_SLOT: database.name } }, 3),
    ).toContain('a copy or a restored database must not send');
    await using inCopy = await database.connect(urlOf(database.adminUrl));
    await inCopy.query(book.sql(0, slot));
    const accepted = await book.run('ROWHOOK_SLOT=rowhook_copy rowhook slot recreate --accept-gap', copied);
    expect(accepted).toMatchObject({ exitCode: 0 });
    {
      await using ofCopy = startService({ databaseUrl: copied.DATABASE_URL, env: { ROWHOOK_SLOT: slot } });
      await ofCopy.ready();
      await inCopy.query(`insert into orders values (2, 'acme', 'new')`);
      await waitForCounters(inCopy, { missed: 1 });
      await ofCopy.kill('SIGTERM');
    }
    await inCopy.query(`select pg_drop_replication_slot('${slot}')`);
    const owner = { ...environment, DATABASE_URL: urlOf(database.dbaUrl) };
    expect(await book.run('rowhook uninstall --yes', owner)).toMatchObject({ exitCode: 0 });
    expect(await inCopy.query(`select from pg_namespace where nspname = 'rowhook'`)).toEqual([]);
  } finally {
    await server.query(`drop database ${copy} with (force)`);
  }
  await using _service = await stage.start();
  await insertOrders(database, 3);
  await receiver.waitFor(2);
  expect(idsOf(receiver)).toEqual([1, 3]);
});

type Copy = (database: InstalledDatabase, server: Session, name: string) => Promise<void>;

/** Nobody may be connected to the original meanwhile; its pools come back when they are asked. */
async function copyDatabase({ name }: InstalledDatabase, server: Session, copy: string): Promise<void> {
  const others = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1';
  await waitUntil(async () => (await server.query(others, [name])).length === 0, {
    describe: 'nobody to be connected to the original',
  });
  await server.query(`create database ${copy} template ${name}`);
}

async function dumpAndRestore({ adminUrl }: InstalledDatabase, server: Session, copy: string): Promise<void> {
  await server.query(`create database ${copy} template template0 encoding 'UTF8' locale 'C'`);
  const { stdout: dump } = await runProgram('pg_dump', ['--dbname', adminUrl], { maxBuffer: 2 ** 26 });
  const restore = runProgram('psql', [
    '-X',
    '-q',
    '-v',
    'ON_ERROR_STOP=1',
    '-d',
    new URL(`/${copy}`, adminUrl).href,
  ]);
  restore.child.stdin?.end(dump);
  await restore;
}

const runProgram = promisify(execFile);

/** pg_dump reads servers up to its own major; 0 where there is none. */
async function majorOfDump(): Promise<number> {
  const { stdout } = await runProgram('pg_dump', ['--version']).catch(() => ({ stdout: '' }));
  return Number(/(\d+)/.exec(stdout)?.[1] ?? 0);
}

test('a restored database takes the place of the original: only what the page names is lost', async () => {
  await restoredReplacesOriginal(copyDatabase);
});

test('so does a dump that is restored', async ({ skip }) => {
  const major = inject('postgresMajor');
  skip((await majorOfDump()) < major, `there is no pg_dump that reads Postgres ${major}`);
  await restoredReplacesOriginal(dumpAndRestore);
});

async function restoredReplacesOriginal(copy: Copy): Promise<void> {
  const stage = await newStage();
  const { database, environment, receiver } = stage;
  const book = new Runbook('### The restored database replaces the original');
  await deliverAndStop(stage, 2);
  const restored = `${database.name}_restored`;
  await using server = await database.connect(new URL('/postgres', database.adminUrl).href);
  await copy(database, server, restored);
  try {
    const url = new URL(`/${restored}`, database.serviceUrl).href;
    const there = { ...environment, DATABASE_URL: url };
    // Of the original, after the backup.
    await insertOrders(database, 3);
    const status = await runHere(['status'], there);
    expect(status.stdout).toMatch(
      /^fail {2}origin .* was written for another place; what differs: the database/m,
    );
    await database.service.query('select pg_drop_replication_slot($1)', [database.name]);
    expect(await book.run('rowhook slot recreate --accept-gap', there)).toMatchObject({ exitCode: 0 });
    await using service = startService({ databaseUrl: url, env: { ROWHOOK_SLOT: database.name } });
    await service.ready();
    await using inRestored = await database.connect(new URL(`/${restored}`, database.adminUrl).href);
    await inRestored.query(`insert into orders values (4, 'acme', 'new')`);
    await receiver.waitFor(3);
    expect(idsOf(receiver)).toEqual([1, 2, 4]);
    expect(await inRestored.query('select reason, count from rowhook.loss')).toEqual(oneGap);
    await service.kill('SIGTERM');
    await inRestored.query('select pg_drop_replication_slot($1)', [database.name]);
  } finally {
    await server.query(`drop database ${restored} with (force)`);
  }
}
