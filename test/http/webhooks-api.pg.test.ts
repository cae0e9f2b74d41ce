import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startApiHere, type Answered, type ApiHere, type Ask } from './api-here.ts';

const url = 'https://hooks.example.com/in?token=hush';
const orders = { name: 'orders', table: 'salesOrder', url, onInsert: true };

let api: ApiHere;

beforeAll(async () => {
  api = await startApiHere();
  await api.database.dba.query(`
    create schema erp;
    create table erp."salesOrder" (id text primary key, "companyId" text not null);
    create table erp.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.salesOrder', module => 'sales', label => 'Orders');
    select rowhook.enable_table('erp.item');
    select rowhook.disable_table('erp.item');
  `);
});
beforeEach(async () => {
  await api.database.query('delete from rowhook.webhook');
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

async function create(body: object = {}, options: Ask = {}): Promise<Answered> {
  return await api.ask('POST', '/v1/webhooks', {
    ...options,
    body: { ...orders, companyId: 'abc', ...body },
  });
}

async function idOf(created: Promise<Answered>): Promise<string> {
  const { status, body } = await created;
  expect(status).toBe(201);
  return String(body['id']);
}

describe('a webhook', () => {
  test('is created, read, changed and deleted, each time with the version it has', async () => {
    const created = await create({ onUpdate: true });
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      ...orders,
      version: 1,
      companyId: 'abc',
      allCompanies: false,
      onUpdate: true,
      onDelete: false,
      active: true,
      health: 'idle',
      claimedCount: 0,
      lastError: null,
    });
    const path = created.headers.location ?? '';
    expect(path).toBe(`/v1/webhooks/${String(created.body['id'])}`);
    const read = await api.ask('GET', path);
    expect([read.status, read.headers.etag, read.body]).toEqual([200, '"1"', created.body]);

    const changed = await api.ask('PATCH', path, {
      body: { active: false, concurrency: 4 },
      headers: { 'if-match': '"1"' },
    });
    expect([changed.status, changed.headers.etag]).toEqual([200, '"2"']);
    expect(changed.body).toMatchObject({
      version: 2,
      active: false,
      concurrency: 4,
      health: 'paused',
      onUpdate: true,
    });

    expect((await api.ask('DELETE', path, { headers: { 'if-match': '"2"' } })).status).toBe(204);
    expect((await api.ask('GET', path)).status).toBe(404);
  });

  test('may have an id of its own, and one for all companies', async () => {
    const id = await idOf(create({ id: 'wh_own', companyId: null, allCompanies: true }));
    expect(id).toBe('wh_own');
    expect((await api.ask('GET', '/v1/webhooks/wh_own')).body).toMatchObject({
      companyId: null,
      allCompanies: true,
    });
  });

  test('that was changed meanwhile is neither changed nor deleted', async () => {
    const path = `/v1/webhooks/${await idOf(create())}`;
    await api.ask('PATCH', path, { body: { name: 'other' } });
    const stale = { 'if-match': '"1"' };
    const change = await api.ask('PATCH', path, { body: { name: 'mine' }, headers: stale });
    expect([change.status, change.body['detail']]).toEqual([412, expect.stringContaining('version 2 now')]);
    expect((await api.ask('DELETE', path, { headers: stale })).status).toBe(412);
    expect((await api.ask('GET', path)).body['name']).toBe('other');
  });
});

