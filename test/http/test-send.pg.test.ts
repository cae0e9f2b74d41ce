// A test send is a delivery in all but the books: the same guard, the same POST, a header that marks it, and nothing counted.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere, runJsonHere } from '../cli/cli-here.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startApiHere, type ApiHere } from './api-here.ts';

let api: ApiHere;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  api = await startApiHere({ allowTargets: '127.0.0.1' });
  await api.database.dba.query(`
    create schema erp;
    create type erp.color as enum ('red', 'green');
    create table erp.item (id int primary key, "companyId" text not null, name varchar, price numeric, is_new bool, at timestamptz, color erp.color,
      tags text[], doc jsonb);
    create table erp.setting (id text primary key, value text);
    insert into erp.setting values ('smtp', 'not for companies');
    insert into erp.item (id, "companyId", price) values (1, 'abc', 10.50), (2, 'xyz', 9);
    select rowhook.enable_table('erp.item');
    select rowhook.enable_table('erp.setting', company_column => null);
    select rowhook.make_delivery_partition((now() at time zone 'UTC')::date);
  `);
  const service = new URL(api.database.serviceUrl).username;
  await api.database.admin.query(
    `grant usage on schema erp to ${service}; grant select on all tables in schema erp to ${service}`,
  );
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

function webhook(path: string, change: object = {}): object {
  return { name: path, table: 'item', companyId: 'abc', url: receiver.url + path, onInsert: true, ...change };
}

test('it goes to an unsaved webhook, with a row of its company, marked and counted nowhere', async () => {
  const { status, body } = await api.ask('POST', '/v1/webhooks/test', { body: webhook('/unsaved') });
  expect([status, body]).toEqual([
    200,
    expect.objectContaining({ isDelivered: true, status: 200, sample: 'table' }),
  ]);
  const [request, ...others] = receiver.requestsTo('/unsaved');
  expect(others).toEqual([]);
  expect(request?.headers).toMatchObject({ 'content-type': 'application/json', 'rowhook-delivery': 'test' });
  expect(JSON.parse(request?.body ?? '')).toMatchObject({
    type: 'INSERT',
    table: 'item',
    companyId: 'abc',
    record: { id: 1, companyId: 'abc', price: 10.5 },
  });
  expect(request?.body).toContain('"price":10.50');
  expect((await api.ask('GET', '/v1/webhooks')).body['data']).toEqual([]);
});

test("of rows that belong to no company a company's test shows none", async () => {
  const token = await api.tokenOf('abc');
  const { body, text } = await api.ask('POST', '/v1/webhooks/test', {
    token,
    body: webhook('/setting', { table: 'setting' }),
  });
  expect(body['sample']).toBe('columns');
  expect(text).not.toContain('not for companies');
  const theirs = await api.ask('POST', '/v1/webhooks/test', {
    token: await api.tokenOf('xyz'),
    body: webhook('/x', { companyId: 'xyz' }),
  });
  expect(JSON.parse(String(theirs.body['sentBody']))).toMatchObject({ record: { id: 2, companyId: 'xyz' } });
});

test('a company has one test at a time', async () => {
  const token = await api.tokenOf('abc');
  const answer = Promise.withResolvers<undefined>();
  receiver.behave(async () => {
    await answer.promise;
    return {};
  }, '/slow');
  const first = api.ask('POST', '/v1/webhooks/test', { token, body: webhook('/slow') });
  await receiver.waitFor(1, { path: '/slow' });
  expect((await api.ask('POST', '/v1/webhooks/test', { token, body: webhook('/second') })).status).toBe(429);
  expect((await api.ask('POST', '/v1/webhooks/test', { body: webhook('/second') })).status).toBe(200);
  answer.resolve(undefined);
  expect((await first).body).toMatchObject({ isDelivered: true });
});

