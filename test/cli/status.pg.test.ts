import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Check } from '../../src/checks/check.ts';
import { childEnvironment } from '../support/child-environment.ts';
import { createDatabase } from '../support/database.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { waitUntil } from '../support/wait.ts';
import { runCli, runJson } from './run-cli.ts';

let database: InstalledDatabase;

beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.dba.query(`
    create schema erp;
    create table erp."salesOrder" (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.salesOrder');
  `);
  await database.service.query(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
     values ('abc123', 'orders', 'salesOrder', 'https://example.com/hush', true)`,
  );
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function status(databaseUrl: string): Promise<{ exitCode: number; checks: Map<string, Check> }> {
  const { exitCode, json } = await runJson(['status'], {
    DATABASE_URL: databaseUrl,
    ROWHOOK_SLOT: database.name,
  });
  const { checks } = json as { checks: Check[] };
  return { exitCode, checks: new Map(checks.map((each) => [each.check, each])) };
}

// Whether the tests' own Postgres runs with fsync is none of our business here.
function failures(checks: Map<string, Check>): string[] {
  const failed = [...checks.values()].filter((each) => each.status === 'fail');
  return failed.map((each) => each.check).filter((name) => name !== 'fsync');
}

test.each(['serviceUrl', 'dbaUrl'] as const)('looks at everything with the rights of %s', async (url) => {
  const { checks } = await status(database[url]);
  expect(failures(checks)).toEqual([]);
  expect([...checks.keys()]).toEqual(
    expect.arrayContaining([
      'server',
      'wal_level',
      'fsync',
      'schema',
      'publication',
      'slot',
      'leader',
      'losses',
    ]),
  );
  expect(checks.get('tables')?.detail).toBe('1 enabled: salesOrder (1 webhook)');
  expect(checks.get('webhooks')?.detail).toBe('1, 1 active, 0 failing');
  expect(checks.get('leader')).toMatchObject({
    status: 'warn',
    detail: 'nobody leads: no service has led (term 0)',
  });
});

test('refuses a login that may not look, and says who may', async () => {
  const { exitCode, stderr } = await runCli(['status'], { DATABASE_URL: database.appUrl });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(
    /may not look at this installation\.\nRun it with the service's login, or as a member of/,
  );
});

test('fails when fsync is off, and ends with code 1 exactly when something fails', async () => {
  const [row] = await database.query<{ fsync: string }>(`select current_setting('fsync') as fsync`);
  const { exitCode, checks } = await status(database.serviceUrl);
  expect(checks.get('fsync')?.status).toBe(row?.fsync === 'on' ? 'ok' : 'fail');
  expect(exitCode).toBe([...checks.values()].some((each) => each.status === 'fail') ? 1 : 0);
});

test('finds a slot, and says how far behind it is and who reads it', async () => {
  await database.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [database.name]);
  const { checks } = await status(database.serviceUrl);
  expect(checks.get('slot')).toMatchObject({
    status: 'ok',
    detail: expect.stringMatching(
      /behind, .* of WAL kept for it; confirmed [0-9A-F]+\/[0-9A-F]+; wal_status reserved/,
    ) as string,
  });
  await database.query('select pg_drop_replication_slot($1)', [database.name]);
});

test('refuses a slot of the same name in another database', async () => {
  await using other = await createDatabase();
  await other.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [database.name]);
  const { checks } = await status(database.serviceUrl);
  expect(checks.get('slot')).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining(`belongs to database "${other.name}"`) as string,
    remedy: expect.stringContaining('ROWHOOK_SLOT') as string,
  });
});

test('asks for a statement beside a virtual column that was added later, and sends others to inspect', async ({
  skip,
}) => {
  skip(inject('postgresMajor') < 18, 'virtual columns exist from Postgres 18 on');
  await database.dba.query('alter table erp."salesOrder" add twice text generated always as (id || id)');
  const asDba = await status(database.dbaUrl);
  const inspected = await runJson(['inspect', 'erp.salesOrder'], { DATABASE_URL: database.dbaUrl });
  const finding = (inspected.json as Check[]).find((each) => each.check === 'replica identity');
  expect(finding?.remedy).toMatch(/rowhook\.enable_table\(/);
  expect(asDba.checks.get('table salesOrder')).toMatchObject({ status: 'fail', remedy: finding?.remedy });
  const asService = await status(database.serviceUrl);
  expect(asService.checks.get('table salesOrder')?.remedy).toContain(`rowhook inspect 'erp."salesOrder"'`);
  await database.dba.query('alter table erp."salesOrder" drop twice');
});

test('tells of another publication, made later, that lets the application’s writes fail', async ({
  skip,
}) => {
  skip(inject('postgresMajor') < 15, 'column lists exist from Postgres 15 on');
  await database.admin.query('create publication other for table erp."salesOrder" (id)');
  const { checks } = await status(database.serviceUrl);
  expect(checks.get('table salesOrder')).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(
      /contains ".+", and publication "other" leaves it out: every UPDATE and DELETE/,
    ) as string,
  });
  const asDba = await status(database.dbaUrl);
  expect(asDba.checks.get('table salesOrder')?.remedy).toContain('alter publication other drop table');
  await database.admin.query('drop publication other');
});

test('tells of a partition that the log does not hold', async () => {
  await database.dba.query(`
    create table erp.parted ("companyId" text, id text, primary key (id)) partition by list (id);
    create table erp.parted_a partition of erp.parted for values in ('a');
    select rowhook.enable_table('erp.parted');
    create unlogged table erp.parted_b partition of erp.parted for values in ('b')`);
  const { checks } = await status(database.serviceUrl);
  expect(checks.get('table parted')).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(
      /^1 partition \(erp\.parted_b\) of erp\.parted that the log does not hold/,
    ) as string,
  });
  await database.dba.query(`select rowhook.disable_table('erp.parted'); drop table erp.parted`);
});

test('tells of a partition whose identity lets the application’s writes fail', async ({ skip }) => {
  skip(inject('postgresMajor') < 18, 'virtual columns exist from Postgres 18 on');
  await database.dba.query(`
    create table erp.doubled ("companyId" text not null, id int primary key, twice int generated always as (id * 2)) partition by range (id);
    create unique index doubled_key on erp.doubled ("companyId", id);
    select rowhook.enable_table('erp.doubled', replica_identity => 'doubled_key');
    create table erp.doubled_1 partition of erp.doubled for values from (0) to (100);
    alter table erp.doubled_1 replica identity full`);
  const { checks } = await status(database.serviceUrl);
  expect(checks.get('table doubled')).toMatchObject({
    status: 'fail',
    detail: expect.stringMatching(
      /contains "twice" of erp\.doubled_1, .*: every UPDATE and DELETE/,
    ) as string,
  });
  await database.dba.query(`select rowhook.disable_table('erp.doubled'); drop table erp.doubled`);
});

test('names what fails, the losses and the table that lost its identity', async () => {
  await database.service.query(`
    insert into rowhook.counter (uid, claimed_count, error_count, last_error_at, last_error)
    select uid, 3, 3, now(), 'timeout after 10000 ms' from rowhook.webhook;
    insert into rowhook.loss (uid, webhook_id, company_id, reason, count)
    select uid, id, company_id, 'timeout', 3 from rowhook.webhook;
    insert into rowhook.loss (uid, webhook_id, company_id, reason, count, at)
    select uid, id, company_id, 'timeout', 5, now() - interval '2 days' from rowhook.webhook;
    insert into rowhook.loss (uid, webhook_id, company_id, reason, at)
    select uid, id, company_id, 'gap', now() - interval '1 hour' from rowhook.webhook;
  `);
  await database.dba.query('alter table erp."salesOrder" replica identity nothing');
  const { exitCode, checks } = await status(database.serviceUrl);
  expect(exitCode).toBe(1);
  expect(failures(checks)).toEqual(['table salesOrder']);
  expect(checks.get('table salesOrder')?.remedy).toBe('alter table erp."salesOrder" replica identity full;');
  expect(checks.get('webhooks')).toMatchObject({
    status: 'warn',
    remedy: expect.stringMatching(
      /"orders" \(company abc123\): never succeeded, 3 errors, last error at .*: timeout after/,
    ) as string,
  });
  expect(checks.get('losses')?.detail).toMatch(
    /^in the last 24 hours: 3 timeout \(last .*\), gap for 1 webhook, count unknown \(last /,
  );
  const { stdout, stderr } = await runCli(['status'], { DATABASE_URL: database.serviceUrl });
  expect(stdout).toMatch(/^fail {2}table salesOrder .*\n +→ alter table/m);
  expect(stderr).toMatch(/^rowhook: failed: .*table salesOrder/);
  expect(stdout).not.toContain('hush');
});

test('tells a database without rowhook to install it, and other commands end with code 3', async () => {
  await using plain = await createDatabase();
  const { exitCode, checks } = await status(plain.url);
  expect(exitCode).toBe(1);
  expect(checks.get('schema')).toMatchObject({
    status: 'fail',
    remedy: expect.stringContaining('rowhook install') as string,
  });
  const list = await runCli(['webhook', 'list'], { DATABASE_URL: plain.url });
  expect(list).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('rowhook install') as string });
});

test('a wrong password is named with what to check, and never shown', async ({ skip }) => {
  const wrong = new URL(database.serviceUrl);
  wrong.password = 'hush';
  const isAccepted = await database.connect(wrong.href).then(
    () => true,
    () => false,
  );
  skip(isAccepted, 'this server asks for no password');
  const { exitCode, stderr } = await runCli(['status'], { DATABASE_URL: wrong.href });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/password authentication failed[^]*Check the user and the password in DATABASE_URL/);
  expect(stderr).not.toMatch(/hush|\n\s+at /);
});

test('an unknown database is named with what to check, and the password is not', async () => {
  const elsewhere = new URL(database.serviceUrl);
  elsewhere.pathname = '/no_such_database';
  const { exitCode, stderr } = await runCli(['status'], { DATABASE_URL: elsewhere.href });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/"no_such_database" does not exist\nCheck the database's name/);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stderr).not.toContain(elsewhere.password);
});

test('--watch looks again and again until it is stopped, also while the database is away', async () => {
  const env = childEnvironment({ DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name });
  const child = spawn(process.execPath, ['src/main.ts', 'status', '--watch', '--json'], { env });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const ended = once(child, 'exit');
  await waitUntil(() => lines.length >= 2, { describe: 'two looks' });
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(lines.map((line) => Object.keys(JSON.parse(line) as object))).toContainEqual(
    expect.arrayContaining(['ok', 'checks']),
  );

  const away = spawn(process.execPath, ['src/main.ts', 'status', '--watch'], {
    env: { ...env, DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none' },
  });
  const goesOn = once(away, 'exit');
  const said: string[] = [];
  createInterface({ input: away.stderr }).on('line', (line) => said.push(line));
  await waitUntil(() => said.length >= 2, { describe: 'two attempts' });
  expect(said[1]).toContain('nothing listens where DATABASE_URL points');
  away.kill('SIGINT');
  expect(await goesOn).toEqual([0, null]);
});
