/** A server without room: no slot, no walsender, no log kept, a line of pg_hba.conf. A cluster of its own, because others need theirs. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { runHere } from '../cli/cli-here.ts';
import { http } from '../support/http.ts';
import { heldAnswers } from '../service/scene.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { ownMajor, startTestPostgres } from '../support/test-postgres.ts';
import { waitUntil } from '../support/wait.ts';
import { startRefused } from './refusal.ts';

let postgres: EmbeddedPostgres;
let database: InstalledDatabase;

beforeAll(async () => {
  postgres = await startTestPostgres({
    settings: {
      fsync: 'off',
      max_replication_slots: '1',
      max_wal_senders: '1',
      max_slot_wal_keep_size: '1MB',
    },
  });
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
});
beforeEach(async () => {
  database = await createInstalledDatabase(postgres.url);
});
afterEach(async () => {
  await database[Symbol.asyncDispose]();
});

test('no free slot: says how to see them, and starts when one was dropped', async () => {
  await database.admin.query(`select pg_create_physical_replication_slot('somebody')`);
  const output = await startRefused({ databaseUrl: database.serviceUrl }, 3);
  expect(output).toMatch(/There is no free replication slot .* all 1 are in use/);
  expect(output).toContain('alter system set max_replication_slots = 11;');
  const look = /select slot_name, [^;]*/.exec(output)?.[0] ?? '';
  expect(await database.service.query(look)).toMatchObject([{ slot_name: 'somebody', active: 'f' }]);
  await database.admin.query(`select pg_drop_replication_slot('somebody')`);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
});

test('no free walsender: waits with the setting that makes room, and goes on when there is some', async () => {
  const somebody = new pg.Client({
    connectionString: postgres.url,
    replication: 'database',
  } as pg.ClientConfig);
  somebody.on('error', () => undefined);
  await somebody.connect();
  await using service = startService({ databaseUrl: database.serviceUrl });
  const warning = await service.waitForLog(({ msg }) => msg.includes('max_wal_senders'));
  expect(warning).toMatchObject({
    level: 'warn',
    remedy: expect.stringContaining('alter system set max_wal_senders = 11;') as string,
  });
  const response = await http.get(`${service.httpUrl}/readyz`);
  expect(response.statusCode).toBe(503);
  await somebody.end();
  await service.ready();
});

