// /v1/events: who is told of what, from where on, and what ends a stream.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import type { Listener } from '../support/listen.ts';
import { startApiHere, type ApiHere } from './api-here.ts';

let api: ApiHere;

beforeAll(async () => {
  api = await startApiHere();
  await api.database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item')`);
  await api.database.admin.query(`
    select rowhook.make_delivery_partition((now() at time zone 'UTC')::date);
    select rowhook.make_delivery_partition((now() at time zone 'UTC')::date + 1);
    select rowhook.make_delivery_partition((now() at time zone 'UTC')::date - 1)`);
  for (const company of ['ours', 'theirs']) await createWebhook(`wh_${company}`, company);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await api.database.admin.query('delete from rowhook.delivery');
});

async function createWebhook(id: string, companyId: string): Promise<void> {
  const body = {
    id,
    name: id,
    companyId,
    table: 'item',
    url: `https://hooks.example.com/${id}`,
    onInsert: true,
  };
  expect((await api.ask('POST', '/v1/webhooks', { body })).status).toBe(201);
}

/** As the service writes it: one after the other, `secondsAgo` and later. */
async function log(
  webhook: string,
  { count = 1, secondsAgo = 0, detail = '' }: { count?: number; secondsAgo?: number; detail?: string } = {},
): Promise<string[]> {
  const rows = await api.database.admin.query(
    `insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome, detail)
     select clock_timestamp() - make_interval(secs => $3) + n * interval '1 us', w.uid, w.id, w.company_id, '1-0-' || n, 'item', n::text,
            'INSERT', 1, 'delivered', $4
     from rowhook.webhook w cross join generate_series(1, $2::int) n where w.id = $1
     returning to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at`,
    [webhook, count, secondsAgo, detail],
  );
  return rows.map((row) => row['at'] ?? '').sort();
}

function idsOf(listener: Listener): (string | undefined)[] {
  return listener.events.filter(({ name }) => name === 'delivery').map(({ id }) => id);
}

async function as(company: string): Promise<{ token: string }> {
  return { token: await api.tokenOf(company) };
}

