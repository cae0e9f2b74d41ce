/** The installed database is what the tests of everything else stand on: three logins, no superuser, nothing left. */
import { expect, test } from 'vitest';
import { createInstalledDatabase } from './installed-database.ts';

test('three logins that are no superusers share an installation', async () => {
  await using database = await createInstalledDatabase();
  for (const login of [database.dba, database.service, database.app]) {
    expect(await login.query("select current_setting('is_superuser') as super")).toEqual([{ super: 'off' }]);
  }
  await database.dba.query('create table "salesOrder" (id text primary key, "companyId" text)');
  await database.app.query(`insert into "salesOrder" values ('a', 'c1')`);
  expect(await database.dba.query('select * from "salesOrder"')).toEqual([{ id: 'a', companyId: 'c1' }]);
});

test('the application works for one company at a time', async () => {
  await using database = await createInstalledDatabase();
  const company = database.appAs('two words\\');
  expect(await company.query("select current_setting('rowhook.company_id') as id")).toEqual([
    { id: 'two words\\' },
  ]);
});

test('two installations at once do not disturb each other', async () => {
  const results = await Promise.allSettled(Array.from({ length: 4 }, () => createInstalledDatabase()));
  const installed = results.filter((result) => result.status === 'fulfilled').map((result) => result.value);
  await Promise.all(installed.map((database) => database[Symbol.asyncDispose]()));
  expect(results.map((result) => result.status)).toEqual(Array.from({ length: 4 }, () => 'fulfilled'));
});
