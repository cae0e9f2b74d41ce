// The service behind a proxy that cuts the lines to Postgres, with a reset or with an end and no word of the server, in the middle of what it asks.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { http } from '../support/http.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { listen } from '../support/listen.ts';
import type { Session } from '../support/queryable.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import { runCli } from '../cli/run-cli.ts';

const open = new AsyncDisposableStack();
let database: InstalledDatabase;
let receiver: Receiver;
let proxy: TcpProxy;
let service: ServiceProcess;
let holder: Session;
let written = 0;

beforeAll(async () => {
  database = open.use(await createInstalledDatabase());
  receiver = open.use(await startReceiver());
  await database.dba.query(`
    create schema erp;
    create table erp.job (id text primary key, tenant text not null);
    select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  await database.admin.query(`
    insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert)
    values ('wh_job', 'acme', 'jobs', 'job', '${receiver.url}/job', true)`);
  proxy = open.use(await startTcpProxy(database.serviceUrl));
  service = open.use(startService({ databaseUrl: proxy.url }));
  await service.ready();
  holder = await database.connect();
});
afterEach(async () => {
  await holder.query('rollback');
});
afterAll(async () => {
  await open.disposeAsync();
});

const cuts = { reset: () => proxy.cut(), end: () => proxy.halfClose('toClient') };

async function lock(table: string): Promise<void> {
  await holder.query(`begin; lock table ${table} in access exclusive mode`);
}

async function waits(applicationName: string): Promise<boolean> {
  const query = `select 1 from pg_stat_activity where application_name = $1 and wait_event_type = 'Lock' and datname = current_database()`;
  return (await database.admin.query(query, [applicationName])).length > 0;
}

async function someoneWaits(applicationName: string): Promise<void> {
  await waitUntil(() => waits(applicationName), { describe: `${applicationName} to wait for a lock` });
}

/** Resolves when it waits for a lock, with what will be its HTTP status. What is answered before is asked again: it was kept from earlier. */
async function askUntilItWaits(path: string): Promise<{ readonly status: Promise<number> }> {
  let isAnswered = false;
  const ask = async (): Promise<number> => {
    isAnswered = false;
    const { statusCode } = await http(service.httpUrl + path);
    isAnswered = true;
    return statusCode;
  };
  let status = ask();
  await waitUntil(
    async () => {
      if (await waits('rowhook-api')) return true;
      if (isAnswered) status = ask();
      return false;
    },
    { describe: `${path} to wait for a lock` },
  );
  return { status };
}

/** By the same process, which is ready again. */
async function expectDelivery(): Promise<string> {
  const id = `j${(written += 1)}`;
  await database.app.query(`insert into erp.job values ($1, 'acme')`, [id]);
  await receiver.waitFor(written, { path: '/job' });
  expect((await http(`${service.httpUrl}/readyz`)).statusCode).toBe(200);
  return id;
}

test.each([
  ['/v1/losses', 'reset'],
  ['/v1/losses', 'end'],
  ['/v1/status', 'reset'],
  ['/v1/status', 'end'],
] as const)(
  'a %s under way while its line is cut by a %s is refused, and the service goes on',
  async (path, how) => {
    await lock('rowhook.loss');
    const { status } = await askUntilItWaits(path);
    cuts[how]();
    expect(await status).toBe(503);
    await holder.query('rollback');
    // Not the status, of which the refusal, too, is kept for a moment.
    for (const next of ['/v1/losses', '/metrics']) {
      expect((await http(service.httpUrl + next)).statusCode).toBe(200);
    }
    await expectDelivery();
  },
);

test.each(['reset', 'end'] as const)('a stream of events goes on behind a %s', async (how) => {
  using stream = await listen(`${service.httpUrl}/v1/events`);
  await stream.waitFor('status');
  await lock('rowhook.webhook');
  await someoneWaits('rowhook-api');
  cuts[how]();
  await holder.query('rollback');
  const key = await expectDelivery();
  await stream.waitFor('delivery', (delivery) => delivery['key'] === key);
});

test('a command whose line is cut says so', async () => {
  await lock('rowhook.loss');
  const asked = runCli(['losses'], { DATABASE_URL: proxy.url });
  await someoneWaits('rowhook-cli');
  cuts.reset();
  const { exitCode, stderr } = await asked;
  expect([exitCode, stderr]).toEqual([
    1,
    expect.stringContaining('the connection to the database was closed'),
  ]);
});
