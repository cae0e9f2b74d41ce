/** What the service's role or its database lacks: named with the statement that mends it, and that statement is enough. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere } from '../cli/cli-here.ts';
import { createDatabase, type LoginOptions } from '../support/database.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startService } from '../support/service-process.ts';
import { startRefused } from './refusal.ts';

let database: InstalledDatabase;

beforeAll(async () => {
  database = await createInstalledDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

/** The statement of the remedy, as a person would copy it. */
function statement(output: string, beginning: string): string {
  const found = output.split('\n').find((line) => line.includes(beginning)) ?? '';
  return found.slice(found.indexOf(beginning), found.indexOf(';', found.indexOf(beginning)) + 1);
}

const inService = ['rowhook_service'];

test.each<[string, Omit<LoginOptions, 'name'>, RegExp, string]>([
  ['REPLICATION', { memberOf: inService }, /The role \S+ may not replicate\./, 'alter role'],
  ['any group', { attributes: 'replication' }, /may not use the schema rowhook/, 'grant rowhook_service to'],
  [
    'the service’s group',
    { attributes: 'replication', memberOf: ['rowhook_dba'] },
    /is not a member of rowhook_service/,
    'grant rowhook_service to',
  ],
])('a role without %s is told which statement gives it', async (_case, options, message, beginning) => {
  const login = await database.createLogin({ name: 'lacking', ...options });
  const output = await startRefused({ databaseUrl: login.url }, 3);
  expect(output).toMatch(message);
  await database.admin.query(statement(output, beginning));
  await using service = startService({ databaseUrl: login.url });
  await service.ready();
});

test('a role that may not connect to the database is told which statement lets it in', async () => {
  const { name, admin } = database;
  const login = await database.createLogin({
    name: 'outside',
    attributes: 'replication',
    memberOf: inService,
  });
  await admin.query(`revoke connect on database ${name} from public`);
  try {
    const output = await startRefused({ databaseUrl: login.url }, 3);
    await admin.query(statement(output, 'grant connect'));
    await using service = startService({ databaseUrl: login.url });
    await service.ready();
  } finally {
    await admin.query(`grant connect on database ${name} to public`);
  }
});

test('a wrong password is named with its user, and never shown', async ({ skip }) => {
  const wrong = new URL(database.serviceUrl);
  wrong.password = 'hush4711';
  const isAccepted = await database.connect(wrong.href).then(
    () => true,
    () => false,
  );
  skip(isAccepted, 'this server asks for no password');
  const output = await startRefused({ databaseUrl: wrong.href }, 3);
  expect(output).toMatch(/Check the user and the password in DATABASE_URL \(user "\w+"\)/);
  wrong.password = '';
  const without = await startRefused({ databaseUrl: wrong.href }, 3);
  expect(without).toMatch(/asks for a password[^]*postgres:\/\/user:password@host/);
});

test('an unknown database is named', async () => {
  const elsewhere = new URL(database.serviceUrl);
  elsewhere.pathname = '/no_such_database';
  const output = await startRefused({ databaseUrl: elsewhere.href }, 3);
  expect(output).toMatch(/no_such_database.*\nCheck the database's name in DATABASE_URL/);
});

test('a database without rowhook is told how to install it', async () => {
  await using empty = await createDatabase();
  const login = await empty.createLogin({ name: 'service', attributes: 'replication', memberOf: inService });
  const output = await startRefused({ databaseUrl: login.url }, 3);
  expect(output).toMatch(/rowhook is not installed in this database\n.*rowhook install/);
  expect(await empty.query(`select from pg_replication_slots where slot_name = $1`, [empty.name])).toEqual(
    [],
  );
});

test.each([
  [
    'older',
    'delete from rowhook.migration where version = (select max(version) from rowhook.migration) returning *',
    /has version \d+, this release needs \d+\n.*rowhook install/,
  ],
  [
    'newer',
    `insert into rowhook.migration (version, name) values (999, 'future') returning *`,
    /has version 999, this release knows versions up to \d+ only\n.*a release of rowhook that is at least as new/,
  ],
])('a schema that is %s than the release ends the start', async (_case, change, message) => {
  const [row] = await database.admin.query<{ version: string; name: string }>(change);
  const output = await startRefused({ databaseUrl: database.serviceUrl }, 3);
  expect(output).toMatch(message);
  await database.admin.query(
    change.startsWith('delete')
      ? `insert into rowhook.migration (version, name) values ($1, '${row?.name ?? ''}')`
      : 'delete from rowhook.migration where version = $1',
    [row?.version],
  );
});

test('a timeout that the role has for statements does not keep the service from its work', async () => {
  const login = await database.createLogin({
    name: 'hasty',
    attributes: 'replication',
    memberOf: ['rowhook_service'],
  });
  await database.admin.query(`alter role ${login.role} set statement_timeout = '1ms'`);
  await using service = startService({ databaseUrl: login.url });
  await service.ready();
  expect(service.output).not.toContain('statement timeout');
});

test('statistics that a hardened server keeps from the role stop neither a start nor the checks beside them', async () => {
  await using hardened = await createInstalledDatabase();
  await hardened.admin.query(
    `revoke select on pg_catalog.pg_stat_wal, pg_catalog.pg_stat_replication from public`,
  );
  await using service = startService({ databaseUrl: hardened.serviceUrl });
  await service.ready();
  await service.kill('SIGTERM');
  await hardened.admin.query('select pg_drop_replication_slot($1)', [hardened.name]);
  const env = { DATABASE_URL: hardened.serviceUrl, ROWHOOK_SLOT: hardened.name };
  const { exitCode, stdout } = await runHere(['status'], env);
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/^fail {2}slot .*is gone/m);
  expect(stdout).toMatch(/^ok {4}room .* and an unknown number of walsenders of \d+ are free/m);
  expect(stdout).not.toContain('could not be looked at');
});
