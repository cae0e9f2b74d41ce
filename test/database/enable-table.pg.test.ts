/**
 * Enabling a table: what it does, what it refuses, and that the application's own UPDATE and DELETE work after every
 * answer. The caller owns the table and is in rowhook_dba; the writes are the application's role's.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { refusal } from './refusal.ts';

let database: InstalledDatabase;
const major = inject('postgresMajor');
beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.dba.query('create schema erp; create schema crm');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function enable(parameters: string): Promise<Record<string, string | null> | undefined> {
  const [row] = await database.dba.query(`select * from rowhook.enable_table(${parameters})`);
  return row;
}

async function identityOf(relation: string): Promise<unknown> {
  const [row] = await database.query('select rowhook.replica_identity_of($1::regclass) as identity', [
    relation,
  ]);
  return row?.['identity'];
}

async function notedIdentities(relation: string): Promise<unknown> {
  const [row] = await database.query(
    'select previous_identity as previous, set_identity as set from rowhook.enabled_relation where relation = $1::regclass',
    [relation],
  );
  return row;
}

async function isPublished(relation: string): Promise<boolean> {
  const rows = await database.query(
    `select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
     where p.pubname = 'rowhook' and r.prrelid = $1::regclass`,
    [relation],
  );
  return rows.length > 0;
}

/** One row in, changed and out again, as the application does it. */
async function writeAsApplication(relation: string): Promise<void> {
  await database.app.query(`insert into ${relation} ("companyId", id) values ('acme', 'probe')`);
  await database.app.query(`update ${relation} set id = 'probe2' where id = 'probe'`);
  expect(await database.app.query(`delete from ${relation} where id = 'probe2' returning id`)).toHaveLength(
    1,
  );
}

test('sets identity full, publishes the table and returns its row; a second time changes nothing', async () => {
  await database.dba.query('create table erp."salesOrder" ("companyId" text not null, id text primary key)');
  const row = await enable(`'salesOrder', module => 'Sales', label => 'Sales order'`);
  expect(row).toMatchObject({
    name: 'salesOrder',
    schema_name: 'erp',
    relation_name: 'salesOrder',
    company_column: 'companyId',
    module: 'Sales',
    label: 'Sales order',
    enabled: 't',
    replica_identity: 'full',
  });
  expect(await identityOf('erp."salesOrder"')).toBe('full');
  expect(await notedIdentities('erp."salesOrder"')).toEqual({ previous: 'default', set: 'full' });
  expect(await isPublished('erp."salesOrder"')).toBe(true);
  expect(await enable(`'erp.salesOrder'`)).toEqual(row);
  expect(await enable(`'erp."salesOrder"'`)).toEqual(row);
  await writeAsApplication('erp."salesOrder"');
});

test('finds a table by its exact name first, then as SQL reads it', async () => {
  await database.dba.query('create table erp."Sales Order" ("companyId" text not null, id text primary key)');
  await database.dba.query('create table erp.supplier ("companyId" text not null, id text primary key)');
  expect(await enable(`'Sales Order'`)).toMatchObject({ relation_name: 'Sales Order' });
  expect(await enable(`'erp."Sales Order"'`)).toMatchObject({ relation_name: 'Sales Order' });
  expect(await enable(`'ERP.Supplier'`)).toMatchObject({ relation_name: 'supplier' });
});

test('refuses a name that several tables have, naming them, and one that no table has', async () => {
  await database.dba.query('create table erp.contact ("companyId" text not null, id text primary key)');
  await database.dba.query('create table crm.contact ("companyId" text not null, id text primary key)');
  const several = await refusal(enable(`'contact'`));
  expect(several.message).toBe('more than one table is called "contact"');
  expect(several.detail).toBe('There are crm.contact, erp.contact.');

  await enable(`'erp.contact'`);
  const taken = await refusal(enable(`'crm.contact'`));
  expect(taken.message).toBe('the name "contact" is taken by table erp.contact');
  expect(taken.hint).toContain(`select rowhook.enable_table('crm.contact', name => 'crm_contact');`);
  expect(await enable(`'crm.contact', name => 'crm_contact'`)).toMatchObject({ name: 'crm_contact' });

  expect(await refusal(enable(`'SALESORDER'`))).toMatchObject({
    code: '42P01',
    hint: 'Did you mean erp.salesOrder?',
  });
  expect(await refusal(enable(`'nothing'`))).toMatchObject({ code: '42P01' });
});

