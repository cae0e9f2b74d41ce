/** TLS to the database, as DATABASE_URL asks for it: what each sslmode does here, which is not in everything what libpq does. */
import { chown, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { runCli } from '../cli/run-cli.ts';
import { cert, key } from '../delivery/certificate.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { startRefused } from './refusal.ts';

let postgres: EmbeddedPostgres;
let database: InstalledDatabase;
let folder: string;
/** The certificate names 127.0.0.1 and not localhost, and is its own authority. */
let authority: string;

/** A server that lets the service's login in over TLS only. */
beforeAll(async () => {
  postgres = await startTestPostgres({ settings: { fsync: 'off' } });
  database = await createInstalledDatabase(postgres.url);
  folder = await mkdtemp(join(tmpdir(), 'rowhook-test-tls-'));
  authority = join(folder, 'authority.pem');
  await writeFile(authority, cert);
  const { uid, gid } = await stat(postgres.dataDir);
  for (const [name, content] of [
    ['server.crt', cert],
    ['server.key', key],
  ] as const) {
    await writeFile(join(postgres.dataDir, name), content, { mode: 0o600 });
    await chown(join(postgres.dataDir, name), uid, gid);
  }
  const hba = join(postgres.dataDir, 'pg_hba.conf');
  await writeFile(hba, `hostnossl all ${database.service.role} all reject\n${await readFile(hba, 'utf8')}`);
  await database.admin.query('alter system set ssl = on');
  await database.admin.query('select pg_reload_conf()');
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

function urlWith(parameters: string, host = '127.0.0.1'): string {
  const url = new URL(database.serviceUrl);
  url.hostname = host;
  url.search = parameters.replace('$authority', encodeURIComponent(authority));
  return url.href;
}

test('streams over a verified connection', async () => {
  await database.dba.query(`create table note (id int primary key, "companyId" text not null)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
  await using receiver = await startReceiver();
  await database.admin.query(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert) values ('acme', 'n', 'note', $1, true)`,
    [receiver.url],
  );
  await using service = startService({
    databaseUrl: urlWith('sslmode=verify-full&sslrootcert=$authority'),
  });
  await service.ready();
  await database.dba.query(`insert into note values (1, 'acme')`);
  await receiver.waitFor(1);
  const sessions = await database.admin.query(
    `select distinct ssl, a.backend_type = 'walsender' as streams from pg_stat_ssl s join pg_stat_activity a using (pid)
      where a.usename = $1 order by streams`,
    [database.service.role],
  );
  expect(sessions).toEqual([
    { ssl: 't', streams: 'f' },
    { ssl: 't', streams: 't' },
  ]);
});

test.each([
  ['verify-full with the authority', 'sslmode=verify-full&sslrootcert=$authority', '127.0.0.1'],
  [
    'require with the authority, which verifies the name, too',
    'sslmode=require&sslrootcert=$authority',
    '127.0.0.1',
  ],
  ['no-verify', 'sslmode=no-verify', 'localhost'],
  ['require as libpq has it', 'uselibpqcompat=true&sslmode=require', 'localhost'],
  ['verify-ca as libpq has it', 'uselibpqcompat=true&sslmode=verify-ca&sslrootcert=$authority', 'localhost'],
  ['channel_binding beside it', 'sslmode=no-verify&channel_binding=require', '127.0.0.1'],
])('%s connects', async (_what, parameters, host) => {
  const { exitCode, stderr } = await runCli(['webhook', 'list'], { DATABASE_URL: urlWith(parameters, host) });
  expect([exitCode, stderr]).toEqual([0, expect.anything()]);
});

test.each([
  [
    'no sslmode',
    '',
    '127.0.0.1',
    /\nWhere the server wants TLS, add it to DATABASE_URL: sslmode=verify-full/,
  ],
  ['disable', 'sslmode=disable', '127.0.0.1', /\nWhere the server wants TLS/],
  [
    'verify-full without the authority',
    'sslmode=verify-full',
    '127.0.0.1',
    /not accepted .*\n.*sslrootcert=/,
  ],
  ['require without the authority', 'sslmode=require', '127.0.0.1', /not accepted .*\n.*sslrootcert=/],
  [
    'verify-full under another name',
    'sslmode=verify-full&sslrootcert=$authority',
    'localhost',
    /for another name .*\nIn DATABASE_URL write the host/,
  ],
  [
    'an authority that is no file',
    'sslmode=verify-full&sslrootcert=/nowhere/authority.pem',
    '127.0.0.1',
    /file named in DATABASE_URL .*\nCheck its path/,
  ],
])('%s is refused, with what mends it', async (_what, parameters, host, expected) => {
  const { exitCode, stderr } = await runCli(['webhook', 'list'], { DATABASE_URL: urlWith(parameters, host) });
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(expected)]);
});

test('a client certificate is shown where the server asks for one', async () => {
  const hba = join(postgres.dataDir, 'pg_hba.conf');
  const [user, before] = [database.service.role, await readFile(hba, 'utf8')];
  await writeFile(hba, `hostssl all ${user} all scram-sha-256 clientcert=verify-ca\n${before}`);
  await writeFile(join(folder, 'client.key'), key, { mode: 0o600 });
  await database.admin.query(`alter system set ssl_ca_file = 'server.crt'`);
  await database.admin.query('select pg_reload_conf()');
  const { exitCode, stderr } = await runCli(['webhook', 'list'], {
    DATABASE_URL: urlWith('sslmode=no-verify'),
  });
  expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/pg_hba\.conf/)]);
  const files = `&sslcert=${encodeURIComponent(authority)}&sslkey=${encodeURIComponent(join(folder, 'client.key'))}`;
  const shown = await runCli(['webhook', 'list'], { DATABASE_URL: urlWith(`sslmode=no-verify${files}`) });
  expect(shown).toMatchObject({ exitCode: 0 });
  await writeFile(hba, before);
  await database.admin.query('select pg_reload_conf()');
});

test('start ends where the certificate is not accepted, and does not try for ever', async () => {
  const output = await startRefused({ databaseUrl: urlWith('sslmode=verify-full') }, 3);
  expect(output).toMatch(/not accepted .*\n.*sslrootcert=/);
});
