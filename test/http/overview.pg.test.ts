import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiHere, type ApiHere } from './api-here.ts';

let api: ApiHere;

beforeAll(async () => {
  api = await startApiHere();
  const { database } = api;
  await database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item', module => 'Stock');
  `);
  const url = 'https://hooks.example.com/secret';
  for (const [id, name, companyId] of [
    ['wh_1', 'Calm', 'abc'],
    ['wh_2', 'Broken', 'abc'],
    ['wh_3', 'Asleep', 'abc'],
    ['wh_4', 'Calm', 'xyz'],
  ]) {
    await api.ask('POST', '/v1/webhooks', {
      body: { id, name, companyId, url, table: 'item', onInsert: true },
    });
  }
  await database.admin.query(`
    insert into rowhook.counter (uid, claimed_count, error_count, last_error_at, last_error)
      select uid, 3, 3, now(), 'timeout' from rowhook.webhook where id = 'wh_2';
    insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, at)
      select uid, id, company_id, 'item', 'timeout', 2, now() - age from rowhook.webhook,
        unnest(array[interval '1 minute', '2 hours']) age where id in ('wh_2', 'wh_4');
  `);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
});

async function names(query: string, token?: string): Promise<string[]> {
  const { body } = await api.ask('GET', `/v1/webhooks?${query}`, token === undefined ? {} : { token });
  return (body['data'] as { id: string }[]).map(({ id }) => id);
}

describe('a list in which what needs attention comes first', () => {
  test('has what fails before what rests', async () => {
    await api.ask('PATCH', '/v1/webhooks/wh_3', { body: { active: false, pauseReason: 'until Monday' } });
    expect(await names('order=attention')).toEqual(['wh_2', 'wh_3', 'wh_1', 'wh_4']);
    expect(await names('')).toEqual(['wh_1', 'wh_2', 'wh_3', 'wh_4']);
  });

  test('goes on where its page ended', async () => {
    const { body } = await api.ask('GET', '/v1/webhooks?order=attention&limit=3');
    expect(await names(`order=attention&limit=3&cursor=${String(body['nextCursor'])}`)).toEqual(['wh_4']);
  });

  test('is narrowed by health and by a word, whatever its case, in name, company, table and host', async () => {
    expect(await names('order=attention&health=failing&health=idle')).toEqual(['wh_2', 'wh_1', 'wh_4']);
    expect(await names('search=CALM')).toEqual(['wh_1', 'wh_4']);
    expect(await names('search=xyz')).toEqual(['wh_4']);
    expect(await names('search=hooks.example')).toHaveLength(4);
    expect(await names('search=%25')).toEqual([]);
  });

  test('does not find a webhook by what is secret of its URL', async () => {
    expect(await names('search=secret')).toEqual([]);
  });

  test("has a company's own only", async () => {
    const token = await api.tokenOf('xyz');
    expect(await names('order=attention', token)).toEqual(['wh_4']);
    expect(await names('search=Broken', token)).toEqual([]);
  });
});

test('why a webhook is paused is kept until it is active again', async () => {
  const path = '/v1/webhooks/wh_4';
  const paused = await api.ask('PATCH', path, { body: { active: false, pauseReason: 'moving' } });
  expect(paused.body).toMatchObject({ active: false, pauseReason: 'moving' });
  expect((await api.ask('PATCH', path, { body: { active: true } })).body['pauseReason']).toBeNull();
  expect((await api.ask('PATCH', path, { body: { active: false } })).body['pauseReason']).toBeNull();
  expect((await api.ask('PATCH', path, { body: { pauseReason: 'x'.repeat(501) } })).status).toBe(422);
  await api.ask('PATCH', path, { body: { active: true } });
});

test('the overview counts healths and the losses of the last hour, of the own company only', async () => {
  const { body } = await api.ask('GET', '/v1/overview', { token: await api.tokenOf('xyz') });
  expect(body).toEqual({
    webhooks: [{ health: 'idle', count: 1 }],
    losses: [{ reason: 'timeout', count: 2 }],
  });
  const { body: all } = await api.ask('GET', '/v1/overview');
  expect(all['webhooks']).toContainEqual({ health: 'failing', count: 1 });
  expect(all['losses']).toEqual([{ reason: 'timeout', count: 4 }]);
});

test('the session says whose token it is', async () => {
  expect((await api.ask('GET', '/v1/session')).body).toMatchObject({ kind: 'operator', companyId: null });
  const { body } = await api.ask('GET', '/v1/session', { token: await api.tokenOf('abc') });
  expect(body).toMatchObject({ kind: 'company', companyId: 'abc', isDemo: false });
});

test('a process that does not lead says that it knows no last hour', async () => {
  expect((await api.ask('GET', '/v1/webhooks/wh_1')).body['activity']).toBeNull();
  expect((await api.ask('GET', '/v1/vitals')).body).toMatchObject({
    isLeading: false,
    lagMs: null,
    slot: null,
  });
  expect((await api.ask('GET', '/v1/tables/item/activity')).body).toEqual({
    ...{ isLeading: false, lagMs: null },
    ...{ inserts: null, updates: null, deletes: null, truncates: null },
  });
  const { status, body } = await api.ask('GET', '/v1/tables/items/activity');
  expect([status, body['detail']]).toEqual([404, 'No table is registered under the name "items".']);
});

test('the operator is told what watching a table costs, though the service does not own it', async () => {
  const { body } = await api.ask('GET', '/v1/tables/item/checks');
  const checks = (body['data'] as { check: string; status: string }[]).map(({ check }) => check);
  expect(checks).toEqual(expect.arrayContaining(['relation', 'replica identity', 'cost of full']));
  expect(checks).not.toContain('owner');
  expect((await api.ask('GET', '/v1/tables/orders/checks')).status).toBe(404);
  const token = await api.tokenOf('abc');
  expect((await api.ask('GET', '/v1/tables/item/checks', { token })).status).toBe(403);
});
