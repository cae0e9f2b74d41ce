/**
 * A partitioned table at the DBA's doors: enabled by its root, every partition with the identity that was asked for, and
 * every one given back. Partitions of two levels; the application reads and writes through the root and directly.
 */
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

/** `name` by year, its 2025 by company again: name_2024, name_2025 > name_2025_a and name_2025_rest. */
async function createPartitioned(name: string, key = 'primary key (id, year)'): Promise<void> {
  await database.dba.query(`
    create table ${name} ("companyId" text not null, id text not null, year int not null, note text, ${key})
      partition by list (year);
    create table ${name}_2024 partition of ${name} for values in (2024);
    create table ${name}_2025 partition of ${name} for values in (2025) partition by hash (id);
    create table ${name}_2025_a partition of ${name}_2025 for values with (modulus 2, remainder 0);
    create table ${name}_2025_rest partition of ${name}_2025 for values with (modulus 2, remainder 1)`);
}

async function call(door: string): Promise<Record<string, string | null> | undefined> {
  const [row] = await database.dba.query(`select * from rowhook.${door}`);
  return row;
}

async function runRemedy(remedy: string | null | undefined): Promise<void> {
  for (const statement of (remedy ?? '').split(';')) {
    if (statement.trim() !== '') await database.dba.query(statement);
  }
}

async function identitiesOf(name: string): Promise<Record<string, unknown>> {
  const rows = await database.query<{ relation: string; identity: string }>(
    `select c.relname as relation, rowhook.replica_identity_of(c.oid) as identity from pg_class c
     where c.oid = any (rowhook.members($1::regclass)) order by 1`,
    [name],
  );
  return Object.fromEntries(rows.map(({ relation, identity }) => [relation.slice(name.length), identity]));
}

const all = (identity: string): Record<string, string> => ({
  '': identity,
  _2024: identity,
  _2025: identity,
  _2025_a: identity,
  _2025_rest: identity,
});

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy: string | null;
}

async function inspect(name: string): Promise<Finding[]> {
  return await database.dba.query<Finding>(`select * from rowhook.inspect_table('${name}')`);
}

async function troubles(name: string): Promise<Finding[]> {
  return (await inspect(name)).filter((finding) => finding.status !== 'ok');
}

/** In every leaf: one row in, changed, moved to another partition, and out again. */
async function writeAsApplication(name: string): Promise<void> {
  await database.app.query(`
    insert into ${name} ("companyId", id, year) values ('a', '1', 2024), ('a', '2', 2025), ('a', '3', 2025), ('a', '4', 2025);
    update ${name} set note = 'x'; update ${name} set id = id || 'b'; update ${name} set year = 4049 - year;
    update ${name}_2024 set note = 'y'; delete from ${name}_2024`);
  await database.app.query(`delete from ${name}`);
}

test('enabling the root sets the identity of every partition, disabling brings each one back', async () => {
  await createPartitioned('orders');
  await database.dba.query(`alter table orders_2024 replica identity nothing;
    alter table orders_2025_a replica identity full`);
  expect(await call(`enable_table('orders')`)).toMatchObject({ name: 'orders', enabled: 't' });
  expect(await identitiesOf('orders')).toEqual(all('full'));
  expect(
    await database.query(
      `select tablename from pg_publication_tables where pubname = 'rowhook' and schemaname = 'public'`,
    ),
  ).toEqual([{ tablename: 'orders' }]);
  expect(await troubles('orders')).toEqual([]);
  await writeAsApplication('orders');

  await call(`disable_table('orders')`);
  expect(await identitiesOf('orders')).toEqual({
    ...all('default'),
    _2024: 'nothing',
    _2025_a: 'full',
  });
  expect(await database.query('select from rowhook.enabled_relation')).toEqual([]);
  await writeAsApplication('orders');
});

test('an index identity is the index of each partition that belongs to it', async () => {
  await createPartitioned('indexed');
  await database.dba.query('create unique index indexed_company on indexed ("companyId", year, id)');
  await call(`enable_table('indexed', replica_identity => 'indexed_company')`);
  expect(await identitiesOf('indexed')).toEqual({
    '': 'index:indexed_company',
    _2024: 'index:indexed_2024_companyId_year_id_idx',
    _2025: 'index:indexed_2025_companyId_year_id_idx',
    _2025_a: 'index:indexed_2025_a_companyId_year_id_idx',
    _2025_rest: 'index:indexed_2025_rest_companyId_year_id_idx',
  });
  await writeAsApplication('indexed');
  await call(`disable_table('indexed')`);
  expect(await identitiesOf('indexed')).toEqual(all('default'));
});

test('a partition is refused with the statement for its topmost table, whatever was asked', async () => {
  await createPartitioned('part');
  const refused = await refusal(
    call(`enable_table('part_2025_a', label => 'L', replica_identity => 'part_2025_a_pkey')`),
  );
  expect(refused.message).toBe(
    'public.part_2025_a is a partition: its changes are sent as those of public.part, the table it is part of',
  );
  expect(refused.hint).toBe(`select rowhook.enable_table('public.part', label => 'L');`);
  await runRemedy(refused.hint);
  expect(await refusal(call(`disable_table('part_2025_a')`))).toMatchObject({
    message: 'public.part_2025_a is a partition of public.part, and not enabled by itself',
    hint: `Disable that: select rowhook.disable_table('public.part');`,
  });
});

test.each([
  ['without a primary key', 'unique (id, year)', 'has no primary key:'],
  ['with nothing unique', 'check (year > 0)', 'has no primary key:'],
  ['with a deferrable key', 'primary key (id, year) deferrable', 'has no primary key but a deferrable one'],
])('a table %s is refused, and the remedy works when pasted', async (what, key, message) => {
  const name = what.replace(/\W/g, '_');
  await createPartitioned(name, key).catch(async () => {
    await createPartitioned(name, 'check (year > 0)');
  });
  const refused = await refusal(call(`enable_table('${name}')`));
  expect(refused.message).toContain(message);
  await writeAsApplication(name);
  await runRemedy(refused.hint);
  await call(`enable_table('${name}')`);
  await writeAsApplication(name);
});
