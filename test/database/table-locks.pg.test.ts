/** Beside somebody's open transaction the doors give up within about two seconds, name the holder, and have changed nothing. */
import { expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { refusal } from './refusal.ts';

async function createTable(): Promise<InstalledDatabase> {
  const database = await createInstalledDatabase();
  await database.dba.query('create table "salesOrder" ("companyId" text not null, id text primary key)');
  return database;
}

async function tableState(database: InstalledDatabase): Promise<unknown> {
  const [row] = await database.query(`
    select c.relreplident, (select count(*) from pg_publication_rel r where r.prrelid = c.oid) as published,
      (select enabled from rowhook.subscribable_table) as enabled
    from pg_class c where c.relname = 'salesOrder'`);
  return row;
}

test.each([
  ['reads', 'select * from "salesOrder"', { published: '0', relreplident: 'd', enabled: null }, 'enable'],
  [
    'has written',
    `insert into "salesOrder" values ('a', '1')`,
    { published: '0', relreplident: 'd', enabled: null },
    'enable',
  ],
  [
    'has written',
    `insert into "salesOrder" values ('a', '1')`,
    { published: '1', relreplident: 'f', enabled: 't' },
    'disable',
  ],
])(
  'beside a transaction that %s the table (%s), %o stays as it was: %s',
  async (_kind, statement, expected, door) => {
    await using database = await createTable();
    if (door === 'disable') await database.dba.query(`select rowhook.enable_table('salesOrder')`);
    const holder = await database.connect(database.app.url);
    await holder.query(`set application_name = 'month end'; begin; ${statement}`);

    const startedAt = performance.now();
    const refused = await refusal(database.dba.query(`select rowhook.${door}_table('salesOrder')`));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(refused.code).toBe('55P03');
    expect(refused.detail).toContain(`pid ${holder.pid}, role ${database.app.role}, application "month end"`);
    expect(refused.hint).toContain(`select pg_terminate_backend(${holder.pid});`);
    expect(await tableState(database)).toEqual(expected);

    await holder.query(`commit; update "salesOrder" set id = '2'; delete from "salesOrder"`);
    await database.dba.query(`select rowhook.${door}_table('salesOrder')`);
  },
);

test('where the identity is right already, readers are not waited for, only writers', async () => {
  await using database = await createTable();
  await database.dba.query('alter table "salesOrder" replica identity full');
  const reader = await database.connect(database.app.url);
  await reader.query('begin; select * from "salesOrder"');
  await database.dba.query(`select rowhook.enable_table('salesOrder')`);
  await database.dba.query(`select rowhook.disable_table('salesOrder')`);
  expect(await tableState(database)).toEqual({ published: '0', relreplident: 'f', enabled: 'f' });

  await reader.query(`insert into "salesOrder" values ('a', '1')`);
  const refused = await refusal(database.dba.query(`select rowhook.enable_table('salesOrder')`));
  expect(refused.detail).toContain(`pid ${reader.pid}`);
});

test('inspecting waits for nobody, not even for a table that is locked altogether', async () => {
  await using database = await createTable();
  const holder = await database.connect();
  await holder.query('begin; lock table "salesOrder" in access exclusive mode');
  const session = await database.connect(database.dba.url);
  await session.query(`set lock_timeout = '1ms'`);
  expect(await session.query(`select * from rowhook.inspect_table('salesOrder')`)).not.toEqual([]);
});

test('who may see what others do is told since when the holder is there', async () => {
  await using database = await createTable();
  await database.admin.query(`grant pg_read_all_stats to ${database.dba.role}`);
  const holder = await database.connect(database.app.url);
  await holder.query('begin; select * from "salesOrder"');
  const refused = await refusal(database.dba.query(`select rowhook.enable_table('salesOrder')`));
  expect(refused.detail).toMatch(/idle in transaction, its transaction open since \d{4}-\d\d-\d\d/);
});
