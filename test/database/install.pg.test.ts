/** Installing: once, whoever runs it and however often; nothing is open to everybody afterwards. */
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { install } from '../../src/database/install.ts';
import { listMigrations, requiredSchemaVersion } from '../../src/database/migrations.ts';
import { checkSchemaVersion } from '../../src/database/schema-version.ts';
import { createDatabase } from '../support/database.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';

const quiet = (): void => undefined;

async function checkVersion(databaseUrl: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await checkSchemaVersion(client);
  } finally {
    await client.end();
  }
}

test('a role with CREATEROLE and its own database installs everything; a second run finds it up to date', async () => {
  await using database = await createInstalledDatabase();
  const lines: string[] = [];
  const report = await install({ databaseUrl: database.dba.url, log: (line) => lines.push(line) });
  expect(report).toEqual({ applied: [], version: requiredSchemaVersion() });
  expect(lines[0]).toBe(`rowhook is up to date (schema version ${requiredSchemaVersion()})`);
  expect(lines.join('\n')).toMatch(/The service can log in as \w+\./);
});

test('two installers at once apply each file once, and both succeed', async () => {
  await using database = await createDatabase();
  const reports = await Promise.all([1, 2, 3].map(() => install({ databaseUrl: database.url, log: quiet })));
  const applied = reports.flatMap((report) => report.applied);
  expect(applied.toSorted()).toEqual(listMigrations().map((migration) => migration.name));
});

test('a role that may create nothing is told the statement for a superuser, and leaves nothing behind', async () => {
  await using database = await createDatabase();
  const nobody = await database.createLogin({ name: 'nobody' });
  await expect(install({ databaseUrl: nobody.url, log: quiet })).rejects.toMatchObject({
    exitCode: 3,
    remedy: expect.stringMatching(/As a superuser run: .*(rowhook_dba|createrole)/) as unknown,
  });
  expect(await database.query("select to_regnamespace('rowhook') as schema")).toEqual([{ schema: null }]);
});

test('another role is told who installed it', async () => {
  await using database = await createInstalledDatabase();
  const nobody = await database.createLogin({ name: 'nobody' });
  await expect(install({ databaseUrl: nobody.url, log: quiet })).rejects.toMatchObject({
    exitCode: 3,
    remedy: `rowhook is installed by ${database.dba.role}; run it as that role.`,
  });
});

test('a foreign publication of our name is left alone', async () => {
  await using database = await createDatabase();
  await database.query('create publication rowhook');
  await expect(install({ databaseUrl: database.url, log: quiet })).rejects.toThrow(
    'a publication named "rowhook" exists already',
  );
});

test('the version is checked: missing, closed, older and newer schemas end with what to run', async () => {
  await using empty = await createDatabase();
  await expect(checkVersion(empty.url)).rejects.toMatchObject({
    exitCode: 3,
    remedy: expect.stringContaining('rowhook install') as unknown,
  });

  await using database = await createInstalledDatabase();
  await expect(checkVersion(database.service.url)).resolves.toBeUndefined();
  const stranger = await database.createLogin({ name: 'stranger' });
  await expect(checkVersion(stranger.url)).rejects.toMatchObject({
    exitCode: 3,
    remedy: expect.stringContaining(`grant rowhook_service to ${stranger.role};`) as unknown,
  });

  await database.admin.query("insert into rowhook.migration (version, name) values (999, '999_later.sql')");
  await expect(checkVersion(database.service.url)).rejects.toMatchObject({ exitCode: 3 });
  await expect(install({ databaseUrl: database.dba.url, log: quiet })).rejects.toMatchObject({ exitCode: 3 });

  await database.admin.query('delete from rowhook.migration where version > 1');
  await expect(checkVersion(database.service.url)).rejects.toMatchObject({
    exitCode: 3,
    remedy: expect.stringContaining('rowhook install') as unknown,
  });
});

test('nothing in the schema is granted to PUBLIC, and every function pins its search_path', async () => {
  await using database = await createInstalledDatabase();
  const open = await database.query(`
    select c.relname as name from pg_class c, aclexplode(c.relacl) a
    where c.relnamespace = 'rowhook'::regnamespace and a.grantee = 0
    union all
    select p.proname from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    where p.pronamespace = 'rowhook'::regnamespace and a.grantee = 0
    union all
    select n.nspname from pg_namespace n, aclexplode(n.nspacl) a where n.nspname = 'rowhook' and a.grantee = 0`);
  expect(open).toEqual([]);
  const unpinned = await database.query(`
    select proname from pg_proc
    where pronamespace = 'rowhook'::regnamespace
      and not coalesce(proconfig, '{}') @> '{"search_path=pg_catalog, pg_temp"}'`);
  expect(unpinned).toEqual([]);
});

test('every table, view and function has a comment', async () => {
  await using database = await createInstalledDatabase();
  const silent = await database.query(`
    select relname as name from pg_class
    where relnamespace = 'rowhook'::regnamespace and relkind in ('r', 'v') and obj_description(oid, 'pg_class') is null
    union all
    select proname from pg_proc
    where pronamespace = 'rowhook'::regnamespace and obj_description(oid, 'pg_proc') is null`);
  expect(silent).toEqual([]);
});

test('the publication carries every operation and the two configuration tables, and belongs to rowhook_dba', async () => {
  await using database = await createInstalledDatabase();
  expect(
    await database.query(`
      select pg_get_userbyid(pubowner) as owner, pubinsert and pubupdate and pubdelete and pubtruncate and pubviaroot as all,
        coalesce(to_jsonb(p) ->> 'pubgencols', 's') as generated
      from pg_publication p where pubname = 'rowhook'`),
  ).toEqual([{ owner: 'rowhook_dba', all: 't', generated: 's' }]);
  expect(
    await database.query(
      `select tablename from pg_publication_tables where pubname = 'rowhook' order by tablename`,
    ),
  ).toEqual([{ tablename: 'subscribable_table' }, { tablename: 'webhook' }]);
});
