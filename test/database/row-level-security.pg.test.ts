/** Who sees and changes which webhook: a company its own, the DBA all but the URL, the service all. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Queryable } from '../support/queryable.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { refusal } from './refusal.ts';

let database: InstalledDatabase;
let acme: Queryable;
let globex: Queryable;

beforeAll(async () => {
  database = await createInstalledDatabase();
  acme = database.appAs('acme');
  globex = database.appAs('globex');
  await database.dba.query('create table "salesOrder" ("companyId" text not null, id text primary key)');
  await database.dba.query(`select rowhook.enable_table('salesOrder')`);
  await acme.query(insertWebhook('acme-1'));
  await globex.query(insertWebhook('globex-1'));
  await database.service.query(`
    insert into rowhook.webhook (id, all_companies, name, table_name, url, on_insert)
    values ('everybody', true, 'all', 'salesOrder', 'https://example.com/all', true);
    insert into rowhook.loss (company_id, webhook_id, reason) values
      ('acme', 'acme-1', 'timeout'), ('globex', 'globex-1', 'timeout'), (null, null, 'undecidable');
    insert into rowhook.counter (uid, claimed_count) select uid, 7 from rowhook.webhook where id = 'acme-1'`);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

function insertWebhook(id: string): string {
  return `insert into rowhook.webhook (id, name, table_name, url, on_insert)
    values ('${id}', 'orders', 'salesOrder', 'https://example.com/secret-token?key=1', true)`;
}

async function idsSeenBy(who: Queryable, relation = 'webhook', column = 'id'): Promise<unknown[]> {
  const rows = await who.query<{ id: string }>(`select ${column} as id from rowhook.${relation} order by 1`);
  return rows.map((row) => row.id);
}

test('a company sees its own webhooks, counters, health and losses, in full', async () => {
  expect(await acme.query('select id, company_id, url from rowhook.webhook')).toEqual([
    { id: 'acme-1', company_id: 'acme', url: 'https://example.com/secret-token?key=1' },
  ]);
  expect(await acme.query('select * from rowhook.webhook')).toHaveLength(1);
  expect(await acme.query('select webhook_id, claimed_count from rowhook.webhook_counter')).toEqual([
    { webhook_id: 'acme-1', claimed_count: '7' },
  ]);
  expect(await idsSeenBy(acme, 'webhook_health')).toEqual(['acme-1']);
  expect(await idsSeenBy(acme, 'loss', 'webhook_id')).toEqual(['acme-1']);
});

test.each(['unset', 'empty'])('with the setting %s there is no company', async (kind) => {
  const nobody = kind === 'unset' ? database.app : database.appAs('');
  expect(await idsSeenBy(nobody)).toEqual([]);
  expect(await idsSeenBy(nobody, 'webhook_health')).toEqual([]);
  expect(await idsSeenBy(nobody, 'webhook_counter', 'webhook_id')).toEqual([]);
  expect(await idsSeenBy(nobody, 'loss', 'webhook_id')).toEqual([]);
  expect(await refusal(nobody.query(insertWebhook('nobody')))).toMatchObject({
    message: 'webhook "orders" has neither a company nor all_companies',
  });
});

test('a company can neither write for another one nor take its webhook over', async () => {
  const foreign = `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
    values ('globex', 'x', 'salesOrder', 'https://example.com', true)`;
  expect(await refusal(acme.query(foreign))).toMatchObject({
    code: '42501',
    routine: 'ExecWithCheckOptions',
  });
  await acme.query(`update rowhook.webhook set name = 'taken' where id = 'globex-1'`);
  await acme.query(`delete from rowhook.webhook where id = 'globex-1'`);
  expect(await globex.query('select name from rowhook.webhook')).toEqual([{ name: 'orders' }]);
});

test.each([
  ['all_companies', 'true'],
  ['revision', '9'],
  ['created_by', `'x'`],
])('the application can never set %s', async (column, value) => {
  const insert = `insert into rowhook.webhook (${column}, name, table_name, url, on_insert)
    values (${value}, 'n', 'salesOrder', 'https://example.com', true)`;
  for (const statement of [insert, `update rowhook.webhook set ${column} = ${value}`]) {
    expect(await refusal(acme.query(statement))).toMatchObject({ code: '42501' });
  }
});

test('nobody chooses a uid', async () => {
  const chosen = database.admin.query('update rowhook.webhook set uid = 1');
  expect(await refusal(chosen)).toMatchObject({ code: '428C9', routine: 'rewriteTargetListIU' });
});

test('the DBA sees every webhook but no URL beyond its origin', async () => {
  const dba = await database.createLogin({ name: 'reader', memberOf: ['rowhook_dba'] });
  expect(await idsSeenBy(dba)).toEqual(['acme-1', 'everybody', 'globex-1']);
  expect(await idsSeenBy(dba, 'webhook_counter', 'webhook_id')).toHaveLength(3);
  expect(await dba.query(`select distinct url from rowhook.webhook_health`)).toEqual([
    { url: 'https://example.com/…' },
  ]);
  expect(await refusal(dba.query('select url from rowhook.webhook'))).toMatchObject({ code: '42501' });
  expect(await refusal(dba.query('select row from rowhook.config_version'))).toMatchObject({ code: '42501' });
  expect(await refusal(dba.query(`update rowhook.webhook set name = 'x'`))).toMatchObject({ code: '42501' });
  expect(await idsSeenBy(dba, 'loss', 'reason')).toHaveLength(3);
});

test('the service sees and changes the webhooks of all companies', async () => {
  expect(await idsSeenBy(database.service)).toEqual(['acme-1', 'everybody', 'globex-1']);
  await database.service.query(`update rowhook.webhook set active = true where id = 'globex-1'`);
  expect(await refusal(database.service.query('truncate rowhook.journal'))).toMatchObject({ code: '42501' });
  expect(await refusal(database.service.query('create table rowhook.x ()'))).toMatchObject({ code: '42501' });
});

test('a login without a group sees nothing at all', async () => {
  const stranger = await database.createLogin({ name: 'stranger' });
  expect(await refusal(stranger.query('select * from rowhook.webhook_health'))).toMatchObject({
    code: '42501',
  });
});