test('a hint that repeats the call carries the caller’s parameters', async () => {
  await database.dba.query(`create schema other;
    create table erp.quote (id text primary key, tenant text not null);
    create table other.quote (id text primary key, tenant text not null);
    create view other.quotes as select * from other.quote`);
  await enable(`'erp.quote', 'tenant'`);
  expect((await refusal(enable(`'other.quote', company_column => 'tenant', label => 'It''s'`))).hint).toBe(
    `Choose another one: select rowhook.enable_table('other.quote', company_column => 'tenant', name => 'other_quote', label => 'It''s');`,
  );
  expect(
    (await refusal(enable(`'other.quotes', null, module => 'Sales', replica_identity => 'keep'`))).hint,
  ).toBe(
    `select rowhook.enable_table('other.quote', company_column => NULL, module => 'Sales', replica_identity => 'keep');`,
  );
  expect((await refusal(enable(`'other.quote', 'tenant', 'l2', replica_identity => 'keep'`))).hint).toBe(
    `select rowhook.enable_table('other.quote', company_column => 'tenant', name => 'l2');`,
  );
  expect((await refusal(enable(`'other.quote', 'Tenant', 'l2'`))).hint).toBe(
    `select rowhook.enable_table('other.quote', company_column => 'tenant', name => 'l2');`,
  );
});

test('full and keep in capitals are corrected unless an index is called so; null is the default', async () => {
  await database.dba.query(`create table erp.cased ${columns}`);
  const refused = await refusal(enable(`'erp.cased', null, replica_identity => 'Keep'`));
  expect(refused.message).toBe(`index "Keep" does not exist on this table, and the word is 'keep'`);
  expect(refused.hint).toBe(
    `select rowhook.enable_table('erp.cased', company_column => NULL, replica_identity => 'keep');`,
  );
  expect((await refusal(enable(`'erp.cased', replica_identity => 'FULL'`))).hint).toBe(
    `select rowhook.enable_table('erp.cased');`,
  );
  expect(await enable(`'erp.cased', replica_identity => null`)).toMatchObject({ replica_identity: 'full' });
  await database.dba.query('create unique index "FULL" on erp.cased ("companyId", id)');
  await enable(`'erp.cased', replica_identity => 'FULL'`);
  expect(await identityOf('erp.cased')).toBe('index:FULL');
});

test('a superuser’s role is never offered: the table is to change its owner', async () => {
  await database.query(`create table erp.root ${columns}`);
  const refused = await refusal(enable(`'erp.root'`));
  expect(refused).toMatchObject({ code: '42501' });
  expect(refused.hint).toMatch(/^alter table erp\.root owner to \w+; -- run as /);
  expect(refused.hint).toContain(database.dba.role);
  await database.query(refused.hint);
  await enable(`'erp.root'`);
});

test('a renamed table takes its name along, a name never changes', async () => {
  await database.dba.query('create table erp.renamed ("companyId" text not null, id text primary key)');
  await enable(`'erp.renamed'`);
  const refused = await refusal(enable(`'erp.renamed', name => 'other'`));
  expect(refused.message).toContain('a name cannot change');
  await database.dba.query('alter table erp.renamed rename to renamed2');
  expect(await enable(`'erp.renamed2', name => 'renamed'`)).toMatchObject({
    name: 'renamed',
    relation_name: 'renamed2',
  });
  expect(await notedIdentities('erp.renamed2')).toEqual({ previous: 'default', set: 'full' });
});

const columns = '("companyId" text not null, id text primary key)';
test.each([
  [
    'a view',
    `create view erp.kind_view as select * from erp."salesOrder"`,
    'kind_view',
    'is a view',
    `select rowhook.enable_table('erp.salesOrder');`,
  ],
  [
    'a materialized view',
    'create materialized view erp.kind_matview as select 1 as id',
    'kind_matview',
    'materialized view',
    'inspect_table',
  ],
  [
    'an unlogged table',
    `create unlogged table erp.kind_unlogged ${columns}`,
    'kind_unlogged',
    'is unlogged',
    'alter table erp.kind_unlogged set logged;',
  ],
  [
    'a table without the column',
    'create table erp.kind_plain (id text primary key, tenant_id text not null)',
    'kind_plain',
    'has no column "companyId"',
    `company_column => 'tenant_id'`,
  ],
])('refuses %s with the statement that mends it', async (_what, create, relation, message, hint) => {
  await database.dba.query(create);
  const refused = await refusal(enable(`'erp.${relation}'`));
  expect(refused.message).toContain(message);
  expect(refused.hint).toContain(hint);
  expect(await isPublished(`erp.${relation}`)).toBe(false);
});

