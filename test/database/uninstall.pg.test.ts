/**
 * Uninstalling: everything of ours goes and the application's tables are as before. The group roles belong to the whole
 * cluster, so these tests have one of their own.
 */
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { install } from '../../src/database/install.ts';
import { planUninstall, uninstall } from '../../src/database/uninstall.ts';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { waitUntil } from '../support/wait.ts';
import { refusal } from './refusal.ts';

let server: EmbeddedPostgres;
let admin: Client;
let operator: Client;

beforeAll(async () => {
  server = await startTestPostgres({ settings: { fsync: 'off' } });
  admin = await connect('postgres', 'postgres');
  await admin.query('create role operator login createrole replication password $$operator$$');
});
afterAll(async () => {
  await admin.end();
  await server[Symbol.asyncDispose]();
});

async function connect(user: string, database: string): Promise<Client> {
  const client = new Client({ connectionString: urlOf(user, database) });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

function urlOf(user: string, database: string): string {
  const url = new URL(server.url);
  if (user !== 'postgres') [url.username, url.password] = [user, user];
  url.pathname = `/${database}`;
  return url.href;
}

async function createErp(name: string): Promise<Client> {
  await admin.query(`drop database if exists ${name} with (force)`);
  await admin.query(`create database ${name} owner operator`);
  await install({ databaseUrl: urlOf('operator', name), log: () => undefined });
  const client = await connect('operator', name);
  await client.query(`create table job ("companyId" text not null, id text primary key);
    select rowhook.enable_table('job')`);
  return client;
}

beforeEach(async () => {
  operator = await createErp('erp');
  return async () => {
    const { rows } = await admin.query<{ name: string }>(
      'select slot_name as name from pg_replication_slots',
    );
    for (const { name } of rows) await admin.query('select pg_drop_replication_slot($1)', [name]);
    await operator.end();
  };
});

async function groupRoles(): Promise<string[]> {
  const { rows } = await admin.query<{ name: string }>(
    `select rolname as name from pg_roles where rolname like 'rowhook%' order by 1`,
  );
  return rows.map((row) => row.name);
}

test('shows what it will do, does it, and leaves nothing', async () => {
  await operator.query(`select pg_create_logical_replication_slot('rowhook', 'pgoutput')`);
  await operator.query(`insert into rowhook.state (slot) values ('rowhook')`);
  expect(await planUninstall(operator)).toEqual([
    'disable table public.job and set its replica identity back to default',
    'drop publication rowhook',
    'drop schema rowhook with 0 webhooks, their counters, the ledger of losses and the delivery log',
    'drop replication slot rowhook',
    'drop role rowhook_app',
    'drop role rowhook_dba',
    'drop role rowhook_service',
  ]);
  expect(await uninstall(operator)).toContain('dropped role rowhook_dba');
  expect(await groupRoles()).toEqual([]);
  const { rows } = await operator.query(`
    select to_regnamespace('rowhook') as schema, (select count(*)::int from pg_publication) as publications,
      (select count(*)::int from pg_replication_slots) as slots,
      (select relreplident from pg_class where relname = 'job') as identity`);
  expect(rows).toEqual([{ schema: null, publications: 0, slots: 0, identity: 'd' }]);
  expect(await planUninstall(operator)).toEqual([]);

  await install({ databaseUrl: urlOf('operator', 'erp'), log: () => undefined });
  expect(await groupRoles()).toHaveLength(3);
});

test('gives every partition back, and tables that were renamed since', async () => {
  await operator.query(`
    create table visit ("companyId" text, id text, primary key (id)) partition by list (id);
    create table visit_1 partition of visit for values in ('1'); create table visit_2 partition of visit for values in ('2');
    alter table visit_2 replica identity nothing;
    select rowhook.enable_table('visit');
    alter table job rename to task; alter table visit detach partition visit_1; create schema "a.b"; alter table visit set schema "a.b";
    create schema a; create table a.b ("companyId" text, id text primary key); select rowhook.enable_table('a.b');
    create table "a.b" (id int)`);
  expect((await planUninstall(operator)).slice(0, 3)).toEqual([
    'disable table a.b and set its replica identity back to default',
    'disable table public.job and set its replica identity back to default',
    'disable table public.visit and set the replica identity of it and its partitions back (2 to default, 1 to nothing)',
  ]);
  await uninstall(operator);
  const { rows } = await operator.query(
    `select relname as name, relreplident as identity from pg_class
     where relname in ('b', 'task', 'visit', 'visit_1', 'visit_2') order by 1`,
  );
  expect(rows).toEqual([
    { name: 'b', identity: 'd' },
    { name: 'task', identity: 'd' },
    { name: 'visit', identity: 'd' },
    { name: 'visit_1', identity: 'd' },
    { name: 'visit_2', identity: 'n' },
  ]);
});

test('roles that another database or a grant needs stay, and what holds them is named', async () => {
  const second = await createErp('second');
  await operator.query('grant select on job to rowhook_service');
  const plan = await planUninstall(operator);
  expect(plan).toContain('role rowhook_app stays: it is used by database second');
  expect(plan).toContain('role rowhook_service stays: it is used by database second, table job');
  expect(await uninstall(operator)).toEqual(expect.arrayContaining(plan.slice(-3)));
  expect(await groupRoles()).toHaveLength(3);
  await second.query(`select rowhook.disable_table('job'); select rowhook.enable_table('job')`);
  await second.end();
  await admin.query('drop database second with (force)');
});

test('what outside the schema depends on it is named instead of dropped', async () => {
  await operator.query('create view report as select * from rowhook.webhook_health');
  const expected = 'outside the schema rowhook these depend on it: view report';
  expect((await planUninstall(operator))[0]).toContain(`BLOCKED: ${expected}`);
  await expect(uninstall(operator)).rejects.toThrow(expected);
  expect((await operator.query('select from report')).rows).toEqual([]);
});

test('a table that somebody holds stops it, with nothing changed', async () => {
  await using holder = new AsyncDisposableStack();
  const reader = holder.adopt(await connect('operator', 'erp'), (client) => client.end());
  await reader.query('begin; select * from job');
  const refused = await refusal(uninstall(operator));
  expect(refused).toMatchObject({ code: '55P03' });
  expect(refused.detail).toContain('role operator');
  expect((await operator.query('select enabled from rowhook.subscribable_table')).rows).toEqual([
    { enabled: true },
  ]);
});

test('a slot in use stops it, naming who reads', async () => {
  await operator.query(`select pg_create_logical_replication_slot('rowhook', 'pgoutput')`);
  await using open = new AsyncDisposableStack();
  const reader = new Client({ connectionString: `${urlOf('operator', 'erp')}?replication=database` });
  reader.on('error', () => undefined);
  await reader.connect();
  open.adopt(reader, (client) => client.end());
  const options = `(proto_version '1', publication_names 'rowhook')`;
  reader.query(`START_REPLICATION SLOT rowhook LOGICAL 0/0 ${options}`).catch(() => undefined);
  const pid = await waitUntil(
    async () => {
      const { rows } = await admin.query<{ pid: number | null }>(
        'select active_pid as pid from pg_replication_slots',
      );
      return rows[0]?.pid;
    },
    { describe: 'the slot to be in use' },
  );
  await expect(uninstall(operator, { slot: 'rowhook' })).rejects.toThrow(`"rowhook" is in use by pid ${pid}`);
  const plan = await planUninstall(operator, { slot: 'rowhook' });
  expect(plan[0]).toContain(
    `BLOCKED: replication slot "rowhook" is in use by pid ${pid}. Stop the service first`,
  );
  expect(plan).toContain('drop replication slot rowhook');
  expect((await operator.query('select from rowhook.migration')).rows).not.toEqual([]);
  await admin.query('select pg_terminate_backend($1)', [pid]);
  await waitUntil(
    async () => (await admin.query('select from pg_replication_slots where active')).rowCount === 0,
    { describe: 'the slot to be free' },
  );
});

test('a slot of another name or database is not ours to drop', async () => {
  await admin.query(`select pg_create_logical_replication_slot('elsewhere', 'pgoutput')`);
  expect(await planUninstall(operator, { slot: 'elsewhere' })).not.toContain(
    'drop replication slot elsewhere',
  );
});

test('without REPLICATION the plan tells who can drop the slot, and that way works', async () => {
  await admin.query('create role svc login replication password $$svc$$; grant rowhook_service to svc');
  await using service = new AsyncDisposableStack();
  const login = service.adopt(await connect('svc', 'erp'), (client) => client.end());
  await login.query(`select pg_create_logical_replication_slot('rowhook', 'pgoutput')`);
  await operator.query(`insert into rowhook.state (slot) values ('rowhook')`);
  await admin.query('alter role operator noreplication');
  service.defer(async () => {
    await admin.query('alter role operator replication');
  });
  const remedy = `With the service's login run: select pg_drop_replication_slot('rowhook'); then again: rowhook uninstall --yes`;
  expect((await planUninstall(operator))[0]).toContain(remedy);
  await expect(uninstall(operator)).rejects.toMatchObject({ remedy });

  await login.query(`select pg_drop_replication_slot('rowhook')`);
  const notices: unknown[] = [];
  operator.on('notice', (notice) => notices.push(notice.message));
  expect(await uninstall(operator)).toContain('dropped schema rowhook');
  expect(notices).toEqual([]);
  await admin.query('drop role svc');
});

test('another role is told which one installed it', async () => {
  await admin.query(
    'create role stranger login createrole password $$stranger$$; grant rowhook_dba to stranger',
  );
  await using open = new AsyncDisposableStack();
  const stranger = open.adopt(await connect('stranger', 'erp'), (client) => client.end());
  open.defer(async () => {
    await admin.query('drop role stranger');
  });
  const expected = /^run it as operator, the role that installed it/;
  await expect(planUninstall(stranger)).rejects.toThrow(expected);
  await expect(uninstall(stranger)).rejects.toThrow(expected);
});