test('it goes to a saved one, and leaves its counters alone', async () => {
  await api.ask('POST', '/v1/webhooks', {
    body: webhook('/saved', { id: 'wh_1', onInsert: false, onUpdate: true }),
  });
  const { body } = await api.ask('POST', '/v1/webhooks/wh_1/test', { body: {} });
  expect(body).toMatchObject({ isDelivered: true, outcome: 'delivered 200' });
  expect(JSON.parse(receiver.requestsTo('/saved')[0]?.body ?? '')).toMatchObject({
    type: 'UPDATE',
    old: { id: 1 },
  });
  const { body: after } = await api.ask('GET', '/v1/webhooks/wh_1');
  expect(after).toMatchObject({ claimedCount: 0, successCount: 0, errorCount: 0, lastSuccessAt: null });
});

test('what was sent not long ago is what a test sends', async () => {
  const sent = '{"type":"INSERT","table":"item","companyId":"abc","record":{"id":770077077}}';
  await api.database.admin.query(
    `insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, type, attempt, outcome, body)
     select now(), uid, id, company_id, '1-0-0', 'item', 'INSERT', 1, 'delivered', $1 from rowhook.webhook where id = 'wh_1'`,
    [sent],
  );
  const { body } = await api.ask('POST', '/v1/webhooks/test', { body: webhook('/logged') });
  expect(body).toMatchObject({ sample: 'delivery log', sentBody: sent });
  const theirs = await api.ask('POST', '/v1/webhooks/test', {
    body: webhook('/theirs', { companyId: 'xyz' }),
  });
  expect(theirs.body).toMatchObject({ sample: 'table' });
  expect(theirs.text).not.toContain('770077077');
});

test('where the table may not be read, the row is made of its columns', async () => {
  const service = new URL(api.database.serviceUrl).username;
  await api.database.admin.query(`revoke select on erp.item from ${service}; delete from rowhook.delivery`);
  const { body } = await api.ask('POST', '/v1/webhooks/test', { body: webhook('/made') });
  expect(body['sample']).toBe('columns');
  expect(JSON.parse(String(body['sentBody']))).toEqual({
    type: 'INSERT',
    table: 'item',
    companyId: 'abc',
    record: {
      ...{ id: 1, companyId: 'abc', name: 'sample name', price: 1, is_new: true },
      ...{ at: '2026-01-31T12:00:00+00:00', color: 'red', tags: [], doc: {} },
    },
  });
});

test('the guard and the outcome are those of a delivery', async () => {
  const blocked = await api.ask('POST', '/v1/webhooks/test', {
    body: webhook('/', { url: 'http://169.254.169.254/' }),
  });
  expect([blocked.status, blocked.body['detail']]).toEqual([422, expect.stringContaining('blocked_address')]);
  const refused = await api.ask('POST', '/v1/webhooks/test', {
    body: webhook('/', { url: 'http://127.0.0.1:9/' }),
  });
  expect(refused.body).toMatchObject({
    isDelivered: false,
    status: null,
    outcome: expect.stringMatching(/^refused/) as string,
  });
});

test('a table that nobody knows has no row to send', async () => {
  const { status } = await api.ask('POST', '/v1/webhooks/test', {
    body: webhook('/none', { table: 'nothing' }),
  });
  expect(status).toBe(422);
});

test('the command does the same, and its exit code says what came of it', async () => {
  const env = { DATABASE_URL: api.database.serviceUrl, ROWHOOK_ALLOW_TARGETS: '127.0.0.1' };
  const { json } = await runJsonHere(['webhook', 'test', 'wh_1'], env);
  expect(json).toMatchObject({ isDelivered: true, outcome: 'delivered 200' });
  const closed = await runHere(['webhook', 'test', 'wh_1'], { DATABASE_URL: api.database.serviceUrl });
  expect(closed.exitCode).toBe(1);
  expect(closed.stdout).toMatch(/^blocked_address/);
  expect(closed.stderr).toContain(
    'Set it for this command and for the service: without --api it is this command that sends.',
  );
  expect((await runHere(['webhook', 'test', 'nobody'], env)).stderr).toContain(
    'no webhook has the id nobody',
  );
});
