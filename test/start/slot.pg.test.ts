/** Whose slot it is: one that another process reads is waited for, one that is not this installation's is never touched. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere } from '../cli/cli-here.ts';
import { createDatabase } from '../support/database.ts';
import { http } from '../support/http.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { startRefused } from './refusal.ts';

let database: InstalledDatabase;

beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.dba.query(`create table note (id int primary key, "companyId" text)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function readiness(service: ServiceProcess): Promise<string> {
  const response = await http.get(`${await service.listening()}/readyz`);
  return `${response.statusCode} ${response.body}`;
}

test.each([
  [
    'another plugin',
    `select pg_create_logical_replication_slot($1, 'test_decoding')`,
    /plugin test_decoding/,
  ],
  ['a physical one', 'select pg_create_physical_replication_slot($1)', /physical/],
])('a slot of our name with %s is refused and left alone', async (_case, create, message) => {
  const slot = `${database.name}_foreign`;
  const env = { ROWHOOK_SLOT: slot };
  const before = await database.admin.query(create, [slot]);
  expect(before).toHaveLength(1);
  const output = await startRefused({ databaseUrl: database.serviceUrl, env }, 3);
  expect(output).toMatch(new RegExp(`slot named "${slot}" exists already and is not this installation's`));
  expect(output).toMatch(message);
  expect(output).toContain(`ROWHOOK_SLOT=${slot}_2`);
  expect(output).toContain(`select pg_drop_replication_slot('${slot}');`);
  await database.admin.query(`select pg_drop_replication_slot('${slot}')`);
});

test('a slot of our name in another database is refused, before and after the first start', async () => {
  await using other = await createDatabase();
  await using own = await createInstalledDatabase();
  const create = `select pg_create_logical_replication_slot($1, 'pgoutput')`;
  await other.query(create, [own.name]);
  const first = await startRefused({ databaseUrl: own.serviceUrl }, 3);
  expect(first).toMatch(new RegExp(`it belongs to database "${other.name}"`));

  await other.query('select pg_drop_replication_slot($1)', [own.name]);
  {
    await using service = startService({ databaseUrl: own.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  await own.admin.query('select pg_drop_replication_slot($1)', [own.name]);
  await other.query(create, [own.name]);
  const later = await startRefused({ databaseUrl: own.serviceUrl }, 3);
  expect(later).toMatch(new RegExp(`it belongs to database "${other.name}"`));
  const env = { DATABASE_URL: own.serviceUrl, ROWHOOK_SLOT: `${own.name}_2` };
  expect(later).toContain(`ROWHOOK_SLOT=${own.name}_2 rowhook slot recreate --accept-gap`);
  expect(await runHere(['slot', 'recreate', '--accept-gap'], env)).toMatchObject({ exitCode: 0 });
  await using service = startService({ databaseUrl: own.serviceUrl, env });
  await service.ready();
});

test('a standby waits, names who reads the slot, and goes on when that one ends', async () => {
  await using receiver = await startReceiver();
  await database
    .appAs('acme')
    .query(`insert into rowhook.webhook (name, table_name, url, on_insert) values ('n', 'note', $1, true)`, [
      `${receiver.url}/hush`,
    ]);
  await using leader = startService({ databaseUrl: database.serviceUrl });
  await leader.ready();
  await using standby = startService({ databaseUrl: database.serviceUrl });
  const warning = await standby.waitForLog(({ msg }) => msg.includes('is in use by'));
  const [slot] = await database.admin.query(
    'select active_pid from pg_replication_slots where slot_name = $1',
    [database.name],
  );
  expect(warning).toMatchObject({ level: 'warn' });
  expect(warning.msg).toContain(
    `slot "${database.name}" is in use by pid ${slot?.['active_pid'] ?? '?'}, rowhook/`,
  );
  expect(await readiness(standby)).toMatch(/^503 standby: slot .* is in use by pid \d+/);

  await database.app.query(`insert into note values (1, 'acme')`);
  await receiver.waitFor(1);
  await leader.kill('SIGTERM');
  await standby.ready();
  await database.app.query(`insert into note values (2, 'acme')`);
  const requests = await receiver.waitFor(2);
  expect(requests.map((request) => request.json())).toMatchObject([
    { record: { id: 1 } },
    { record: { id: 2 } },
  ]);
});

test('a slot that a stranger reads is waited for too', async () => {
  await using own = await createInstalledDatabase();
  {
    await using service = startService({ databaseUrl: own.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  const stranger = new pg.Client({
    connectionString: own.adminUrl,
    application_name: 'a stranger',
    replication: 'database',
  } as pg.ClientConfig);
  stranger.on('error', () => undefined);
  await stranger.connect();
  const reading = stranger.query(
    `START_REPLICATION SLOT ${own.name} LOGICAL 0/0 (proto_version '1', publication_names 'rowhook')`,
  );
  reading.catch(() => undefined);
  await waitUntil(
    async () =>
      (await own.admin.query('select from pg_replication_slots where slot_name = $1 and active', [own.name]))
        .length > 0,
    { describe: 'the stranger to read' },
  );
  await using service = startService({ databaseUrl: own.serviceUrl });
  await service.waitForLog(({ msg }) => /is in use by pid \d+, a stranger/.test(msg));
  expect(await readiness(service)).toMatch(/^503 standby/);
  await stranger.end();
  await service.ready();
});

test('a copy of the database sends nothing, and says so', async () => {
  await using receiver = await startReceiver();
  await using own = await createInstalledDatabase();
  await own.dba.query(`create table note (id int primary key, "companyId" text)`);
  await own.dba.query(`select rowhook.enable_table('note')`);
  await own
    .appAs('acme')
    .query(`insert into rowhook.webhook (name, table_name, url, on_insert) values ('n', 'note', $1, true)`, [
      receiver.url,
    ]);
  {
    await using service = startService({ databaseUrl: own.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  await own.app.query(`insert into note values (1, 'acme')`);
  await own.admin.query(
    `insert into rowhook.backlog
       (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, keys, payload)
     select uid, 1, '0/1', n, 0, id, company_id, table_name, 'INSERT', '{}', '{}'
     from rowhook.webhook, generate_series(1, 3) as n`,
  );
  const copy = `${own.name}_copy`;
  await using server = await database.connect();
  // Nobody may be connected to the original meanwhile: the pools of the test come back when they are asked.
  const others = 'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1';
  await waitUntil(async () => (await server.query(others, [own.name])).length === 0, {
    describe: 'nobody to be connected to the original',
  });
  await server.query(`create database ${copy} template ${own.name}`);
  try {
    const copyUrl = new URL(own.serviceUrl);
    copyUrl.pathname = `/${copy}`;
    const output = await startRefused({ databaseUrl: copyUrl.href, env: { ROWHOOK_SLOT: own.name } }, 3);
    expect(output).toMatch(
      /written for another place; what differs: the database \(oid \d+ instead of \d+\)/,
    );
    expect(output).toMatch(/Nothing was sent/);

    // Whoever accepts that it sends from now on does not accept the original's backlog.
    const environment = { DATABASE_URL: copyUrl.href, ROWHOOK_SLOT: copy };
    const accepted = await runHere(['slot', 'recreate', '--accept-gap', '--json'], environment);
    expect(JSON.parse(accepted.stdout)).toMatchObject({ interrupted: 3 });
    {
      await using ofCopy = startService({ databaseUrl: copyUrl.href, env: { ROWHOOK_SLOT: copy } });
      await ofCopy.ready();
      await ofCopy.kill('SIGTERM');
    }
    await server.query('select pg_drop_replication_slot($1)', [copy]);
    expect(receiver.requests).toEqual([]);
  } finally {
    await server.query(`drop database ${copy} with (force)`);
  }
  await using service = startService({ databaseUrl: own.serviceUrl });
  await service.ready();
  // The original has kept its own.
  await receiver.waitFor(4);
});

test('books that were written for another place end the start', async () => {
  await using own = await createInstalledDatabase();
  {
    await using service = startService({ databaseUrl: own.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  await own.admin.query(`update rowhook.state set system_id = '1', timeline = timeline + 7`);
  const env = { ROWHOOK_SLOT: `${own.name}_2` };
  const output = await startRefused({ databaseUrl: own.serviceUrl, env }, 3);
  expect(output).toMatch(/the cluster \(system id \d+ instead of 1: /);
  expect(output).toMatch(/the slot \(\S+_2 instead of/);
  expect(output).toContain('rowhook slot recreate --accept-gap');
});
