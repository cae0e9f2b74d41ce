// What is sent again is a delivery of its own: the body as the log has it, to the webhook as it is now, marked, logged, and counted nowhere.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startReceiver, type ReceivedRequest, type Receiver } from '../support/receiver.ts';
import { waitUntil } from '../support/wait.ts';
import { adminToken, startApiHere, type Answered, type ApiHere } from './api-here.ts';

let api: ApiHere;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
  api = await startApiHere({ allowTargets: '127.0.0.1', limits: { waitMs: 200, lockMs: 1_000 } });
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
  expect(Number(String(answer['id']).split('-')[0]) % 2).toBe(1);
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
  const dry = { body: { since, dryRun: true }, token };
  expect((await api.ask('POST', `/v1/webhooks/${webhook}/resend`, dry)).body['count']).toBe(1);
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

test("the outcome is written down, however slow other companies' reads are", async () => {
  const id = await log();
  const answer = Promise.withResolvers<undefined>();
  receiver.behave(async () => {
    await answer.promise;
    return {};
  });
  const asked = resend(id, await api.tokenOf('abc'));
  await receiver.waitFor(1, { path: `/${webhook}` });
  await using holder = await api.database.connect(api.database.adminUrl);
  await holder.query('begin; lock table rowhook.loss in access exclusive mode');
  const tokens = await Promise.all(['one', 'one', 'two', 'two'].map((company) => api.tokenOf(company)));
  const reads = tokens.map((token) => api.ask('GET', '/v1/losses', { token }));
  await waitUntil(async () => (await waitingForLocks()).length === 4, { describe: 'four slow reads' });
  answer.resolve(undefined);
  expect((await asked).body).toMatchObject({ isDelivered: true });
  await holder.query('rollback');
  await Promise.all(reads);
  expect((await deliveries())[0]).toMatchObject({ resendOf: id, outcome: 'delivered' });
});