/** An enabled table `note (id, "companyId")`, and a webhook of acme's for its inserts. */
async function watchNotes(url: string): Promise<void> {
  await database.dba.query(`create table note (id int primary key, "companyId" text)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
  await database
    .appAs('acme')
    .query(`insert into rowhook.webhook (name, table_name, url, on_insert) values ('n', 'note', $1, true)`, [
      url,
    ]);
}

test('a slot whose log was removed: says so, and goes on after the gap was accepted', async () => {
  await using receiver = await startReceiver();
  await watchNotes(receiver.url);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  await waitUntil(
    async () => {
      await database.admin.query(`select pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()`);
      await database.admin.query('checkpoint');
      const [slot] = await database.admin.query('select wal_status from pg_replication_slots');
      return slot?.['wal_status'] === 'lost';
    },
    { describe: 'the slot to be invalidated' },
  );
  await database.app.query(`insert into note values (1, 'acme')`);
  const output = await startRefused({ databaseUrl: database.serviceUrl }, 3);
  const why = ownMajor >= 18 ? 'due to "wal_removed"' : 'because it exceeded the maximum reserved size';
  expect(output).toMatch(/Postgres cannot read on from slot "\w+": ./);
  expect(output).toContain(`slot has been invalidated ${why}.`);
  expect(output).toMatch(/rowhook slot recreate --accept-gap\n.*max_slot_wal_keep_size/);
  const env = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
  expect((await runHere(['status'], env)).stdout).toMatch(
    /^fail {2}slot .* is lost \(.*\)\. What was committed after [0-9A-F]+\/[0-9A-F]+ .* missed: .* last at \d{4}-.*\n.*recreate --accept-gap\n.*Raise max_slot_wal_keep_size/m,
  );
  expect(await runHere(['slot', 'recreate', '--accept-gap'], env)).toMatchObject({ exitCode: 0 });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await database.app.query(`insert into note values (2, 'acme')`);
  const [request] = await receiver.waitFor(1);
  expect(request?.json()).toMatchObject({ record: { id: 2 } });
  const losses = await database.admin.query('select reason from rowhook.loss');
  expect(losses).toEqual([{ reason: 'gap' }]);
});

test('a slot that is lost while the service reads ends it, and status says from where on changes are missed', async () => {
  const held = heldAnswers();
  await using receiver = await startReceiver({ behaviour: held.behaviour });
  await watchNotes(receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  // What hangs is not settled, so the log from it on is kept until there is too much of it.
  await database.app.query(`insert into note select i, 'acme' from generate_series(1, 40) i`);
  await receiver.waitFor(32);
  const isOver = service.exited.then(() => true);
  await waitUntil(
    async () => {
      await database.admin.query(`select pg_logical_emit_message(false, 'x', 'x'), pg_switch_wal()`);
      await database.admin.query('checkpoint');
      const [slot] = await database.admin.query('select wal_status from pg_replication_slots');
      if (slot?.['wal_status'] === 'lost') held.release();
      return await Promise.race([isOver, Promise.resolve(false)]);
    },
    { describe: () => `the service to end; its output:\n${service.output}` },
  );
  expect(await service.exited).toEqual({ code: 3, signal: null });
  expect(service.output).toMatch(/Postgres cannot read on from slot/);
  const env = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
  const status = await runHere(['status'], env);
  expect(status.exitCode).toBe(1);
  expect(status.stdout).toMatch(/^fail {2}slot .* is lost \(/m);
  const [slot] = await database.admin.query('select active, wal_status from pg_replication_slots');
  expect(slot).toEqual({ active: 'f', wal_status: 'lost' });
});

test('a slot that was idle for longer than idle_replication_slot_timeout is lost: exit 3, and the setting is named', async ({
  skip,
}) => {
  const [server] = await database.query<{ major: string }>(
    `select current_setting('server_version_num')::int / 10000 as major`,
  );
  skip(Number(server?.major) < 18, 'the setting came with Postgres 18');
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  const env = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
  await database.admin.query(`alter system set idle_replication_slot_timeout = '1s'`);
  await database.admin.query('select pg_reload_conf()');
  try {
    await waitUntil(
      async () => {
        await database.admin.query('checkpoint');
        const [slot] = await database.admin.query('select invalidation_reason from pg_replication_slots');
        return slot?.['invalidation_reason'] === 'idle_timeout';
      },
      { describe: 'the slot to be invalidated' },
    );
    const { stdout } = await runHere(['status'], env);
    expect(stdout).toMatch(
      /^warn {2}idle_replication_slot_timeout +1 s: a service that is stopped for longer/m,
    );
    expect(stdout).toMatch(
      /^fail {2}slot .* is lost \(idle_timeout\)\. .*nobody has read since \d{4}-.*\n.*\n.*Raise idle_replication_slot_timeout/m,
    );
    const output = await startRefused({ databaseUrl: database.serviceUrl }, 3);
    expect(output).toMatch(/invalidated due to "idle_timeout"/);
    expect(output).toContain('rowhook slot recreate --accept-gap');
  } finally {
    await database.admin.query('alter system reset idle_replication_slot_timeout');
    await database.admin.query('select pg_reload_conf()');
  }
});

test('a role that pg_hba.conf keeps out: names the file, and starts when it is let in', async () => {
  const file = join(postgres.dataDir, 'pg_hba.conf');
  const before = await readFile(file, 'utf8');
  await writeFile(file, `host all ${database.service.role} 127.0.0.1/32 reject\n${before}`);
  await database.admin.query('select pg_reload_conf()');
  const output = await startRefused({ databaseUrl: database.serviceUrl }, 3);
  expect(output).toMatch(/pg_hba\.conf rejects connection[^]*\n.*must exist and have LOGIN.*pg_hba\.conf/);
  await writeFile(file, before);
  await database.admin.query('select pg_reload_conf()');
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
});

test('wal_level that is not logical: names the setting, also for managed servers', async () => {
  const settings = { fsync: 'off', wal_level: 'replica' };
  await using other = await startTestPostgres({ settings });
  await using installed = await createInstalledDatabase(other.url);
  const output = await startRefused({ databaseUrl: installed.serviceUrl }, 3);
  expect(output).toMatch(/wal_level is replica; reading changes needs logical/);
  expect(output).toMatch(/rds\.logical_replication = 1/);
  await installed.admin.query(/alter system .*;/.exec(output)?.[0] ?? '');
  const rows = await installed.admin.query(`select setting from pg_file_settings where name = 'wal_level'`);
  expect(rows).toEqual([{ setting: 'logical' }]);
});
