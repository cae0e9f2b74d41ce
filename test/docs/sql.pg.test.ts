// docs/sql.md is what the comments in the database make of it, and nothing that an application or a DBA can reach is without one.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { readSqlReference } from './sql-reference.ts';

let database: InstalledDatabase;

beforeAll(async () => {
  database = await createInstalledDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

test('docs/sql.md says what the comments in the database say', async () => {
  const { page } = await readSqlReference(database);
  expect(
    readFileSync(new URL('../../docs/sql.md', import.meta.url), 'utf8'),
    'mend it: npm run docs:sql',
  ).toBe(page);
});

test('whatever rowhook_app or rowhook_dba can reach has a comment, each column and each parameter of what they call', async () => {
  expect((await readSqlReference(database)).silent).toEqual([]);
});

test('an object, a column or a parameter without one is noticed', async () => {
  await database.admin.query(`
    create table rowhook.mute (a int);
    grant select (a) on rowhook.mute to rowhook_app;
    create function rowhook.mute() returns int language sql as 'select 1';
    grant execute on function rowhook.mute() to rowhook_dba;
    comment on function rowhook.disable_table(text) is 'Only this.'`);
  const { silent } = await readSqlReference(database);
  expect(silent.toSorted()).toEqual(['disable_table(relation)', 'mute', 'mute()', 'mute.a']);
});
