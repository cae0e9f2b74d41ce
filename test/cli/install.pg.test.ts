import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { runCli, runJson } from './run-cli.ts';

test('install says what it did, and what it prints as JSON stands alone on stdout', async () => {
  await using database = await createDatabase();
  const env = { DATABASE_URL: database.url };
  const first = await runCli(['install'], env);
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout).toMatch(/applied 001_\w+\.sql[^]*rowhook is installed/);
  const second = await runJson(['install'], env);
  expect(second).toEqual({ exitCode: 0, json: { applied: [], version: expect.any(Number) as number } });
});

test('install tells a role without the rights which ones it needs', async () => {
  await using database = await createDatabase();
  const nobody = await database.createLogin({ name: 'nobody' });
  const { exitCode, stderr } = await runCli(['install'], { DATABASE_URL: nobody.url });
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/As a superuser run: /);
  expect(stderr).not.toMatch(/\n\s+at /);
});

test('uninstall only shows what it would do until it is told to, and then leaves nothing behind', async () => {
  await using database = await createInstalledDatabase();
  // Holds the group roles, which the tests beside this one need.
  await using other = await createInstalledDatabase();
  const env = { DATABASE_URL: database.dbaUrl };
  await database.dba.query(`
    create table public.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('public.item');
  `);
  const plan = await runCli(['uninstall'], env);
  expect(plan).toMatchObject({ exitCode: 0, stderr: '' });
  expect(plan.stdout).toMatch(/this would be done:[^]*drop schema rowhook[^]*nothing was changed/);
  expect(plan.stdout).toMatch(new RegExp(`role rowhook_app stays: it is used by .*${other.name}`));
  expect(await database.query(`select to_regnamespace('rowhook') as found`)).toEqual([{ found: 'rowhook' }]);

  const { exitCode, json } = await runJson(['uninstall', '--yes'], env);
  expect({ exitCode, json }).toMatchObject({ exitCode: 0, json: { done: true } });
  const left = await database.query(
    `select to_regnamespace('rowhook') as schema, c.relreplident as identity,
            (select count(*) from pg_publication where pubname = 'rowhook') as publications
     from pg_class c where c.oid = 'public.item'::regclass`,
  );
  expect(left).toEqual([{ schema: null, identity: 'd', publications: '0' }]);
  expect((await runCli(['status'], env)).stdout).toMatch(/^fail {2}schema .*not installed/m);
});
