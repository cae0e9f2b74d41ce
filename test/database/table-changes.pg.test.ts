/**
 * What becomes of an enabled table that somebody renames, drops, makes again or alters: the doors find it under either
 * name, inspecting says what is not right any more, and the statement that it gives mends it.
 */
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { type Doors, doorsOf } from './doors.ts';
import { refusal } from './refusal.ts';

let database: InstalledDatabase;
let doors: Doors;
let counter = 0;
let table: string;
const major = inject('postgresMajor');
beforeAll(async () => {
  database = await createInstalledDatabase();
  doors = doorsOf(database);
  await database.dba.query('create schema archive');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const columns = '("companyId" text not null, id text primary key)';
beforeEach(async () => {
  counter += 1;
  table = `job_${counter}`;
  await database.dba.query(`create table ${table} ${columns}`);
  await doors.call(`enable_table('${table}')`);
});

async function write(relation: string): Promise<void> {
  await database.app.query(
    `insert into ${relation} values ('a', '1'); update ${relation} set id = '2'; delete from ${relation}`,
  );
}

test.each(['its old name', 'its new name'])('a renamed table is disabled by %s', async (which) => {
  await database.dba.query(`alter table ${table} rename to ${table}_new`);
  await write(`${table}_new`);
  await doors.call(`disable_table('${which === 'its old name' ? table : `${table}_new`}')`);
  expect([await doors.identity(`${table}_new`), await doors.isPublished(`${table}_new`)]).toEqual([
    'default',
    false,
  ]);
  await write(`${table}_new`);
});

test('the old name of a renamed table leads to its new one', async () => {
  await database.dba.query(`alter table ${table} rename to ${table}_new`);
  const [trouble] = await doors.troubles(`'${table}'`);
  expect(trouble).toMatchObject({
    check: 'relation',
    status: 'fail',
    remedy: `It is public.${table}_new now.`,
  });
});

test('a renamed or moved table is told so, and enabled again under the name that webhooks know', async () => {
  await database.dba.query(
    `alter table ${table} rename to ${table}_new; alter table ${table}_new set schema archive`,
  );
  const [trouble] = await doors.troubles(`'${table}_new'`);
  expect(trouble).toEqual({
    check: 'registered',
    status: 'fail',
    detail: `enabled as "${table}" when it was called public.${table}: under its new name nothing is sent`,
    remedy: `select rowhook.enable_table('archive.${table}_new');`,
  });
  await doors.paste(trouble?.remedy);
  expect(await doors.troubles(`'${table}_new'`)).toEqual([]);
  expect(await doors.call(`disable_table('${table}_new')`)).toMatchObject({
    name: table,
    schema_name: 'archive',
  });
  expect(await doors.identity(`archive.${table}_new`)).toBe('default');
});

test('where an enabled table takes the name of another enabled one, what mends it is said, and works as it stands', async () => {
  await database.dba.query(`create table ${table}_b ${columns}`);
  await doors.call(`enable_table('${table}_b')`);
  await database.dba.query(
    `alter table ${table} rename to swapped; alter table ${table}_b rename to ${table}; alter table swapped rename to ${table}_b`,
  );
  const refused = await refusal(doors.call(`enable_table('${table}')`));
  expect(refused.message).toBe(
    `table public.${table} is registered as "${table}_b", and "${table}" is registered for the table that was called so before`,
  );
  const [trouble] = await doors.troubles(`'${table}'`);
  expect(trouble).toMatchObject({ check: 'registered', status: 'fail' });
  expect(refused.hint).toBe(`To go on as "${table}": ${trouble?.remedy ?? ''}`);
  await doors.paste(trouble?.remedy);
  await doors.call(`enable_table('${table}_b')`);
  for (const name of [table, `${table}_b`]) {
    expect(await doors.troubles(`'${name}'`)).toEqual([]);
    expect(await doors.isPublished(name)).toBe(true);
    await write(name);
    expect(await doors.call(`disable_table('${name}')`)).toMatchObject({ name, relation_name: name });
    expect(await doors.identity(name)).toBe('default');
  }
});

test('a table made again under its name is told so, and published by enabling it again', async () => {
  await database.dba.query(`drop table ${table}; create table ${table} ${columns}`);
  await write(table);
  expect(await doors.isPublished(table)).toBe(false);
  const trouble = (await doors.troubles(`'${table}'`)).find(({ check }) => check === 'published');
  expect(trouble?.detail).toContain('registered as enabled, but not in the publication');
  await doors.paste(trouble?.remedy);
  expect(await doors.isPublished(table)).toBe(true);
  await doors.call(`disable_table('${table}')`);
  expect(await doors.identity(table)).toBe('default');
});

test('where another table took the name, that one is enabled and the former one given back', async () => {
  await database.dba.query(`alter table ${table} rename to ${table}_old; create table ${table} ${columns}`);
  await doors.call(`enable_table('${table}')`);
  expect([await doors.identity(table), await doors.isPublished(table)]).toEqual(['full', true]);
  expect([await doors.identity(`${table}_old`), await doors.isPublished(`${table}_old`)]).toEqual([
    'default',
    false,
  ]);
  await write(table);
  await write(`${table}_old`);
});

test('where another table took the name, disabling gives back the former one', async () => {
  await database.dba.query(`alter table ${table} rename to ${table}_old; create table ${table} ${columns}`);
  await doors.call(`disable_table('${table}')`);
  expect([await doors.identity(`${table}_old`), await doors.isPublished(`${table}_old`)]).toEqual([
    'default',
    false,
  ]);
});

test('a dropped table is disabled by its name, and inspecting it says that it is gone', async () => {
  await database.dba.query(`drop table ${table}`);
  expect((await doors.troubles(`'${table}'`))[0]?.detail).toContain(`there is no table "${table}"`);
  expect(await doors.call(`disable_table('public.${table}')`)).toMatchObject({ enabled: 'f' });
});

test('a stored generated column may be added at any time', async () => {
  await database.dba.query(
    `alter table ${table} add column twice text generated always as (id || id) stored`,
  );
  await database.app.query(
    `insert into ${table} values ('a', '1'); update ${table} set id = '2'; delete from ${table}`,
  );
  expect((await doors.troubles(`'${table}'`)).filter(({ status }) => status === 'fail')).toEqual([]);
});

test('a virtual generated column, added later, makes UPDATEs fail: inspecting says so, with what mends it', async ({
  skip,
}) => {
  skip(major < 18, 'virtual columns came with Postgres 18');
  await database.dba.query(
    `alter table ${table} add column twice text generated always as (id || id) virtual`,
  );
  expect((await refusal(database.app.query(`update ${table} set id = '2'`))).message).toBe(
    `cannot update table "${table}"`,
  );
  const trouble = (await doors.troubles(`'${table}'`)).find(({ status }) => status === 'fail');
  expect(trouble).toEqual({
    check: 'replica identity',
    status: 'fail',
    detail: `replica identity full of public.${table} beside the virtual generated column "twice": every UPDATE of the application fails`,
    remedy:
      `alter table only public.${table} replica identity default; ` +
      `create unique index concurrently ${table}_rowhook on public.${table} ("companyId", id); ` +
      `select rowhook.enable_table('public.${table}', replica_identity => '${table}_rowhook');`,
  });
  const [relief = ''] = trouble?.remedy?.split(';') ?? [];
  await database.dba.query(relief);
  await write(table);
  await doors.paste(trouble?.remedy);
  await write(table);
  expect(await doors.identity(table)).toBe(`index:${table}_rowhook`);
});

test('a virtual column added to a partitioned table is mended, too', async ({ skip }) => {
  skip(major < 18, 'virtual columns came with Postgres 18');
  await database.dba.query(`
    create table parts_v ("companyId" text not null, id text primary key) partition by list (id);
    create table parts_v_1 partition of parts_v for values in ('1'); create table parts_v_2 partition of parts_v for values in ('2')`);
  await doors.call(`enable_table('parts_v')`);
  await database.dba.query(
    'alter table parts_v add column twice text generated always as (id || id) virtual',
  );
  await refusal(database.app.query(`insert into parts_v values ('a', '1'); update parts_v set id = id`));
  const trouble = (await doors.troubles(`'parts_v'`)).find(({ status }) => status === 'fail');
  expect(trouble?.remedy).toMatch(
    /^select rowhook\.disable_table\('public\.parts_v'\); create unique index /,
  );
  await doors.paste(trouble?.remedy);
  await write('parts_v');
});

test.each([
  ['nothing', 'fail', 'every UPDATE and DELETE of the application fails there'],
  ['default', 'warn', 'a DELETE there does not tell which company it belongs to, and is not sent'],
])(
  'an identity set to %s behind our back is a %s, and mended by enabling again',
  async (identity, status, detail) => {
    await database.dba.query(`alter table ${table} replica identity ${identity}`);
    const trouble = (await doors.troubles(`'${table}'`)).find(({ check }) => check === 'replica identity');
    expect(trouble).toMatchObject({ status, remedy: `select rowhook.enable_table('public.${table}');` });
    expect(trouble?.detail).toContain(detail);
    await doors.paste(trouble?.remedy);
    await write(table);
    expect(await doors.troubles(`'${table}'`)).toEqual([]);
  },
);

test('a company column that was renamed is a failure that names it', async () => {
  await database.dba.query(`alter table ${table} rename "companyId" to company_id`);
  const troubles = await doors.troubles(`'${table}'`);
  expect(troubles.find(({ check }) => check === 'company column')).toMatchObject({
    status: 'fail',
    detail: `public.${table} has no column "companyId"`,
    remedy: `select rowhook.enable_table('public.${table}', company_column => 'company_id');`,
  });
  await write(table);
});

test('names with dots in them are told apart, also in what the doors advise', async () => {
  await database.dba.query(`create schema a; create table a.b ${columns}; create table "a.b" ${columns}`);
  const refused = await refusal(doors.call(`enable_table('a.b')`));
  expect(refused.detail).toBe('There are "a"."b", public.a.b.');
  await doors.call(`enable_table('"a"."b"')`);
  expect((await doors.finding(`'"a"."b"', 'nothing'`, 'company column'))?.remedy).toContain(
    `enable_table('"a"."b"'`,
  );
  const taken = await refusal(doors.call(`enable_table('public.a.b', replica_identity => 'keep')`));
  await doors.paste(taken.hint);
  expect([await doors.isPublished('a.b'), await doors.isPublished('public."a.b"')]).toEqual([true, true]);
});
