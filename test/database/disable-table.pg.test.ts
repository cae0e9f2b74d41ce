/** Disabling gives a table back as it was, unless somebody changed it since. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { refusal } from './refusal.ts';

let database: InstalledDatabase;
beforeAll(async () => {
  database = await createInstalledDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function createTable(name: string): Promise<void> {
  await database.dba.query(`create table ${name} ("companyId" text not null, id text primary key);
    create unique index ${name}_company on ${name} ("companyId", id)`);
}

async function call(door: string): Promise<Record<string, string | null> | undefined> {
  const [row] = await database.dba.query(`select * from rowhook.${door}`);
  return row;
}

async function identityOf(relation: string): Promise<unknown> {
  const [row] = await database.query('select rowhook.replica_identity_of($1::regclass) as identity', [
    relation,
  ]);
  return row?.['identity'];
}

test.each([
  ['default', 'replica identity default'],
  ['nothing', 'replica identity nothing'],
  ['full', 'replica identity full'],
  ['index:t_index_company', 'replica identity using index t_index_company'],
])('brings back the identity %s, and leaves row and publication clean', async (identity, clause) => {
  const name = `t_${identity.replace(/:.*/, '')}`;
  await createTable(name);
  await database.dba.query(`alter table ${name} ${clause}`);
  await call(`enable_table('${name}')`);
  expect(await identityOf(name)).toBe('full');
  expect(await call(`disable_table('${name}')`)).toMatchObject({ enabled: 'f' });
  expect(await database.query('select from rowhook.enabled_relation')).toEqual([]);
  expect(await identityOf(name)).toBe(identity);
  await database.app.query(
    `insert into ${name} values ('a', '1'); update ${name} set id = '2'; delete from ${name}`,
  );
  expect(await database.query(`select from pg_publication_tables where tablename = '${name}'`)).toEqual([]);
  expect(await call(`disable_table('${name}')`)).toMatchObject({ enabled: 'f' });
});

test.each([
  ['disabled', ''],
  ['enabled with another one', `select rowhook.enable_table('indexed')`],
])(
  'brings back the first identity where the index of its own was dropped and the table then is %s',
  async (_, then) => {
    await createTable('indexed');
    await call(`enable_table('indexed', replica_identity => 'indexed_company')`);
    await database.dba.query(`drop index indexed_company; ${then}`);
    await call(`disable_table('indexed')`);
    expect(await identityOf('indexed')).toBe('default');
    await database.dba.query('drop table indexed');
  },
);

test('remembers the first identity through several changes of its own', async () => {
  await createTable('several');
  await call(`enable_table('several')`);
  await call(`enable_table('several', replica_identity => 'several_company')`);
  expect(await identityOf('several')).toBe('index:several_company');
  await call(`disable_table('several')`);
  expect(await identityOf('several')).toBe('default');
});

test('leaves an identity that somebody else has set since', async () => {
  await createTable('changed');
  await call(`enable_table('changed')`);
  await database.dba.query('alter table changed replica identity using index changed_company');
  await call(`disable_table('changed')`);
  expect(await identityOf('changed')).toBe('index:changed_company');
});

test('leaves an identity without which another publication would make writes fail', async () => {
  await database.dba.query('create table elsewhere ("companyId" text not null, id text)');
  await call(`enable_table('elsewhere')`);
  await database.admin.query('create publication elsewhere for table elsewhere');
  await call(`disable_table('elsewhere')`);
  expect(await identityOf('elsewhere')).toBe('full');
  await database.app.query(
    `insert into elsewhere values ('a', '1'); update elsewhere set id = '2'; delete from elsewhere`,
  );
});

test('keeps the webhooks, and works for a table that was dropped', async () => {
  await createTable('gone');
  await call(`enable_table('gone')`);
  await database.service.query(`insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
    values ('a', 'n', 'gone', 'https://example.com', true)`);
  await database.dba.query('drop table gone');
  expect(await call(`disable_table('gone')`)).toMatchObject({ name: 'gone', enabled: 'f' });
  expect(await database.service.query('select name from rowhook.webhook')).toEqual([{ name: 'n' }]);
});

test('refuses a table that is not registered, and one of another owner', async () => {
  await createTable('unknown');
  expect((await refusal(call(`disable_table('unknown')`))).message).toContain('is not registered');
  await call(`enable_table('unknown')`);
  const other = await database.createLogin({ name: 'other', memberOf: ['rowhook_dba'] });
  expect(await refusal(other.query(`select rowhook.disable_table('unknown')`))).toMatchObject({
    code: '42501',
  });
});
