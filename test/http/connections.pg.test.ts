// The API's connections while reads are slow: each of these reads waits for a lock that somebody holds on a table.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Session } from '../support/queryable.ts';
import { waitUntil } from '../support/wait.ts';
import { startApiHere, type Answered, type ApiHere } from './api-here.ts';

const ofOneCompany = 2;

let api: ApiHere;
let holder: Session;
let slowReads: Promise<Answered>[] = [];

beforeAll(async () => {
  api = await startApiHere({ limits: { ofOneCompany, statementMs: 15_000, lockMs: 15_000, waitMs: 200 } });
  holder = await api.database.connect(api.database.adminUrl);
});
afterEach(async () => {
  await holder.query('rollback');
  await Promise.all(slowReads);
  slowReads = [];
});
afterAll(async () => {
  await holder[Symbol.asyncDispose]();
  await api[Symbol.asyncDispose]();
});

async function lock(table: string): Promise<void> {
  await holder.query('begin');
  await holder.query(`lock table ${table} in access exclusive mode`);
}

async function waitingReads(): Promise<number> {
  const [row] = await api.database.admin.query(
    `select count(*) from pg_stat_activity where application_name = 'rowhook-api' and wait_event_type = 'Lock'
       and datname = current_database()`,
  );
  return Number(row?.['count']);
}

async function holdReads(count: number, path: string, token: string): Promise<void> {
  for (let read = 0; read < count; read++) slowReads.push(api.ask('GET', path, { token }));
  await waitUntil(async () => (await waitingReads()) === count, { describe: `${count} reads to be slow` });
}

test("a company's slow reads hold up neither the operator nor another company", async () => {
  const slow = await api.tokenOf('slow');
  await lock('rowhook.loss');
  for (let read = 0; read < 6; read++) slowReads.push(api.ask('GET', '/v1/losses', { token: slow }));
  await waitUntil(async () => (await waitingReads()) >= ofOneCompany, { describe: 'two reads to be slow' });
  const others = [{}, { token: await api.tokenOf('other') }];
  for (const options of others) {
    expect((await api.ask('GET', '/v1/webhooks', options)).status).toBe(200);
  }
  expect(await waitingReads()).toBe(ofOneCompany);
});

test('all companies together leave the operator what is kept for it', async () => {
  await lock('rowhook.loss');
  for (const company of ['one', 'two']) {
    const token = await api.tokenOf(company);
    for (let read = 0; read < ofOneCompany; read++) slowReads.push(api.ask('GET', '/v1/losses', { token }));
  }
  await waitUntil(async () => (await waitingReads()) === 4, { describe: 'four reads to be slow' });
  expect((await api.ask('GET', '/v1/webhooks')).status).toBe(200);
  const third = await api.ask('GET', '/v1/webhooks', { token: await api.tokenOf('three') });
  expect([third.status, third.headers['retry-after']]).toEqual([503, '2']);
});

test('who finds no connection in time is told to come again', async () => {
  const token = await api.tokenOf('slow');
  await lock('rowhook.loss');
  await holdReads(ofOneCompany, '/v1/losses', token);
  const { status, headers, body } = await api.ask('GET', '/v1/webhooks', { token });
  expect([status, headers['retry-after']]).toEqual([503, '2']);
  expect(body['detail']).toMatch(/Too many requests wait for the database/);
});

test("a company's flood of requests is turned away, and nobody else with it", async () => {
  await using flooded = await startApiHere({
    limits: { ofOneCompany: 1, lockMs: 15_000, statementMs: 15_000, waitMs: 15_000 },
  });
  await using other = await flooded.database.connect(flooded.database.adminUrl);
  await other.query('begin; lock table rowhook.loss in access exclusive mode');
  const token = await flooded.tokenOf('many');
  const statuses: number[] = [];
  const flood = Array.from({ length: 150 }, async () => {
    statuses.push((await flooded.ask('GET', '/v1/losses', { token })).status);
  });
  // One reads, 25 wait for it.
  await waitUntil(() => statuses.length === 124, { describe: 'the rest to be turned away' });
  const others = [flooded.ask('GET', '/v1/losses')];
  for (let read = 0; read < 4; read++) {
    others.push(flooded.ask('GET', '/v1/losses', { token: await flooded.tokenOf('few') }));
  }
  expect(new Set(statuses)).toEqual(new Set([503]));
  await other.query('rollback');
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  await Promise.all(flood);
  expect(statuses.slice(124)).toEqual(Array.from({ length: 26 }, () => 200));
});