test('refuses temporary, foreign and system tables and its own', async () => {
  const session = await database.connect(database.dba.url);
  await session.query(`create temp table fleeting ${columns}`);
  expect((await refusal(session.query(`select rowhook.enable_table('fleeting')`))).message).toContain(
    'temporary',
  );
  await database.admin
    .query(`create foreign data wrapper nowhere; create server elsewhere foreign data wrapper nowhere;
    create foreign table erp.remote (id text, "companyId" text) server elsewhere`);
  expect((await refusal(enable(`'erp.remote'`))).message).toContain('foreign table');
  expect((await refusal(enable(`'pg_catalog.pg_class', null`))).message).toContain('system table');
  expect((await refusal(enable(`'rowhook.webhook', 'company_id'`))).message).toContain(
    `rowhook's own tables`,
  );
});

test('the application writes on after each refused identity', async () => {
  await database.dba.query(`
    create table erp.no_key ("companyId" text not null, id text not null, part text);
    create unique index no_key_partial on erp.no_key ("companyId", id) where part is null;
    create unique index no_key_nullable on erp.no_key ("companyId", part);
    create index no_key_plain on erp.no_key ("companyId", id);
    create unique index no_key_expression on erp.no_key ("companyId", lower(id));
    alter table erp.no_key add constraint no_key_deferrable unique ("companyId", id) deferrable;
    create unique index no_key_id on erp.no_key (id);
    create unique index no_key_good on erp.no_key ("companyId", id)`);
  for (const [identity, message] of [
    ['keep', 'every UPDATE and DELETE of the application would fail'],
    ['no_key_partial', 'a part of the rows only'],
    ['no_key_nullable', 'may be NULL'],
    ['no_key_plain', 'not unique'],
    ['no_key_expression', 'an expression'],
    ['no_key_deferrable', 'deferrable'],
    ['no_key_id', 'does not contain "companyId"'],
    ['no_such_index', 'does not exist on this table'],
  ]) {
    const refused = await refusal(enable(`'erp.no_key', replica_identity => '${identity}'`));
    expect(refused.message).toContain(message);
    expect(refused.hint).toContain('select rowhook.enable_table(');
    expect(await isPublished('erp.no_key')).toBe(false);
    await writeAsApplication('erp.no_key');
  }
  await enable(`'erp.no_key', replica_identity => 'no_key_good'`);
  expect(await identityOf('erp.no_key')).toBe('index:no_key_good');
  await writeAsApplication('erp.no_key');
});

test.each([
  ['a name of 63 bytes', `erp."${'é'.repeat(31)}x"`, 'id text primary key'],
  ['an index whose columns may be null', 'erp.nullable', 'id text, unique ("companyId", id)'],
  ['a deferrable key', 'erp.late', 'id text primary key deferrable'],
  ['an index of that name already', 'erp.taken', 'id text primary key, constraint taken_rowhook unique (id)'],
])(
  'the index identity that is offered for a table with %s works when pasted',
  async (_what, relation, rest) => {
    await database.dba.query(`create table ${relation} ("companyId" text, ${rest})`);
    const offered = await refusal(enable(`'${relation}', replica_identity => 'nullable_companyId_id_key'`));
    expect(offered.hint).toContain('set not null');
    for (const statement of offered.hint.split(';').filter((part) => part.trim() !== ''))
      await database.dba.query(statement);
    expect(await identityOf(relation)).toMatch(/^index:/);
    await writeAsApplication(relation);
  },
);

test('keeps a default identity only where its key tells the company, or none is asked for', async () => {
  await database.dba.query(`create table erp.kept ${columns}`);
  const refused = await refusal(enable(`'erp.kept', replica_identity => 'keep'`));
  expect(refused.message).toContain('a DELETE would not tell which company it belongs to');
  await enable(`'erp.kept', company_column => null, replica_identity => 'keep'`);
  expect(await notedIdentities('erp.kept')).toEqual({ previous: null, set: null });
  expect(await identityOf('erp.kept')).toBe('default');
  await writeAsApplication('erp.kept');
});

