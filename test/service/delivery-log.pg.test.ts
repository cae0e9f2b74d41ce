/** The delivery log as the service writes it: what is in it, what is not, and that no delivery ever waits for it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import type { TextRow } from '../support/queryable.ts';
import { waitUntil } from '../support/wait.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
let extra: ServiceProcess | undefined;

beforeAll(async () => {
  scene = await openScene();
  await scene.dba(
    `create table "salesOrder" ("companyId" text not null, id text primary key, total numeric)`,
    `create table "orderLine" ("companyId" text not null, "orderId" text, line int, primary key ("orderId", line))`,
    `select rowhook.enable_table('salesOrder'); select rowhook.enable_table('orderLine')`,
  );
  await scene.createWebhook({ name: 'orders', table: 'salesOrder', company: 'acme' });
});
afterAll(async () => {
  await extra?.[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

async function log(webhook: string, where = 'true'): Promise<TextRow[]> {
  return await scene.database.service.query(
    `select * from rowhook.delivery where webhook_id = $1 and ${where} order by at`,
    [webhook],
  );
}

async function waitForLog(webhook: string, count: number, where?: string): Promise<TextRow[]> {
  let found: TextRow[] = [];
  return await waitUntil(
    async () => {
      found = await log(webhook, where);
      return found.length === count ? found : null;
    },
    { describe: () => `${count} rows of ${webhook}; there are ${found.length}` },
  );
}

let next = 0;
async function insertOrder(count = 1): Promise<string[]> {
  const ids = Array.from({ length: count }, () => `so${(next += 1)}`);
  const values = ids.map((id) => `('acme', '${id}', 1.50)`);
  await scene.app(`insert into "salesOrder" values ${values.join(', ')}`);
  return ids;
}

test('an attempt has one row with what was sent, to whom, and how long it took', async () => {
  const [id = ''] = await insertOrder();
  const [row = {}] = await waitForLog('orders', 1, `key = '${id}'`);
  const [body] = await scene.waitForBodies('orders', 1);
  expect(row).toMatchObject({
    company_id: 'acme',
    table_name: 'salesOrder',
    type: 'INSERT',
    attempt: '1',
    outcome: 'delivered',
    class: null,
    status: '200',
    // What a target on loopback says is for nobody.
    answer: null,
    body,
    body_bytes: String(body?.length),
    old_key: null,
  });
  expect(row['change_id']).toMatch(/^1-[0-9A-F]{16}-\d+$/);
  expect(Number(row['total_ms'])).toBeGreaterThan(0);
  expect(Number(row['first_byte_ms'])).toBeGreaterThan(0);
  expect(Math.abs(Date.parse(row['at'] ?? '') - Date.now())).toBeLessThan(60_000);
});

test('what is rejected, refused or dropped has a row too', async () => {
  scene.receiver.behave({ status: 503, body: 'busy' });
  const refusedUrl = 'http://127.0.0.1:9/secret-token';
  await scene.createWebhook({ name: 'nobody', table: 'salesOrder', company: 'acme', url: refusedUrl });
  const [id] = await insertOrder();
  expect(await waitForLog('orders', 1, `key = '${id ?? ''}'`)).toMatchObject([
    { outcome: 'rejected', status: '503', answer: null },
  ]);
  expect(await waitForLog('nobody', 1)).toMatchObject([
    { outcome: 'failed', class: 'refused', status: null },
  ]);
  scene.receiver.behave({ status: 200 });
  const everything = await scene.database.service.query(`select d::text as row from rowhook.delivery d`);
  expect(JSON.stringify(everything)).not.toContain('secret-token');
});

test('a record has the same key in each of its rows, and one that changed its key has both', async () => {
  await scene.createWebhook({ name: 'lines', table: 'orderLine', company: 'acme' });
  await scene.app(
    `insert into "orderLine" values ('acme', 'so "1"', 3)`,
    `update "orderLine" set line = 4`,
    `delete from "orderLine"`,
  );
  const [asText] = await scene.database.admin.query(`select row('so "1"', 3)::text as k`);
  const keys = (await waitForLog('lines', 3)).map((row) => [row['type'], row['key'], row['old_key']]);
  expect(keys).toEqual([
    ['INSERT', asText?.['k'], null],
    ['UPDATE', '("so ""1""",4)', '("so ""1""",3)'],
    ['DELETE', '("so ""1""",4)', null],
  ]);
});

test('bodies that the DBA turns off stop with the commit that says so, and come back with the next', async () => {
  const logBodies = async (on: boolean): Promise<void> =>
    await scene.dba(`update rowhook.subscribable_table set log_bodies = ${on} where name = 'salesOrder'`);
  await logBodies(false);
  const [off = ''] = await insertOrder();
  const [without] = await waitForLog('orders', 1, `key = '${off}'`);
  expect(without).toMatchObject({ body: null, answer: null, outcome: 'delivered' });
  expect(Number(without?.['body_bytes'])).toBeGreaterThan(0);
  await logBodies(true);
  const [on = ''] = await insertOrder();
  expect((await waitForLog('orders', 1, `key = '${on}'`))[0]?.['body']).toContain(on);
});

test('deliveries go on while somebody holds the log, and the rows come afterwards', async () => {
  const holder = await scene.database.connect();
  await holder.query('begin; lock table rowhook.delivery in access exclusive mode');
  const before = scene.bodies('orders').length;
  const ids = await insertOrder(50);
  await scene.waitForBodies('orders', before + 50);
  await holder.query('commit');
  await waitForLog('orders', 50, `key = any ('{${ids.join(',')}}')`);
});

test('rows that cannot be written are counted, for whoever looks tomorrow, and deliveries go on', async () => {
  const { admin } = scene.database;
  const [leaf] = await admin.query(
    `select 'rowhook.delivery_' || to_char(now() at time zone 'UTC', 'YYYYMMDD') as name`,
  );
  await admin.query(`revoke insert on ${leaf?.['name'] ?? ''} from rowhook_service`);
  const before = scene.bodies('orders').length;
  const ids = await insertOrder(20);
  await scene.waitForBodies('orders', before + 20);
  const line = await scene.service.waitForLog('delivery-log.dropping');
  expect(line).toMatchObject({ level: 'warn' });
  await waitUntil(
    async () => {
      const [gap] = await admin.query('select sum(dropped_count) as count from rowhook.delivery_gap');
      // Two webhooks.
      return gap?.['count'] === '40';
    },
    { describe: '40 rows in the gap' },
  );
  await admin.query(`grant insert on ${leaf?.['name'] ?? ''} to rowhook_service`);
  expect(await log('orders', `key = any ('{${ids.join(',')}}')`)).toEqual([]);
  const [id = ''] = await insertOrder();
  await waitForLog('orders', 1, `key = '${id}'`);
});

test('a service that is stopped writes what it has remembered', async () => {
  const before = scene.bodies('orders').length;
  const ids = await insertOrder(100);
  await scene.waitForBodies('orders', before + 100);
  expect((await scene.service.kill('SIGTERM')).code).toBe(0);
  expect(await log('orders', `key = any ('{${ids.join(',')}}')`)).toHaveLength(100);
});

test('with errors only what failed is kept, and with off nothing, and no partition is made', async () => {
  const { admin, serviceUrl } = scene.database;
  const start = async (mode: string): Promise<void> => {
    await extra?.kill('SIGTERM');
    extra = startService({ databaseUrl: serviceUrl, env: { ROWHOOK_DELIVERY_LOG: mode } });
    await extra.ready();
  };
  await start('errors');
  const [id = ''] = await insertOrder();
  // The other webhook's endpoint is not there.
  await waitForLog('nobody', 1, `key = '${id}'`);
  expect(await log('orders', `key = '${id}'`)).toEqual([]);
  await start('off');
  const mode = `select value ->> 'mode' as mode from rowhook.setting where name = 'delivery_log'`;
  await waitUntil(async () => (await admin.query<{ mode: string }>(mode))[0]?.mode === 'off', {
    describe: 'the mode to be known to the database',
  });
  const drop = `select format('drop table %s', inhrelid::regclass) as text from pg_inherits where inhparent = 'rowhook.delivery'::regclass`;
  for (const { text } of await admin.query<{ text: string }>(drop)) await admin.query(text);
  const before = scene.bodies('orders').length;
  await insertOrder();
  await scene.waitForBodies('orders', before + 1);
  await extra?.kill('SIGTERM');
  expect(await admin.query(drop)).toEqual([]);
});
