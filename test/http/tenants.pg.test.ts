import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiRoutes } from '../../src/http/api.ts';
import { EventStreams } from '../../src/http/event-streams.ts';
import type { ApiParts } from '../../src/http/parts.ts';
import { Telemetry } from '../../src/telemetry.ts';
import { startApiHere, type ApiHere } from './api-here.ts';

// What belongs to `theirs` carries this word; `ours` must never see it.
const mark = 'theirs';
const url = `https://hooks.example.com/${mark}`;

let api: ApiHere;
let ours: string;
/** The ids of their deliveries, by webhook. */
const deliveries = new Map<string, string>();

beforeAll(async () => {
  api = await startApiHere();
  const { database } = api;
  await database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item');
  `);
  const body = { table: 'item', url, onInsert: true };
  await api.ask('POST', '/v1/webhooks', { body: { ...body, id: 'wh_1', name: mark, companyId: mark } });
  await api.ask('POST', '/v1/webhooks', {
    body: { ...body, id: 'wh_2', name: `${mark} too`, allCompanies: true },
  });
  await api.ask('POST', '/v1/webhooks', {
    body: { ...body, id: 'wh_ours', name: 'ours', url: 'https://hooks.example.com/', companyId: 'ours' },
  });
  await database.admin.query(`
    select rowhook.make_delivery_partition((now() at time zone 'UTC')::date);
    insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome)
      select now() + make_interval(secs => uid / 1000.0), uid, id, company_id, '${mark}', 'item', 'k1', 'INSERT', 1, 'delivered'
      from rowhook.webhook where id <> 'wh_ours';
    insert into rowhook.backlog (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, payload)
      select uid, 1, '0/10', 0, 0, id, company_id, 'item', 'INSERT', '\\x7b7d' from rowhook.webhook;
    insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, detail)
      select uid, id, company_id, 'item', 'timeout', 1, '${mark}' from rowhook.webhook where id <> 'wh_ours';
  `);
  for (const id of ids) {
    const { body: log } = await api.ask('GET', `/v1/webhooks/${id}/deliveries`);
    deliveries.set(id, (log['data'] as { id: string }[])[0]?.id ?? '');
  }
  ours = await api.tokenOf('ours');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

// Only their descriptions are asked for.
const parts = {} as ApiParts;
const streams = new EventStreams({ parts, telemetry: new Telemetry() });
const routes = apiRoutes(parts, { streams, version: '0', isDemo: false });
const ids = ['wh_1', 'wh_2'];
const bodyOf = (method: string, path: string): object | undefined => {
  if (method === 'PATCH') return { name: 'x' };
  if (method !== 'POST') return undefined;
  if (path === '/v1/webhooks/{id}/resend') return { since: '2026-01-31T10:00:00Z' };
  if (/\}\/(test|resend)$/.test(path)) return {};
  return { name: 'x', table: 'item', url: 'https://hooks.example.com/', onInsert: true, companyId: mark };
};
const requests = routes.flatMap((route) =>
  (route.path.includes('{id}') ? ids : ['']).map(
    (id) =>
      [
        route.method,
        route.path.replace('{id}', id).replace('{name}', 'item'),
        bodyOf(route.method, route.path),
      ] as const,
  ),
);

test.each(requests)(
  "%s %s with another company's token shows and changes nothing of theirs",
  async (method, path, body) => {
    const before = await api.ask('GET', '/v1/webhooks');
    const real = path.replace(/(?<=deliveries\/)wh_\d/, (id) => deliveries.get(id) ?? '');
    const { status, text } = await api.ask(method, real, { token: ours, ...(body && { body }) });
    expect(text).not.toContain(mark);
    if (path.includes('wh_')) expect(status).toBe(404);
    else if (method !== 'GET') expect(status).toBe(403);
    expect((await api.ask('GET', '/v1/webhooks')).body).toEqual(before.body);
  },
);

test.each(['/v1/webhooks?company=theirs', '/v1/losses?company=theirs', '/v1/losses?webhook=wh_1'])(
  'GET %s finds nothing',
  async (path) => {
    const { status, body } = await api.ask('GET', path, { token: ours });
    expect([status, body]).toEqual([200, { data: [], nextCursor: null }]);
  },
);

test('why a record was sent to others is theirs to know', async () => {
  const path = '/v1/why?table=item&key=k1';
  const { status, text, body } = await api.ask('GET', path, { token: ours });
  expect([status, body['changes']]).toEqual([200, []]);
  expect(text).not.toContain(mark);
  expect((await api.ask('GET', path, { token: await api.tokenOf(mark) })).body['changes']).toHaveLength(1);
});

test('there is something to be seen, for those whose it is', async () => {
  const token = await api.tokenOf(mark);
  for (const path of ['/v1/webhooks', '/v1/losses', '/v1/webhooks/wh_1/deliveries']) {
    expect((await api.ask('GET', path, { token })).body['data']).toHaveLength(1);
  }
  const losses = (await api.ask('GET', '/v1/losses')).body['data'] as { id: number; webhookId: string }[];
  const loss = `/v1/losses?id=${losses.find(({ webhookId }) => webhookId === 'wh_1')?.id ?? ''}`;
  for (const whose of [{}, { token }])
    expect((await api.ask('GET', loss, whose)).body['data']).toMatchObject([{ webhookId: 'wh_1' }]);
  expect((await api.ask('GET', loss, { token: ours })).body['data']).toEqual([]);
  const path = `/v1/deliveries/${deliveries.get('wh_1') ?? ''}`;
  expect((await api.ask('GET', path, { token })).body).toMatchObject({ changeId: mark, webhookId: 'wh_1' });
  expect((await api.ask('GET', '/v1/webhooks')).body['data']).toHaveLength(3);
});

test('the database holds a session of the service to the company that it works for', async () => {
  await using service = await api.database.connect(api.database.serviceUrl);
  await service.query(`select set_config('rowhook.only_company_id', 'ours', false)`);
  const own = {
    backlog: 'webhook_id',
    webhook: 'id',
    webhook_health: 'id',
    webhook_counter: 'webhook_id',
    loss: 'webhook_id',
    delivery: 'webhook_id',
  };
  for (const [relation, column] of Object.entries(own)) {
    const rows = await service.query(
      `select distinct ${column} as id from rowhook.${relation} where ${column} <> 'wh_ours'`,
    );
    expect([relation, rows]).toEqual([relation, []]);
  }
  for (const relation of ['webhook', 'backlog', 'webhook_health']) {
    expect([relation, await service.query(`select 1 from rowhook.${relation}`)]).toEqual([
      relation,
      [expect.anything()],
    ]);
  }
  expect(await service.query(`delete from rowhook.webhook where id <> 'wh_ours' returning id`)).toEqual([]);
  expect(
    await service.query(`update rowhook.webhook set active = false where id <> 'wh_ours' returning id`),
  ).toEqual([]);
  const intrude = `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
    values ('theirs', 'intruder', 'item', 'https://hooks.example.com/', true)`;
  await expect(service.query(intrude)).rejects.toThrow(/row-level security/);
  const rewrite = `update rowhook.delivery set outcome = 'rejected' returning uid`;
  expect(await service.query(rewrite)).toEqual([]);
});
