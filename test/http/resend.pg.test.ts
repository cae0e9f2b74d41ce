// What is sent again is a delivery of its own: the body as the log has it, to the webhook as it is now, marked, logged, and counted nowhere.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import { startApiHere, type Answered, type ApiHere } from './api-here.ts';

let api: ApiHere;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  api = await startApiHere({ allowTargets: '127.0.0.1' });
  await api.database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null, note text);
    select rowhook.enable_table('erp.item');
  `);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

let webhook: string;
let webhooks = 0;

beforeEach(async () => {
  webhooks += 1;
  webhook = await createWebhook(`wh_${webhooks}`);
  receiver.behave({ status: 200 });
});

async function createWebhook(id: string, change: object = {}): Promise<string> {
  const body = {
    id,
    name: id,
    table: 'item',
    companyId: 'abc',
    url: `${receiver.url}/${id}`,
    onInsert: true,
    ...change,
  };
  expect((await api.ask('POST', '/v1/webhooks', { body })).status).toBe(201);
  return id;
}

interface Row {
  readonly key?: string | null;
  readonly oldKey?: string;
  readonly outcome?: string;
  readonly class?: string;
  readonly body?: string | null;
  readonly bytes?: number | null;
  readonly change?: string;
  readonly type?: string;
}

let logged = 0;

/** As the service logs it, each a while after the one before. Returns its id. */
async function log(row: Row = {}): Promise<string> {
  logged += 1;
  const { key = 'k1', outcome = 'failed', class: kind = 'timeout', type = 'INSERT' } = row;
  const {
    body = bodyOf(key, logged),
    change = `1-${logged.toString(16).toUpperCase().padStart(16, '0')}-0`,
  } = row;
  await api.database.service.query(
    `select rowhook.make_delivery_partition((now() at time zone 'UTC')::date)`,
  );
  const [found] = await api.database.service.query(
    `insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, old_key, type, attempt, outcome, class,
       body_bytes, body)
     select date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + $1 * interval '2 microseconds', uid, id, company_id, $2, 'item', $3, $4, $5,
       1, $6, $7, $8, $9 from rowhook.webhook where id = $10
     returning (extract(epoch from at) * 1000000)::bigint || '-' || uid as id`,
    [
      logged,
      change,
      key,
      row.oldKey ?? null,
      type,
      outcome,
      outcome === 'failed' || outcome === 'dropped' ? kind : null,
      row.bytes === undefined ? (body?.length ?? 100) : row.bytes,
      body,
      webhook,
    ],
  );
  return found?.['id'] ?? '';
}

function bodyOf(key: string | null, n: number): string {
  return `{"type":"INSERT","table":"item","companyId":"abc","record":{"id":${JSON.stringify(key)},"n":${n},"price":10.50,"note":"€"}}`;
}

function received(): ReceivedRequest[] {
  return receiver.requestsTo(`/${webhook}`);
}

async function resend(id: string, token?: string): Promise<Answered> {
  return await api.ask('POST', `/v1/deliveries/${id}/resend`, {
    body: {},
    ...(token !== undefined && { token }),
  });
}

async function deliveries(): Promise<Record<string, unknown>[]> {
  const { body } = await api.ask('GET', `/v1/webhooks/${webhook}/deliveries`);
  return body['data'] as Record<string, unknown>[];
}

test('one delivery is sent again with the same body, once, marked', async () => {
  const body = bodyOf('k1', 1);
  const id = await log({ body });
  const { status, body: answer } = await resend(id);
  expect([status, answer]).toMatchObject([
    200,
    { deliveryId: id, isDelivered: true, outcome: 'delivered 200', status: 200, refusal: null },
  ]);
  const [request, ...others] = received();
  expect(others).toEqual([]);
  expect(request?.body).toBe(body);
  expect(request?.headers).toMatchObject({
    'content-type': 'application/json',
    'rowhook-delivery': 'resend',
  });
});

test('it has a row of its own, and neither the first one nor a counter changes', async () => {
  const id = await log();
  const before = (await api.ask('GET', `/v1/deliveries/${id}`)).body;
  const first = (await resend(id)).body['id'];
  receiver.behave({ status: 503, body: 'busy' });
  const second = (await resend(String(first))).body;
  expect(second).toMatchObject({ isDelivered: false, outcome: 'rejected 503', deliveryId: first });
  const found = await api.ask('GET', `/v1/deliveries/${id}`);
  expect(found.body).toEqual({ ...before, others: [expect.anything(), expect.anything()] });
  expect(found.body['others']).toMatchObject([
    { id: second['id'], resendOf: id, outcome: 'rejected', status: 503, attempt: 1 },
    { id: first, resendOf: id, outcome: 'delivered', status: 200, changeId: before['changeId'], key: 'k1' },
  ]);
  const { body: again } = await api.ask('GET', `/v1/deliveries/${String(first)}`);
  expect(again).toMatchObject({
    resendOf: id,
    body: before['body'],
    bodyAbsence: null,
    totalMs: expect.any(Number) as number,
  });
  expect((again['others'] as { id: string }[]).map((each) => each.id)).toEqual([second['id'], id]);
  expect((await deliveries()).map((each) => [each['id'], each['resendOf']])).toEqual([
    [second['id'], id],
    [first, id],
    [id, null],
  ]);
  const { body: counts } = await api.ask('GET', `/v1/webhooks/${webhook}`);
  expect(counts).toMatchObject({ claimedCount: 0, successCount: 0, errorCount: 0, lastErrorAt: null });
  expect((await api.ask('GET', `/v1/losses?webhook=${webhook}`)).body['data']).toEqual([]);
});

test('it goes where the webhook points now, and the guard and the outcomes are those of a delivery', async () => {
  const id = await log();
  await api.ask('PATCH', `/v1/webhooks/${webhook}`, { body: { url: 'http://127.0.0.1:9/' } });
  expect((await resend(id)).body).toMatchObject({ isDelivered: false, status: null });
  await api.database.admin.query(`update rowhook.webhook set url = 'http://169.254.169.254/' where id = $1`, [
    webhook,
  ]);
  expect((await resend(id)).body).toMatchObject({
    outcome: expect.stringMatching(/^blocked_address/) as string,
  });
  expect(await deliveries()).toMatchObject([
    { class: 'blocked_address' },
    { class: 'refused' },
    { class: 'timeout' },
  ]);
  expect(received()).toEqual([]);
});

test.each([
  ['forgotten', { body: null }, /removed by rowhook forget/],
  ['larger than the log keeps', { body: null, bytes: 1_048_577 }, /it had 1048577 bytes, and the log keeps/],
  ['never at hand', { body: null, bytes: null, key: null }, /dropped without being read again/],
] as const)(
  'a body that was %s is not made up: nothing is sent, and it says why',
  async (_what, row, words) => {
    const id = await log(row);
    const { status, body } = await resend(id);
    expect([status, body['detail']]).toEqual([422, expect.stringMatching(words)]);
    expect((await api.ask('GET', `/v1/deliveries/${id}`)).body).toMatchObject({
      body: null,
      bodyAbsence: expect.stringMatching(words) as string,
    });
    expect(received()).toEqual([]);
    expect(await deliveries()).toHaveLength(1);
  },
);

test('where the DBA turned bodies off it says so, and keeps none of what is sent again', async () => {
  const logBodies = async (on: boolean): Promise<void> => {
    await api.database.dba.query(
      `update rowhook.subscribable_table set log_bodies = ${on} where name = 'item'`,
    );
  };
  const [kept, off] = [await log(), await log({ body: null })];
  await logBodies(false);
  try {
    expect((await resend(off)).body['detail']).toContain('the DBA turned them off (log_bodies)');
    const { body } = await resend(kept);
    expect(body).toMatchObject({ isDelivered: true });
    const [row] = await api.database.service.query(
      `select body, answer from rowhook.delivery where resend_of is not null and webhook_id = $1`,
      [webhook],
    );
    expect(row).toEqual({ body: null, answer: null });
  } finally {
    await logBodies(true);
  }
});

test('what is forgotten is forgotten of what was sent again, too', async () => {
  const id = await log({ key: 'secret' });
  const again = String((await resend(id)).body['id']);
  await api.database.dba.query(`select rowhook.forget('item', 'secret')`);
  for (const each of [id, again]) {
    const { body } = await api.ask('GET', `/v1/deliveries/${each}`);
    expect(body).toMatchObject({
      body: null,
      bodyAbsence: expect.stringContaining('rowhook forget') as string,
    });
    expect((await resend(each)).status).toBe(422);
  }
  expect(received()).toHaveLength(1);
});

test('to a webhook that is paused or deleted nothing is sent', async () => {
  const id = await log();
  await api.ask('PATCH', `/v1/webhooks/${webhook}`, { body: { active: false } });
  expect((await resend(id)).body['detail']).toContain('is paused');
  await api.ask('DELETE', `/v1/webhooks/${webhook}`);
  expect((await resend(id)).body['detail']).toContain('is deleted');
  await createWebhook(webhook);
  const { status, body } = await resend(id);
  expect([status, body['detail']]).toEqual([422, expect.stringContaining('is deleted')]);
  expect(received()).toEqual([]);
});

test("another company's is not there, and what is no id neither", async () => {
  const id = await log();
  const others = await api.tokenOf('xyz');
  expect((await resend(id, others)).status).toBe(404);
  expect((await api.ask('GET', `/v1/deliveries/${id}`, { token: others })).status).toBe(404);
  expect((await resend(id, await api.tokenOf('abc'))).status).toBe(200);
  for (const wrong of ['nobody', `${id}0`, '1769853600000042-7', `0${id}`])
    expect((await resend(wrong)).status).toBe(404);
  expect(received()).toHaveLength(1);
});

test('a company has one resend at a time, and the operator is not held up by it', async () => {
  const [first, second] = [await log(), await log()];
  const token = await api.tokenOf('abc');
  const answer = Promise.withResolvers<undefined>();
  receiver.behave(async () => {
    await answer.promise;
    return {};
  });
  const slow = resend(first, token);
  await receiver.waitFor(1, { path: `/${webhook}` });
  const early = await resend(second, token);
  expect([early.status, early.body['detail']]).toEqual([429, expect.stringContaining('Another resend')]);
  const byOperator = resend(second);
  await receiver.waitFor(2, { path: `/${webhook}` });
  answer.resolve(undefined);
  expect([(await slow).body['isDelivered'], (await byOperator).body['isDelivered']]).toEqual([true, true]);
});

test('before its first byte it is in the log, as one of which the outcome is not known', async () => {
  const id = await log();
  const answer = Promise.withResolvers<undefined>();
  receiver.behave(async () => {
    await answer.promise;
    return {};
  });
  const slow = resend(id);
  await receiver.waitFor(1, { path: `/${webhook}` });
  const [row] = await deliveries();
  expect(row).toMatchObject({ resendOf: id, outcome: 'interrupted', totalMs: null });
  answer.resolve(undefined);
  expect((await slow).body['id']).toBe(row?.['id']);
  expect((await deliveries())[0]).toMatchObject({ id: row?.['id'], outcome: 'delivered', detail: null });
});

test('where the row cannot be written nothing is sent', async () => {
  const id = await log();
  await api.database.admin.query('revoke insert on rowhook.delivery from rowhook_service');
  try {
    expect((await resend(id)).status).toBeGreaterThanOrEqual(500);
  } finally {
    await api.database.admin.query('grant insert on rowhook.delivery to rowhook_service');
  }
  expect(received()).toEqual([]);
});

test('a row of what the service sent is never changed, also by the service', async () => {
  const id = await log();
  const rewrite = `update rowhook.delivery set outcome = 'delivered' where resend_of is null returning uid`;
  expect(await api.database.service.query(rewrite)).toEqual([]);
  expect(await deliveries()).toMatchObject([{ id, outcome: 'failed' }]);
});