test('identity full beside a stored generated column never breaks an UPDATE of the application', async () => {
  await database.dba.query(
    `create table erp.stored ("companyId" text not null, id text primary key, twice text generated always as (id || id) stored)`,
  );
  await enable(`'erp.stored'`);
  await writeAsApplication('erp.stored');
});

test('refuses identity full beside a virtual column, and what it offers instead works as it stands', async ({
  skip,
}) => {
  skip(major < 18, 'virtual columns came with Postgres 18');
  await database.dba.query(
    `create table erp.virtual ("companyId" text not null, id text primary key, twice text generated always as (id || id))`,
  );
  const refused = await refusal(enable(`'erp.virtual'`));
  expect(refused.message).toContain('beside the virtual generated column "twice"');
  await writeAsApplication('erp.virtual');
  // The offer is complete: run as it stands, it works.
  for (const statement of refused.hint.split(';').filter((part) => part.trim() !== ''))
    await database.dba.query(statement);
  expect(await identityOf('erp.virtual')).toBe('index:virtual_rowhook');
  await writeAsApplication('erp.virtual');
  // Full is no way out here, and so it is not offered.
  const [large] = await database.dba.query(
    `select remedy from rowhook.inspect_table('erp.virtual') where "check" = 'large values'`,
  );
  expect(large).toEqual({ remedy: null });
});

test('refuses what another publication of the table would turn into failing writes', async ({ skip }) => {
  skip(major < 15, 'column lists of publications came with Postgres 15');
  await database.dba.query(
    `create table erp.shared ("companyId" text not null, id text primary key, note text)`,
  );
  await database.admin.query('create publication other for table erp.shared ("companyId", id)');
  const refused = await refusal(enable(`'erp.shared'`));
  expect(refused.message).toContain('publication "other" has a column list without "note"');
  expect(refused.hint).toMatch(
    /^create unique index concurrently shared_rowhook on erp\.shared \("companyId", id\); select /,
  );
  await writeAsApplication('erp.shared');
  await database.admin.query('drop publication other');
  await enable(`'erp.shared'`);
  await writeAsApplication('erp.shared');
});

test('refuses a publication that was changed by hand, with the statement that repairs it', async () => {
  await database.dba.query(`create table erp.repaired ${columns}`);
  await database.dba.query(`alter publication rowhook set (publish = 'insert')`);
  const refused = await refusal(enable(`'erp.repaired'`));
  expect(refused.hint).toContain('alter publication rowhook set (publish =');
  await database.dba.query(refused.hint);
  await enable(`'erp.repaired'`);
});

test('only the owner enables a table, and a role outside rowhook_dba not even its own', async () => {
  await database.dba.query(`create table erp.foreign_owner ${columns}`);
  const other = await database.createLogin({ name: 'other', memberOf: ['rowhook_dba'] });
  const refused = await refusal(other.query(`select rowhook.enable_table('erp.foreign_owner')`));
  expect(refused).toMatchObject({ code: '42501', hint: `grant ${database.dba.role} to ${other.role};` });
  expect(refused.message).toContain(`belongs to role "${database.dba.role}"`);
  expect(
    await refusal(database.service.query(`select rowhook.enable_table('erp.foreign_owner')`)),
  ).toMatchObject({
    code: '42501',
    routine: 'aclcheck_error',
  });
});

test('a DBA who did not install rowhook enables, inspects and disables the tables that are theirs', async () => {
  const other = await database.createLogin({ name: 'crm_dba', memberOf: ['rowhook_dba'] });
  await database.query(`create schema crm_own authorization ${other.role}`);
  await other.query('create table crm_own.lead ("companyId" text not null, id text primary key)');
  expect(await other.query(`select "check" from rowhook.inspect_table('lead') where status <> 'ok'`)).toEqual(
    [],
  );
  expect(await other.query(`select name from rowhook.enable_table('lead')`)).toEqual([{ name: 'lead' }]);
  expect(await other.query(`select enabled from rowhook.disable_table('lead')`)).toEqual([{ enabled: 'f' }]);
  expect(await identityOf('crm_own.lead')).toBe('default');
});

test('two tables enabled at the same moment both get in', async () => {
  await database.dba.query(`create table erp.first ${columns}; create table erp.second ${columns}`);
  await Promise.all([enable(`'erp.first'`), enable(`'erp.second'`)]);
  expect([await isPublished('erp.first'), await isPublished('erp.second')]).toEqual([true, true]);
});