test('streams of events that wait for the database leave the operator a connection', async () => {
  using stream = await api.listen();
  await stream.waitFor('status');
  await lock('rowhook.delivery');
  await waitUntil(async () => (await waitingReads()) > 0, { describe: 'the streams to wait' });
  const looks = (): number => stream.events.filter(({ name }) => name === 'status').length;
  const before = looks();
  await waitUntil(() => looks() >= before + 3, { describe: 'the streams to look thrice' });
  expect((await api.ask('GET', '/v1/webhooks')).status).toBe(200);
  expect(await waitingReads()).toBe(1);
});

test('a place that gets free goes to whoever waits', async () => {
  await using patient = await startApiHere({
    limits: { ofOneCompany: 1, lockMs: 15_000, statementMs: 15_000 },
  });
  await using other = await patient.database.connect(patient.database.adminUrl);
  const token = await patient.tokenOf('slow');
  await other.query('begin; lock table rowhook.loss in access exclusive mode');
  const reads = ['/v1/losses', '/v1/webhooks', '/v1/tables'].map((path) =>
    patient.ask('GET', path, { token }),
  );
  await other.query('rollback');
  expect((await Promise.all(reads)).map(({ status }) => status)).toEqual([200, 200, 200]);
});

test('a read that takes too long is ended, and says what would be quicker', async () => {
  await using hasty = await startApiHere({ limits: { statementMs: 300, lockMs: 15_000 } });
  await using other = await hasty.database.connect(hasty.database.adminUrl);
  await other.query('begin; lock table rowhook.loss in access exclusive mode');
  const { status, headers, body } = await hasty.ask('GET', '/v1/losses');
  expect([status, headers['retry-after']]).toEqual([503, '2']);
  expect(body['detail']).toMatch(/took too long for this\. Ask for less/);
});

test('those who ask for the status at the same time share one look, which says when it was', async () => {
  const answers = await Promise.all(Array.from({ length: 5 }, () => api.ask('GET', '/v1/status')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ body }) => body['at'])).size).toBe(1);
  const seenAt = answers[0]?.body['at'];
  await waitUntil(async () => (await api.ask('GET', '/v1/status')).body['at'] !== seenAt, {
    describe: 'a status that is not the old one',
  });
});

test('status and metrics are asked on one connection, which is kept', async () => {
  const sideConnections = async (): Promise<string[]> => {
    const rows = await api.database.admin.query(
      `select pid::text as pid from pg_stat_activity
       where application_name = 'rowhook-api' and datname = current_database() order by backend_start, pid`,
    );
    return rows.map((row) => row['pid'] ?? '');
  };
  await Promise.all([api.ask('GET', '/v1/status'), api.ask('GET', '/metrics')]);
  const before = await sideConnections();
  await waitUntil(
    async () => {
      const [metrics, status] = await Promise.all([api.ask('GET', '/metrics'), api.ask('GET', '/v1/status')]);
      return metrics.status === 200 && status.status === 200;
    },
    { describe: 'both to answer again' },
  );
  expect(await sideConnections()).toEqual(before);
});

test.each([
  ['since=0000-01-01T00:00:00Z', /years 0001 to 9999/],
  ['since=9999-12-31T23:59:59-23:00', /years 0001 to 9999/],
  ['since=99999-01-01T00:00:00Z', /datetime/],
  ['since=2026-02-30T00:00:00Z', /datetime/],
])('%s is refused in words of ours', async (query, words) => {
  const { status, body } = await api.ask('GET', `/v1/losses?${query}`);
  expect([status, body['detail']]).toEqual([422, expect.stringMatching(words)]);
});

test.each(['0000-01-01T00:00:00.000000Z', '2026-02-30T00:00:00.000000Z'])(
  'a cursor that says %s is none',
  async (place) => {
    const body = {
      name: 'cursor',
      table: 'item',
      companyId: 'abc',
      url: 'https://hooks.example.com/',
      onInsert: true,
    };
    await api.database.dba.query(`
      create schema if not exists erp;
      create table if not exists erp.item (id text primary key, "companyId" text not null);
      select rowhook.enable_table('erp.item')`);
    await api.ask('POST', '/v1/webhooks', { body: { ...body, id: 'wh_cursor' } });
    const cursor = Buffer.from(place).toString('base64url');
    const answer = await api.ask('GET', `/v1/webhooks/wh_cursor/deliveries?cursor=${cursor}`);
    expect([answer.status, answer.body['detail']]).toEqual([
      422,
      expect.stringContaining('no cursor of this list'),
    ]);
  },
);