test('a company is told of its own deliveries, the operator of all, without bodies', async () => {
  using ours = await api.listen(await as('ours'));
  using operator = await api.listen();
  expect([ours.status, ours.headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const [theirAt] = await log('wh_theirs');
  const [ownAt] = await log('wh_ours');
  const event = await ours.waitFor('delivery');
  expect([event.id, event.data['at'], event.data['webhookId']]).toEqual([ownAt, ownAt, 'wh_ours']);
  expect(event.data).not.toHaveProperty('body');
  await waitUntil(() => idsOf(operator).length === 2, { describe: 'both deliveries at the operator' });
  expect(idsOf(operator)).toEqual([theirAt, ownAt]);
  await operator.waitFor('status');
  expect(ours.text).not.toMatch(/theirs|event: status/);
});

test('what is sent again is no event', async () => {
  const [first] = await log('wh_ours', { secondsAgo: 60 });
  using stream = await api.listen(await as('ours'));
  await api.database.admin.query(`
    insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, resend_of, outcome)
    select clock_timestamp() + interval '1 s', uid, webhook_id, company_id, change_id, table_name, key, type, 1, at, 'delivered'
    from rowhook.delivery`);
  const [next] = await log('wh_ours');
  await waitUntil(() => idsOf(stream).length > 0, { describe: 'what comes next' });
  expect([first, idsOf(stream)]).toEqual([expect.any(String), [next]]);
});

test('what a clock wrote that was ahead keeps nothing from those who listen, and is told when its time has come', async () => {
  using earlier = await api.listen(await as('ours'));
  await log('wh_ours', { secondsAgo: -600 });
  const [soon] = await log('wh_ours', { secondsAgo: -4 });
  using later = await api.listen(await as('ours'));
  const [now] = await log('wh_ours');
  for (const stream of [earlier, later]) {
    await waitUntil(() => idsOf(stream).length === 2, { describe: 'the time of the second' });
    expect([idsOf(stream), stream.text]).toEqual([
      [now, soon].sort(),
      expect.not.stringContaining('event: gap'),
    ]);
  }
});

test('a stream that is taken up again behind a time to come is told of what happens now', async () => {
  const id = new Date(Date.now() + 600_000).toISOString().replace('Z', '000Z');
  using stream = await api.listen({ ...(await as('ours')), headers: { 'last-event-id': id } });
  const [now] = await log('wh_ours');
  expect((await stream.waitFor('delivery')).id).toBe(now);
});

test('a webhook that changes, counts or is deleted is told to its company only', async () => {
  await createWebhook('wh_mine', 'ours');
  using ours = await api.listen(await as('ours'));
  using theirs = await api.listen(await as('theirs'));
  await api.ask('PATCH', '/v1/webhooks/wh_mine', { body: { active: false } });
  const { data } = await ours.waitFor('webhook', ({ active }) => active === false);
  expect([data['id'], data['url']]).toEqual(['wh_mine', 'https://hooks.example.com/wh_mine']);
  await api.database.admin.query(`
    insert into rowhook.counter (uid, claimed_count, success_count) select uid, 3, 3 from rowhook.webhook where id = 'wh_mine'
    on conflict (uid) do update set claimed_count = 3, success_count = 3`);
  await ours.waitFor('webhook', ({ claimedCount }) => claimedCount === 3);
  await api.ask('DELETE', '/v1/webhooks/wh_mine');
  expect((await ours.waitFor('webhook', ({ isDeleted }) => isDeleted === true)).data['id']).toBe('wh_mine');
  await log('wh_theirs');
  await theirs.waitFor('delivery');
  expect(theirs.text).not.toContain('wh_mine');
});

test('the operator is told how the service stands', async () => {
  using operator = await api.listen();
  const { data } = await operator.waitFor('status', ({ claimedPerSecond }) => claimedPerSecond !== null);
  expect(data).toMatchObject({
    leader: null,
    standbys: [],
    slot: null,
    lagSeconds: null,
    claimedPerSecond: 0,
  });
});

test('a stream that is taken up again begins behind the last event that arrived', async () => {
  const [first, second, third] = await log('wh_ours', { count: 3, secondsAgo: 60 });
  using stream = await api.listen({ ...(await as('ours')), headers: { 'last-event-id': first ?? '' } });
  await waitUntil(() => idsOf(stream).length >= 2, { describe: 'what was missed' });
  const [fourth] = await log('wh_ours');
  await waitUntil(() => idsOf(stream).length >= 3, { describe: 'what comes then' });
  expect(idsOf(stream)).toEqual([second, third, fourth]);
  expect(stream.events.map(({ name }) => name)).not.toContain('gap');
});

test('who joins a stream of others that runs gets what it missed, too, and they nothing twice', async () => {
  using earlier = await api.listen(await as('ours'));
  const sent = await log('wh_ours', { count: 3 });
  await waitUntil(() => idsOf(earlier).length === 3, { describe: 'all at the first' });
  using later = await api.listen({ ...(await as('ours')), headers: { 'last-event-id': sent[0] ?? '' } });
  const more = await log('wh_ours');
  for (const listener of [earlier, later]) {
    await waitUntil(() => idsOf(listener).at(-1) === more[0], { describe: 'the last at both' });
  }
  expect(idsOf(earlier)).toEqual([...sent, ...more]);
  expect(idsOf(later)).toEqual([...sent.slice(1), ...more]);
});

test('what is too much or too old to be sent again is named as a gap', async () => {
  const sent = await log('wh_ours', { count: 1_003, secondsAgo: 60 });
  using stream = await api.listen({ ...(await as('ours')), headers: { 'last-event-id': sent[0] ?? '' } });
  await waitUntil(() => idsOf(stream).length >= 1_000, { describe: 'the newest thousand' });
  expect(idsOf(stream)).toEqual(sent.slice(-1_000));
  expect(stream.events[0]).toMatchObject({ name: 'gap', data: { from: sent[0], to: sent[3] } });
  const old = '2020-01-01T00:00:00.000000Z';
  using older = await api.listen({ headers: { 'last-event-id': old } });
  expect((await older.waitFor('gap')).data['from']).toBe(old);
});

test('more deliveries at once than a stream takes are named as a gap', async () => {
  using stream = await api.listen(await as('ours'));
  const sent = await log('wh_ours', { count: 500 });
  await waitUntil(() => idsOf(stream).at(-1) === sent.at(-1), { describe: 'the newest' });
  const { data } = await stream.waitFor('gap');
  const shown = idsOf(stream);
  expect([data['to'], shown]).toEqual([shown[0], sent.slice(-shown.length)]);
});

test('a client that does not read is cut, and its last event says why; the others go on', async () => {
  using slow = await api.listen(await as('ours'));
  using quick = await api.listen(await as('ours'));
  slow.pause();
  // Text that no socket's buffers hold.
  await log('wh_ours', { count: 300, detail: 'x'.repeat(40_000) });
  await waitUntil(() => idsOf(quick).length === 300, { describe: 'all of it at the quick one' });
  const [next] = await log('wh_ours');
  await waitUntil(() => idsOf(quick).at(-1) === next, { describe: 'what comes later' });
  slow.resume();
  await slow.ended();
  expect(slow.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'slow' } });
  expect(idsOf(slow)).not.toContain(next);
});

test('a stream ends when its token expires', async () => {
  using stream = await api.listen({ token: await api.tokenOf('ours', 1) });
  await stream.ended();
  expect(stream.events.at(-1)).toMatchObject({ name: 'end', data: { reason: 'expired' } });
});

test('a company has four streams at most; who leaves makes room', async () => {
  const options = await as('theirs');
  const open = await Promise.all(Array.from({ length: 4 }, () => api.listen(options)));
  const fifth = await api.ask('GET', '/v1/events', options);
  expect([fifth.status, fifth.headers['retry-after']]).toEqual([429, '10']);
  expect(fifth.body['detail']).toMatch(/may be: 4/);
  expect((await api.ask('GET', '/v1/events', await as('ours'))).status).toBe(200);
  for (const listener of open) listener[Symbol.dispose]();
  await waitUntil(async () => (await api.ask('GET', '/v1/events', options)).status === 200, {
    describe: 'a place to be free',
  });
});

test.each([
  ['GET', 'soon', 400],
  ['GET', '2026-02-30T00:00:00.000000Z', 400],
  ['HEAD', '', 405],
] as const)('%s with the Last-Event-ID "%s" is refused', async (method, id, expected) => {
  const headers = id === '' ? {} : { 'last-event-id': id };
  expect((await api.ask(method, '/v1/events', { headers })).status).toBe(expected);
});