describe('the list', () => {
  test('comes in pages, each webhook once', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await create({ name });
    const names: unknown[] = [];
    let cursor: string | null = null;
    do {
      const query = cursor === null ? '' : `&cursor=${cursor}`;
      const { status, body } = await api.ask('GET', `/v1/webhooks?limit=2${query}`);
      expect(status).toBe(200);
      names.push(...(body['data'] as { name: string }[]).map(({ name }) => name));
      cursor = body['nextCursor'] as string | null;
    } while (cursor !== null);
    expect(names.sort()).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  test('is narrowed to a company and a table', async () => {
    await create({ name: 'mine' });
    await create({ name: 'theirs', companyId: 'xyz' });
    const { body } = await api.ask('GET', '/v1/webhooks?company=xyz&table=salesOrder');
    expect(body['data']).toMatchObject([{ name: 'theirs' }]);
  });

  const where = (name: string): object => ({
    relation: `erp.${name}`,
    companyColumn: 'companyId',
    replicaIdentity: 'full',
    logsBodies: true,
  });

  test('of tables has what a form needs', async () => {
    const { body } = await api.ask('GET', '/v1/tables');
    expect(body['data']).toEqual([
      { name: 'item', module: null, label: null, enabled: false, ...where('item') },
      { name: 'salesOrder', module: 'sales', label: 'Orders', enabled: true, ...where('salesOrder') },
    ]);
    const token = await api.tokenOf('abc');
    expect((await api.ask('GET', '/v1/tables', { token })).body['data']).toEqual([
      { name: 'item', module: null, label: null, enabled: false },
      { name: 'salesOrder', module: 'sales', label: 'Orders', enabled: true },
    ]);
  });
});

describe('bad input is refused with what is wrong', () => {
  test.each([
    ['a field nobody knows', { color: 'red' }, 422, /Unrecognized key: "color"/],
    ['no URL at all', { url: undefined }, 422, /body\.url: it is missing/],
    ['no trigger', { onInsert: false }, 422, /no trigger is chosen/],
    ['an unknown table', { table: 'salesOrders' }, 422, /did you mean salesOrder/],
    ['a table that is not enabled', { table: 'item' }, 422, /not enabled/],
    ['neither a company nor all', { companyId: null }, 422, /companyId or allCompanies/],
    ['both', { allCompanies: true }, 422, /companyId or allCompanies/],
    ['a name of nothing', { name: ' ' }, 422, /body\.name: it is empty/],
    ['a zero byte', { name: 'a\0b' }, 422, /body\.name: it holds a character/],
    ['half a surrogate pair', { name: 'a\ud800b' }, 422, /body\.name: it holds a character/],
    ['no URL', { url: 'nowhere' }, 422, /body\.url/],
    ['a user in the URL', { url: 'https://me:secret@hooks.example.com/' }, 422, /body\.url/],
    ['an address inside', { url: 'http://127.0.0.1/' }, 422, /body\.url: blocked_address/],
    ['too many POSTs at a time', { concurrency: 101 }, 422, /body\.concurrency/],
    ['a breaker nobody knows', { breaker: 'maybe' }, 422, /body\.breaker/],
  ])('%s', async (_, change, status, detail) => {
    const { status: given, headers, body, text } = await create(change);
    expect(given).toBe(status);
    expect(headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(body).toMatchObject({ type: 'about:blank', title: expect.any(String) as string, status });
    expect(body['detail']).toMatch(detail);
    expect(text).not.toContain('secret');
  });

  test('a name that is taken in the company', async () => {
    await create();
    const again = await create();
    expect([again.status, again.body['detail']]).toEqual([409, expect.stringContaining('"orders"')]);
    expect((await create({ companyId: 'xyz' })).status).toBe(201);
  });

  test.each([
    ['GET', '/v1/webhooks?limit=0', 422],
    ['GET', '/v1/webhooks?limit=many', 422],
    ['GET', '/v1/webhooks?cursor=*', 422],
    ['GET', '/v1/webhooks?page=2', 422],
    ['GET', '/v1/losses?since=yesterday', 422],
    ['GET', '/v1/losses?id=first', 422],
    ['GET', '/v1/losses?search=a', 422],
    ['GET', '/v1/deliveries?health=ok', 422],
    ['GET', '/v1/webhooks/%00', 422],
    ['GET', '/v1/webhooks/%ff', 400],
    ['GET', '/v1/webhooks/nobody', 404],
    ['GET', '/v1/webhooks/nobody/deliveries', 404],
    ['PATCH', '/v1/webhooks', 405],
    ['GET', '/v2/webhooks', 404],
  ] as const)('%s %s', async (method, path, status) => {
    const answer = await api.ask(method, path, method === 'PATCH' ? { body: {} } : {});
    expect([answer.status, answer.body['status']]).toEqual([status, status]);
  });

  test('a body that is no JSON, and one that is too large', async () => {
    const json = { 'content-type': 'application/json' };
    const { http } = await import('../support/http.ts');
    const { adminToken } = await import('./api-here.ts');
    const post = async (body: string): Promise<number> => {
      const headers = { ...json, authorization: `Bearer ${adminToken}` };
      return (await http.post(`${api.url}/v1/webhooks`, { headers, body })).statusCode;
    };
    expect(await post('{"name":')).toBe(400);
    expect(await post(`{"name":"${'x'.repeat(70_000)}"}`)).toBe(413);
    expect(await post('[]')).toBe(422);
  });
});
