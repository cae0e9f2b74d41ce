import { expect, test } from 'vitest';
import { ensureStarted } from '../../src/database/first-start.ts';
import type { State } from '../../src/database/state.ts';
import { Session } from '../../src/database/session.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { waitUntil } from '../support/wait.ts';

async function start(database: InstalledDatabase, messages: string[] = []): Promise<State> {
  await using session = new Session({
    databaseUrl: database.serviceUrl,
    applicationName: 'rowhook/test/side',
    stop: new AbortController().signal,
    onTrouble: () => undefined,
  });
  return await ensureStarted({
    session,
    databaseUrl: database.serviceUrl,
    slot: database.name,
    onWaiting: (message) => messages.push(message),
  });
}

async function slots(database: InstalledDatabase): Promise<unknown> {
  return await database.admin.query(
    'select plugin, active from pg_replication_slots where database = current_database()',
  );
}

/** As a start leaves it that died after it had made the slot, and before it had stored where it begins. */
async function dieHalfWay(database: InstalledDatabase): Promise<void> {
  await start(database);
  await database.admin.query('delete from rowhook.state');
}

test('makes the slot once, and finds it again', async () => {
  await using database = await createInstalledDatabase();
  const first = await start(database);
  expect(await start(database)).toEqual(first);
  expect(first).toMatchObject({ epoch: 1, slot: database.name, foldedSeq: 0, foldNo: 0 });
  expect(await slots(database)).toEqual([{ plugin: 'pgoutput', active: 'f' }]);
});

test('one that died half-way is begun again, from a position of its own', async () => {
  await using database = await createInstalledDatabase();
  await dieHalfWay(database);
  await database.admin.query('create table something (id int)');
  const [before] = await database.admin.query(
    `select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1`,
    [database.name],
  );
  const state = await start(database);
  expect(await slots(database)).toEqual([{ plugin: 'pgoutput', active: 'f' }]);
  const [epoch] = await database.admin.query(
    `select from_lsn > $2::pg_lsn as is_later from rowhook.epoch where n = $1`,
    [state.epoch, before?.['lsn']],
  );
  expect(epoch).toEqual({ is_later: 't' });
});

test('several at the same time make one start', async () => {
  await using database = await createInstalledDatabase();
  const states = await Promise.all([1, 2, 3].map(() => start(database)));
  expect(
    new Set(states.map((state) => JSON.stringify({ ...state, floor: String(state.floor.commitLsn) }))).size,
  ).toBe(1);
  expect(await database.admin.query('select n from rowhook.epoch')).toEqual([{ n: '1' }]);
});

test('names the transaction that creating the slot waits for, and goes on when it is over', async () => {
  await using database = await createInstalledDatabase();
  const open = await database.connect();
  await open.query('begin; select pg_current_xact_id()');
  const messages: string[] = [];
  const started = start(database, messages);
  await waitUntil(() => messages.some((message) => message.includes(`pid ${open.pid}`)), {
    describe: () => `the pid; told were ${messages.join('; ')}`,
  });
  await open.query('commit');
  expect((await started).epoch).toBe(1);
});

test('takes the configuration as of the slot, not as of later', async () => {
  await using database = await createInstalledDatabase();
  await database.dba.query('create table orders (id int primary key, "companyId" text)');
  await database.dba.query(`select rowhook.enable_table('orders')`);
  await start(database);
  expect(await database.admin.query('select kind, key from rowhook.config_version')).toEqual([
    { kind: 'table', key: 'orders' },
  ]);
});
