/**
 * docs/postgres.md, followed from the first line to the last on a cluster of its own: each statement runs as it stands, and what
 * the page says of the majors is what this one does.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { install } from '../../src/database/install.ts';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { refusal } from '../database/refusal.ts';
import { connect, QueryPool, type Session } from '../support/queryable.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { ownMajor, startTestPostgres } from '../support/test-postgres.ts';

const page = await readFile(join(import.meta.dirname, '../../docs/postgres.md'), 'utf8');
const open = new AsyncDisposableStack();
let postgres: EmbeddedPostgres;
let admin: Session;
let owner: QueryPool;
let receiver: Receiver;
let service: ServiceProcess;

function blocks(language: string): string[] {
  return [...page.matchAll(/^```([^\n]+)\n(.*?)^```$/gms)].flatMap(([, info, text = '']) =>
    info === language ? [text] : [],
  );
}

/** The page's statements, block after block; `alter system` does not run together with others. */
const statements = blocks('sql superuser').map((block) =>
  block
    .replaceAll(/ +--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim())
    .filter((statement) => statement !== ''),
);

function urlOf(user: string, password: string, database = 'erp'): string {
  const url = new URL(postgres.url);
  [url.username, url.password, url.pathname] = [user, password, `/${database}`];
  return url.href;
}

/** As the page tells it: roles, installation, pg_hba.conf, the service under its own login. */
beforeAll(async () => {
  postgres = open.use(await startTestPostgres({ settings: { fsync: 'off' } }));
  await using server = await connect(postgres.url);
  await server.query(`create role erp_owner login createrole password 'owner'`);
  await server.query('create role erp_app; create role erp_dba');
  await server.query('create database erp owner erp_owner');
  const adminUrl = new URL(postgres.url);
  adminUrl.pathname = '/erp';
  admin = open.use(await connect(adminUrl.href));
  await install({ databaseUrl: urlOf('erp_owner', 'owner'), log: () => undefined });
  for (const statement of statements.flat()) await admin.query(statement);
  await letIn();
  owner = open.use(new QueryPool(urlOf('erp_owner', 'owner')));
  receiver = open.use(await startReceiver());
  await owner.query(`
    create table quote (id int primary key, "companyId" text, twice int generated always as (id * 2) stored);
    select rowhook.enable_table('quote')`);
  await admin.query(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert) values ('acme', 'q', 'quote', $1, true)`,
    [receiver.url],
  );
  service = open.use(startService({ databaseUrl: urlOf('rowhook', 'change-me') }));
  await service.ready();
});
afterAll(async () => {
  await open.disposeAsync();
});

/** The page's line, over TCP without TLS here, before one that keeps everybody out of what is called replication. */
async function letIn(): Promise<void> {
  const [line = ''] = blocks('hba');
  const here = line.replace('hostssl', 'host').replace('10.0.0.0/24', '127.0.0.1/32');
  const file = join(postgres.dataDir, 'pg_hba.conf');
  const rest = `host all rowhook all reject\n${await readFile(file, 'utf8')}`;
  await writeFile(file, `host replication rowhook all reject\n${here}${rest}`);
  await admin.query('select pg_reload_conf()');
}

test('what the page sets is in force, and its question shows it', async () => {
  const rows = await admin.query<{ name: string }>(statements[1]?.[0] ?? '');
  const settings = new Map(rows.map((row) => [row.name, row]));
  expect([...settings.keys()]).toContain('logical_decoding_work_mem');
  expect(settings.has('idle_replication_slot_timeout')).toBe(ownMajor >= 18);
  expect(settings.get('max_slot_wal_keep_size')).toMatchObject({ setting: '20480', pending_restart: 'f' });
  expect(settings.get('wal_level')).toMatchObject({ setting: 'logical', pending_restart: 'f' });
});

test.each([2, 3, 4, 5])('question %i about the log is answered while the service runs', async (index) => {
  for (const statement of statements[index] ?? ['there is none']) await admin.query(statement);
});

test('the service takes one slot, one walsender and three to eight connections', async () => {
  const [used] = await admin.query(`
    select (select count(*) from pg_replication_slots) as slots,
           count(*) filter (where backend_type = 'walsender') as senders,
           count(*) filter (where backend_type = 'client backend') as connections
      from pg_stat_activity where usename = 'rowhook'`);
  expect(used).toMatchObject({ slots: '1', senders: '1' });
  expect(Number(used?.['connections'])).toBeGreaterThanOrEqual(3);
  expect(Number(used?.['connections'])).toBeLessThanOrEqual(8);
});

test('a stored generated column is in the payload from 18 on', async () => {
  await owner.query(`insert into quote values (1, 'acme')`);
  const [request] = await receiver.waitFor(1);
  const record = { id: 1, companyId: 'acme', ...(ownMajor >= 18 ? { twice: 2 } : {}) };
  expect(request?.json()).toMatchObject({ record });
  expect(Object.keys((request?.json() as { record: object }).record)).toEqual(Object.keys(record));
});

test('REPLICATION is given by superusers, and from 16 on by a role that has it and CREATEROLE', async () => {
  await admin.query(`create role giver login createrole replication password 'giver'`);
  await using giver = new QueryPool(urlOf('giver', 'giver'));
  const give = giver.query('create role given login replication');
  if (ownMajor >= 16) await give;
  else expect(await refusal(give)).toMatchObject({ code: '42501' });
  expect(await refusal(owner.query('create role given_too login replication'))).toMatchObject({
    code: '42501',
  });
});

test('from 16 on only the role that installed, or a superuser, makes members of the group roles', async () => {
  await admin.query(`create role stranger login createrole password 'stranger'`);
  await using stranger = new QueryPool(urlOf('stranger', 'stranger'));
  const grant = stranger.query('grant rowhook_app to stranger');
  if (ownMajor < 16) await grant;
  else expect(await refusal(grant)).toMatchObject({ code: '42501' });
  await owner.query('create role crm_app; grant rowhook_app to crm_app');
});