test('where the outcome cannot be written at once it is tried again', async () => {
  const id = await log();
  await using holder = await api.database.connect(api.database.adminUrl);
  receiver.behave(async () => {
    await holder.query('begin; lock table rowhook.delivery in exclusive mode');
    return {};
  });
  const asked = resend(id);
  const tries = new Set<string>();
  await waitUntil(
    async () => {
      for (const at of await waitingForLocks()) tries.add(at);
      return tries.size >= 2;
    },
    { describe: 'a second try' },
  );
  await holder.query('commit');
  expect((await asked).body).toMatchObject({ isDelivered: true });
  expect((await deliveries())[0]).toMatchObject({ resendOf: id, outcome: 'delivered' });
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

async function resendMany(body: object, query = ''): Promise<Answered> {
  return await api.ask('POST', `/v1/webhooks/${webhook}/resend${query}`, { body });
}

const since = '2000-01-01T00:00:00Z';

function arrived(): string[] {
  return received().map(({ body }) => body);
}

test('of a stretch of time what did not arrive is sent again, oldest first, page by page', async () => {
  const bodies = ['a', 'b', 'c', 'd', 'e'].map((key, n) => bodyOf(key, n));
  await log({ key: 'a', body: bodies[0] ?? '' });
  await log({ key: 'x', outcome: 'delivered' });
  await log({ key: 'b', body: bodies[1] ?? '', outcome: 'rejected' });
  await log({ key: 'c', body: bodies[2] ?? '', outcome: 'interrupted' });
  await log({ key: 'd', body: bodies[3] ?? '', outcome: 'dropped', class: 'breaker_open' });
  await log({ key: 'e', body: bodies[4] ?? '', class: 'refused' });
  expect((await resendMany({ since, dryRun: true })).body).toEqual({
    count: 5,
    withoutBody: 0,
    data: [],
    nextCursor: expect.any(String) as string,
  });
  expect(received()).toEqual([]);
  const pages: unknown[] = [];
  let cursor: unknown = '';
  while (typeof cursor === 'string') {
    const { status, body } = await resendMany(
      { since },
      `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    expect(status).toBe(200);
    pages.push(body['data']);
    cursor = body['nextCursor'];
  }
  expect(pages.map((page) => (page as unknown[]).length)).toEqual([2, 2, 1]);
  expect(arrived().toSorted()).toEqual(bodies);
  expect(received().every(({ headers }) => headers['rowhook-delivery'] === 'resend')).toBe(true);
});

test('it is done once: what arrived, or may have, is left out the next time', async () => {
  await log({ key: 'a' });
  await log({ key: 'b' });
  receiver.behave(({ body }) => ({ status: body.includes('"b"') ? 500 : 200 }));
  expect((await resendMany({ since })).body['data']).toMatchObject([
    { key: 'a', isDelivered: true },
    { key: 'b', isDelivered: false },
  ]);
  receiver.clear();
  receiver.behave({ status: 200 });
  expect((await resendMany({ since })).body['data']).toMatchObject([{ key: 'b', isDelivered: true }]);
  expect((await resendMany({ since })).body['data']).toEqual([]);
  expect(received()).toHaveLength(1);
});

async function resendTwice(body: object): Promise<Record<string, unknown>[]> {
  const both = [resendMany(body), resendMany(body)];
  return (await Promise.all(both)).flatMap((each) => each.body['data'] as Record<string, unknown>[]);
}

/** When each of the statements that wait for a lock began. */
async function waitingForLocks(): Promise<string[]> {
  const rows = await api.database.admin.query(
    `select query_start::text as at from pg_stat_activity where application_name = 'rowhook-api' and wait_event_type = 'Lock'
       and datname = current_database()`,
  );
  return rows.map((row) => String(row['at']));
}

// Both have chosen what to send before either begins, and want to begin the same one.
async function atTheSameTime<T>(ask: () => Promise<T>): Promise<T> {
  await using holder = await api.database.connect(api.database.adminUrl);
  await holder.query('begin; lock table rowhook.delivery in exclusive mode');
  const asked = ask();
  await waitUntil(async () => (await waitingForLocks()).length >= 2, { describe: 'two resends to begin' });
  await holder.query('commit');
  return await asked;
}

test('of two requests for the same each delivery goes out once, and the other one is told', async () => {
  for (let n = 0; n < 6; n++) await log({ key: 'same' });
  const data = await atTheSameTime(() => resendTwice({ since }));
  const sent = data.filter(({ isDelivered }) => isDelivered === true);
  expect(new Set(sent.map(({ deliveryId }) => deliveryId)).size).toBe(6);
  expect(received()).toHaveLength(6);
  for (const other of data.filter((each) => !sent.includes(each))) {
    expect(other).toMatchObject({
      isSentElsewhere: true,
      refusal: 'another resend had it meanwhile',
      id: null,
    });
  }
  expect(data.length).toBeGreaterThan(6);
});

test('of what is asked for whether it arrived or not, each request sends its own', async () => {
  for (let n = 0; n < 3; n++) await log({ key: 'same' });
  const data = await atTheSameTime(() => resendTwice({ since, outcomes: ['delivered', 'failed'] }));
  expect(data.map(({ isDelivered }) => isDelivered)).toEqual([true, true, true, true, true, true]);
  expect(received()).toHaveLength(6);
});

test('outcomes, reason and end narrow it down', async () => {
  await log({ key: 'a', class: 'timeout' });
  await log({ key: 'b', class: 'refused' });
  await log({ key: 'c', outcome: 'delivered' });
  const count = async (body: object): Promise<unknown> =>
    (await resendMany({ since, dryRun: true, ...body })).body['count'];
  expect(await count({})).toBe(2);
  expect(await count({ reason: 'refused' })).toBe(1);
  expect(await count({ outcomes: ['delivered'] })).toBe(1);
  expect(await count({ outcomes: ['delivered', 'failed'] })).toBe(3);
  expect(await count({ until: since })).toBe(0);
});

test('with the cursor of a dry run goes out what it counted, and nothing that failed since', async () => {
  await log({ key: 'counted' });
  const { count, nextCursor } = (await resendMany({ since, dryRun: true })).body;
  await log({ key: 'later' });
  await api.database.admin.query(
    `update rowhook.delivery set at = clock_timestamp() where webhook_id = $1 and key = 'later'`,
    [webhook],
  );
  const { body } = await resendMany({ since }, `?cursor=${String(nextCursor)}`);
  expect([count, body]).toMatchObject([1, { data: [{ key: 'counted' }], nextCursor: null }]);
  await resendMany({ since });
  expect((await resendMany({ since, dryRun: true })).body).toMatchObject({ count: 0, nextCursor: null });
});

test('a record gets its versions one after the other, others go out beside it', async () => {
  const ofA = [41, 42, 43, 44].map((n) => bodyOf('a', n));
  await log({ key: 'a', body: ofA[0] ?? '' });
  await log({ key: 'a', body: ofA[1] ?? '' });
  await log({ key: 'b' });
  await log({ key: 'a', body: ofA[2] ?? '' });
  await log({ key: 'c', oldKey: 'a', type: 'UPDATE', body: ofA[3] ?? '' });
  const beside = Promise.withResolvers<undefined>();
  const open: string[] = [];
  receiver.behave(async ({ json }) => {
    const { id, n } = json()['record'] as { id: string; n: number };
    if (id === 'b') {
      beside.resolve(undefined);
      return { status: 200 };
    }
    open.push(`begins ${n}`);
    // The second one is out until the other record's has come: they are out together.
    if (open.length === 3) await beside.promise;
    open.push(`ends ${n}`);
    return { status: 200 };
  });
  const { body } = await resendMany({ since });
  const results = body['data'] as { isDelivered: boolean }[];
  expect(results.map((each) => each.isDelivered)).toEqual([true, true, true, true, true]);
  const numbers = ofA.map((each) => Number(/"n":(\d+)/.exec(each)?.[1]));
  expect(open).toEqual(numbers.flatMap((n) => [`begins ${n}`, `ends ${n}`]));
});

test('a webhook that is paused in the middle gets nothing more', async () => {
  for (let n = 0; n < 3; n++) await log({ key: 'same' });
  receiver.behave(async () => {
    await api.ask('PATCH', `/v1/webhooks/${webhook}`, { body: { active: false } });
    return { status: 200 };
  });
  const { body } = await resendMany({ since });
  const refusal = 'its webhook was paused or deleted meanwhile';
  expect(body['data']).toMatchObject([{ isDelivered: true }, { refusal, id: null }, { refusal, id: null }]);
  expect(received()).toHaveLength(1);
  expect((await resendMany({ since })).body['detail']).toContain('is paused');
});

test('a caller who goes away stops the rest', async () => {
  for (let n = 0; n < 5; n++) await log({ key: 'same' });
  const answer = Promise.withResolvers<undefined>();
  receiver.behave(async () => {
    await answer.promise;
    return {};
  });
  const leaving = new AbortController();
  const asked = fetch(`${api.url}/v1/webhooks/${webhook}/resend`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ since }),
    signal: leaving.signal,
  }).catch(() => null);
  await receiver.waitFor(1, { path: `/${webhook}` });
  leaving.abort();
  await asked;
  // The connection was closed before this request came, and is seen to be by the time that it is answered.
  await api.ask('GET', '/v1/tables');
  answer.resolve(undefined);
  await waitUntil(async () => (await deliveries())[0]?.['outcome'] === 'delivered', {
    describe: 'the one under way to end',
  });
  await resend(await log({ key: 'same' }));
  expect(received()).toHaveLength(2);
});

test.each([
  ['nothing', {}, /give either since or loss/],
  ['both', { since, loss: 1 }, /give either since or loss/],
  ['a loss with a reason', { loss: 1, reason: 'timeout' }, /a loss names what is sent/],
  ['an outcome that there is not', { since, outcomes: ['lost'] }, /body\.outcomes/],
])('%s is refused with what to give instead', async (_what, body, words) => {
  const { status, body: problem } = await resendMany(body);
  expect([status, problem['detail']]).toEqual([422, expect.stringMatching(words)]);
});

interface LossRow {
  readonly reason: string;
  readonly count: number | null;
  readonly from?: string | null;
  readonly to?: string | null;
  readonly isNobodys?: boolean;
}

async function lose({ reason, count, from = null, to = null, isNobodys = false }: LossRow): Promise<number> {
  const [row] = await api.database.service.query(
    `insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position, detail)
     select w.uid, w.id, w.company_id, 'item', $1, $2, $3, $4, 'what is known' from (select 1) one
     left join rowhook.webhook w on w.id = $5 and not $6 returning id`,
    [reason, count, from, to, webhook, isNobodys],
  );
  return Number(row?.['id']);
}

const position = (n: number): string => `1-${n.toString(16).toUpperCase().padStart(16, '0')}-0`;

test.each([
  ['timeout', 'failed', 'timeout'],
  ['interrupted', 'interrupted', undefined],
  ['breaker_open', 'dropped', 'breaker_open'],
] as const)(
  'what a loss of the reason %s names is sent again, and nothing beside it',
  async (reason, outcome, kind) => {
    const row = { outcome, ...(kind && { class: kind }) };
    await log({ ...row, key: 'before', change: position(0xff) });
    await log({ ...row, key: 'first', change: position(0x100) });
    await log({ outcome: 'rejected', key: 'other', change: position(0x101) });
    await log({ outcome: 'delivered', key: 'arrived', change: position(0x102) });
    await log({ ...row, key: 'last', change: position(0x10a) });
    await log({ ...row, key: 'behind', change: position(0x10b) });
    const loss = await lose({ reason, count: 2, from: position(0x100), to: position(0x10a) });
    expect((await resendMany({ loss, dryRun: true })).body).toMatchObject({ count: 2, withoutBody: 0 });
    expect((await resendMany({ loss })).body).toMatchObject({
      data: [{ key: 'first' }, { key: 'last' }],
      nextCursor: null,
    });
    expect(
      received()
        .map(({ json }) => (json()['record'] as { id: string }).id)
        .toSorted(),
    ).toEqual(['first', 'last']);
    expect((await resendMany({ loss })).body).toMatchObject({ data: [] });
  },
);

test('of a loss the record as it is now goes out where the log has no body, to its company only', async () => {
  const service = new URL(api.database.serviceUrl).username;
  await api.database.admin.query(
    `delete from erp.item; insert into erp.item values ('here', 'abc', 'now'), ('moved', 'xyz', 'theirs')`,
  );
  for (const [n, key] of ['here', 'moved', 'gone'].entries())
    await log({ key, body: null, type: 'UPDATE', change: position(0x200 + n) });
  await log({ key: 'here', body: null, type: 'DELETE', change: position(0x203) });
  const loss = await lose({ reason: 'timeout', count: 4, from: position(0x200), to: position(0x203) });
  const refusals = async (token?: string): Promise<unknown[]> => {
    const { body } = await api.ask('POST', `/v1/webhooks/${webhook}/resend`, {
      body: { loss },
      ...(token !== undefined && { token }),
    });
    return (body['data'] as { refusal: string | null }[]).map((each) => each.refusal);
  };
  const grant = `grant usage on schema "erp" to "${service}"; grant select on "erp"."item" to "${service}";`;
  expect((await refusals())[0]).toContain(grant);
  expect((await refusals(await api.tokenOf('abc')))[0]).toBe(
    'its body is not in the log, and the service may not read the table',
  );
  expect(received()).toEqual([]);
  await api.database.admin.query(grant);
  const noRecord = expect.stringContaining('there is no such record of the company any more') as string;
  expect(await refusals()).toEqual([null, noRecord, noRecord, 'of a DELETE there is no row now']);
  expect(arrived()).toEqual([
    '{"type":"UPDATE","table":"item","companyId":"abc","record":{"id":"here","companyId":"abc","note":"now"},"old":null}',
  ]);
  const [row] = await deliveries();
  expect((await api.ask('GET', `/v1/deliveries/${String(row?.['id'])}`)).body).toMatchObject({
    body: arrived()[0],
  });
});

test('of a table that is disabled no record is read any more, and what the log has goes out', async () => {
  const { admin, dba, serviceUrl } = api.database;
  const service = new URL(serviceUrl).username;
  await admin.query(`
    insert into erp.item values ('kept', 'abc', 'a secret of later') on conflict do nothing;
    grant usage on schema erp to ${service}; grant select on erp.item to ${service}`);
  await log({ key: 'kept', body: null, change: position(0x300) });
  const body = bodyOf('kept', 1);
  await log({ key: 'kept', body, change: position(0x301) });
  const loss = await lose({ reason: 'timeout', count: 2, from: position(0x300), to: position(0x301) });
  await dba.query(`select rowhook.disable_table('erp.item')`);
  try {
    expect((await resendMany({ loss })).body['data']).toMatchObject([
      { id: null, refusal: expect.stringContaining('item is not enabled any more') as string },
      { isDelivered: true },
    ]);
  } finally {
    await dba.query(`select rowhook.enable_table('erp.item')`);
  }
  expect(arrived()).toEqual([body]);
});

test.each([
  [
    'a gap',
    { reason: 'gap', count: null, from: position(1), to: position(2) },
    /how many is unknown, from change 1-0000000000000001-0 to .*what is known/,
  ],
  [
    'what the log lacks',
    { reason: 'interrupted', count: 7, from: position(0x900), to: position(0x901) },
    /interrupted, 7 deliveries, from change/,
  ],
  ['what nobody can tell', { reason: 'undecidable', count: 3, isNobodys: true }, /names no webhook/],
] as const)(
  'of a loss that is %s nothing can be sent, and it says what is known',
  async (_what, row, words) => {
    const loss = await lose(row);
    const { status, body } = await resendMany({ loss });
    expect([status, body['detail']]).toEqual([422, expect.stringMatching(words)]);
  },
);

test("a loss is of its own webhook, and another company's is not there", async () => {
  const loss = await lose({ reason: 'timeout', count: 1, from: position(1), to: position(1) });
  const theirs = await api.ask('POST', `/v1/webhooks/${await createWebhook(`${webhook}_2`)}/resend`, {
    body: { loss },
  });
  expect([theirs.status, theirs.body['detail']]).toEqual([
    422,
    expect.stringContaining("is another webhook's"),
  ]);
  const xyz = await createWebhook(`${webhook}_3`, { companyId: 'xyz' });
  const token = await api.tokenOf('xyz');
  expect((await api.ask('POST', `/v1/webhooks/${xyz}/resend`, { body: { loss }, token })).status).toBe(404);
  expect((await resendMany({ loss: loss + 1000 })).status).toBe(404);
});
