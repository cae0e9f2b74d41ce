/** What plain SQL may write into rowhook.webhook, and what it is told otherwise. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { refusal } from './refusal.ts';

let database: InstalledDatabase;
beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.dba.query('create table "salesOrder" ("companyId" text not null, id text primary key)');
  await database.dba.query('create table job ("tenantId" text not null, id text primary key)');
  await database.dba.query(`select rowhook.enable_table('salesOrder')`);
  await database.dba.query(`select rowhook.enable_table('job', company_column => 'tenantId')`);
  await database.dba.query(`select rowhook.disable_table('job')`);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const valid = {
  company_id: 'acme',
  all_companies: 'false',
  name: 'orders',
  table_name: 'salesOrder',
  url: 'https://example.com/hook',
  on_insert: 'true',
};

function insert(
  change: Partial<Record<keyof typeof valid | 'id' | 'breaker' | 'concurrency', string | null>> = {},
): Promise<unknown[]> {
  const row = { ...valid, ...change };
  const columns = Object.keys(row);
  return database.service.query(
    `insert into rowhook.webhook (${columns.join(', ')}) values (${columns.map((_, i) => `$${i + 1}`).join(', ')}) returning *`,
    Object.values(row),
  );
}

test.each([
  [
    'no trigger',
    { on_insert: 'false' },
    'webhook_has_trigger',
    'no trigger is chosen',
    'on_insert, on_update, on_delete and on_truncate',
  ],
  [
    'no company',
    { company_id: null },
    'webhook_company_or_all_companies',
    'neither a company nor all_companies',
    'Set company_id',
  ],
  [
    'an empty company',
    { company_id: '' },
    'webhook_company_or_all_companies',
    'neither a company nor',
    'Set company_id',
  ],
  [
    'a company and all',
    { all_companies: 'true' },
    'webhook_company_or_all_companies',
    'a company and all_companies',
    'to null',
  ],
  ['a blank name', { name: ' ' }, 'webhook_name_not_empty', 'needs a name', 'recognise'],
  ['a strange id', { id: '../x' }, 'webhook_id_form', '1 to 128 letters', 'Choose'],
  ['an unknown breaker', { breaker: 'on' }, 'webhook_breaker_known', 'none of off, wait and drop', 'null'],
  [
    'too many at a time',
    { concurrency: '101' },
    'webhook_concurrency_range',
    'between 1 and 100',
    'null: 32',
  ],
  ['none at a time', { concurrency: '0' }, 'webhook_concurrency_range', 'between 1 and 100', 'null: 32'],
  [
    'another scheme',
    { url: 'ftp://example.com' },
    'webhook_url_form',
    'neither https:// nor http://',
    'https://host/path',
  ],
  ['no host', { url: 'https:///path' }, 'webhook_url_form', 'no host name', 'https://host/path'],
  [
    'a password',
    { url: 'https://u:secret@example.com' },
    'webhook_url_form',
    'user name or password',
    'not before an @',
  ],
  [
    'a hidden host',
    { url: 'https://example.com\\@evil.test/' },
    'webhook_url_form',
    'user name or password',
    'https://host',
  ],
  ['white space', { url: 'https://example.com/a b' }, 'webhook_url_form', 'white space', 'https://host/path'],
  [
    'a port too high',
    { url: 'https://example.com:70000/' },
    'webhook_url_form',
    'above 65535',
    'https://host/path',
  ],
])('%s is refused with the rule and how to keep it', async (_what, change, constraint, message, hint) => {
  const refused = await refusal(insert(change));
  expect(refused).toMatchObject({ code: '23514', constraint });
  expect(refused.message).toContain(message);
  expect(refused.hint).toContain(hint);
  expect(refused.message + refused.detail).not.toContain('secret');
});

test('the constraints hold where triggers do not fire', async () => {
  const session = await database.connect();
  await session.query('set session_replication_role = replica');
  for (const [column, value, constraint] of [
    ['on_insert', 'false', 'webhook_has_trigger'],
    ['url', `'nowhere'`, 'webhook_url_form'],
    ['company_id', 'null', 'webhook_company_or_all_companies'],
    ['name', `''`, 'webhook_name_not_empty'],
  ]) {
    const row = {
      company_id: `'acme'`,
      name: `'n'`,
      url: `'https://example.com'`,
      on_insert: 'true',
      [column ?? '']: value,
    };
    const statement = `insert into rowhook.webhook (table_name, ${Object.keys(row).join(', ')})
      values ('salesOrder', ${Object.values(row).join(', ')})`;
    expect(await refusal(session.query(statement))).toMatchObject({ code: '23514', constraint });
  }
});

test.each([
  'http://example.com',
  'https://example.com:8443/a?b=c#d',
  'https://[2001:db8::1]:8443/x',
  'HTTPS://Example.com/@path',
])('the URL %s is accepted', async (url) => {
  await insert({ name: url, url });
});

test('an unknown table is refused with the known ones and the statement that enables it', async () => {
  const refused = await refusal(insert({ table_name: 'salesRfq' }));
  expect(refused).toMatchObject({
    code: '23503',
    message: 'no table is registered under the name "salesRfq"',
  });
  expect(refused.detail).toContain('salesOrder');
  expect(refused.hint).toContain(`select rowhook.enable_table('salesRfq');`);
});

test('a table that is not enabled is refused at insert, and its webhooks can still be changed', async () => {
  const refused = await refusal(insert({ table_name: 'job' }));
  expect(refused.message).toBe('table "job" is not enabled: webhook "orders" would never be sent');
  expect(refused.hint).toContain(`select rowhook.enable_table('public.job', company_column => 'tenantId');`);

  await database.dba.query(`select rowhook.enable_table('job', company_column => 'tenantId')`);
  await insert({ id: 'job-1', table_name: 'job', name: 'jobs' });
  await database.dba.query(`select rowhook.disable_table('job')`);
  await database.service.query(`update rowhook.webhook set active = false where id = 'job-1'`);
});

test('a name is used once in a company, and once among those for all companies', async () => {
  await insert({ name: 'twice' });
  await insert({ name: 'twice', company_id: 'globex' });
  await insert({ name: 'twice', company_id: null, all_companies: 'true' });
  const refused = await refusal(insert({ name: 'twice' }));
  expect(refused).toMatchObject({
    code: '23505',
    constraint: 'webhook_name_unique_in_company',
    message: 'company "acme" already has a webhook named "twice"',
  });
  expect(refused.hint).toMatch(/^Choose another name, or update that one: .* where id = 'wh_\w+';$/);
  await insert({ id: 'renamed', name: 'once' });
  expect(
    await refusal(database.service.query(`update rowhook.webhook set name = 'twice' where id = 'renamed'`)),
  ).toMatchObject({ code: '23505', message: refused.message });
  expect(await refusal(insert({ name: 'twice', company_id: null, all_companies: 'true' }))).toMatchObject({
    code: '23505',
    constraint: 'webhook_name_unique_for_all_companies',
  });
});

test('an upsert by company and name, or by id, updates the webhook that is there', async () => {
  await insert({ id: 'upsert', name: 'upsert' });
  for (const [id, target] of [
    ['another', 'company_id, name'],
    ['upsert', 'id'],
  ]) {
    const [row] = await database.service.query(
      `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert)
       values ($1, 'acme', 'upsert', 'salesOrder', 'https://example.com/new', true)
       on conflict (${target}) do update set url = excluded.url || '/' || excluded.id returning id, url`,
      [id],
    );
    expect(row).toEqual({ id: 'upsert', url: `https://example.com/new/${id}` });
  }
});

test('the name of another company is nobody else’s business', async () => {
  await insert({ name: 'private', company_id: 'globex' });
  const asAcme = `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
    values ($1, 'private', 'salesOrder', 'https://example.com', true)`;
  expect(await refusal(database.appAs('acme').query(asAcme, ['globex']))).toMatchObject({ code: '42501' });
  await database.appAs('acme').query(asAcme, ['acme']);
});

test('id, uid and company never change; revision, time and author follow every update', async () => {
  await insert({ id: 'fixed', name: 'fixed' });
  for (const change of [`id = 'other'`, `company_id = 'globex'`, 'company_id = null, all_companies = true']) {
    const refused = await refusal(
      database.service.query(`update rowhook.webhook set ${change} where id = 'fixed'`),
    );
    expect(refused.message).toContain('cannot change');
  }
  const [row] = await database.service.query(
    `update rowhook.webhook set url = 'https://example.com/2', revision = 77, created_by = 'x' where id = 'fixed'
     returning revision, created_by, updated_by, updated_at > created_at as later`,
  );
  const { role } = database.service;
  expect(row).toEqual({ revision: '2', created_by: role, updated_by: role, later: 't' });
});

test('neither webhooks nor tables can be truncated, and an enabled table cannot be forgotten', async () => {
  expect((await refusal(database.admin.query('truncate rowhook.webhook'))).message).toContain(
    'cannot be truncated',
  );
  expect(
    (await refusal(database.admin.query('truncate rowhook.subscribable_table cascade'))).message,
  ).toContain('cannot be truncated');
  const refused = await refusal(
    database.dba.query(`delete from rowhook.subscribable_table where name = 'salesOrder'`),
  );
  expect(refused.hint).toBe(`First run: select rowhook.disable_table('public.salesOrder');`);
});
