/** What the service costs the server's log. ROWHOOK_TEST_WAL_MB: how much is written beside it, 64 by default. */
import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { report } from '../support/report.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import {
  createOrders,
  createWebhook,
  currentLsn,
  insertOrders,
  repeated,
  waitForConfirmed,
  walSenderPid,
} from './orders.ts';
import { startOwnCluster } from './own-cluster.ts';

const megabytes = Number(process.env['ROWHOOK_TEST_WAL_MB'] ?? 64);
const idleMs = Number(process.env['ROWHOOK_TEST_IDLE_MS'] ?? 3_000);

test(
  `${megabytes} MB written to a table that is not enabled are confirmed within 30 s`,
  { timeout: 180_000 },
  async () => {
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver();
    await createOrders(database);
    await createWebhook(database, receiver.url);
    await database.dba.query('create table other (id int, filling text)');
    await database.dba.query('alter table other alter filling set storage plain');
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    const before = await currentLsn(database);
    await database.dba.query(
      `insert into other select i, repeat('x', 1000) from generate_series(1, ${megabytes * 1000}) i`,
    );
    const lsn = await currentLsn(database);
    const [written] = await database.admin.query(
      `select pg_wal_lsn_diff($1, $2) >= ${megabytes * 1_000_000} as is_enough`,
      [lsn, before],
    );
    expect(written?.['is_enough']).toBe('t');
    const startedAt = performance.now();
    await waitForConfirmed(database, { slot: service.slot, lsn, timeoutMs: 30_000 });
    report({ megabytes, confirmedAfterMs: Math.round(performance.now() - startedAt) });
    // And Postgres may remove it: each checkpoint notes from where on a reader would have to begin.
    await waitUntil(
      async () => {
        await database.admin.query('checkpoint');
        const [row] = await database.admin.query(
          'select restart_lsn >= $2::pg_lsn as has_moved from pg_replication_slots where slot_name = $1',
          [service.slot, lsn],
        );
        return row?.['has_moved'] === 't';
      },
      { describe: 'the slot to let go of it' },
    );
  },
);

/** As one that was paused while its deliveries waited. */
async function pauseOneWithBacklog({ admin }: InstalledDatabase): Promise<void> {
  await admin.query(
    `insert into rowhook.webhook (name, company_id, table_name, url, on_insert, active)
     select 'paused', company_id, table_name, url, true, false from rowhook.webhook`,
  );
  await admin.query(
    `insert into rowhook.backlog
       (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, keys, payload)
     select uid, 0, '0/1', n, 0, id, company_id, table_name, 'INSERT', '{}', '{}'
     from rowhook.webhook, generate_series(1, 10) as n where name = 'paused'`,
  );
}

test('an idle service writes nothing to the log, however many keepalives come', async () => {
  await using cluster = await startOwnCluster();
  const { database } = cluster;
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await pauseOneWithBacklog(database);
  // The server asks for a sign of life twice in this time.
  await database.admin.query(`alter role ${database.service.role} set wal_sender_timeout = '1s'`);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  const isQuiet = async (): Promise<boolean> => {
    const [row] = await database.admin.query(
      `select confirmed_flush_lsn >= pg_current_wal_insert_lsn() as is_quiet from pg_replication_slots
        where slot_name = $1`,
      [service.slot],
    );
    return row?.['is_quiet'] === 't';
  };
  await waitUntil(isQuiet, { describe: 'everything to be folded and confirmed' });
  const before = await currentLsn(database);
  const startedAt = performance.now();
  await waitUntil(() => performance.now() - startedAt > idleMs, {
    timeoutMs: idleMs + 10_000,
    describe: 'the idle time to pass',
  });
  const [grown] = await database.admin.query(
    'select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), $1)::int as bytes',
    [before],
  );
  report({ idleMs, bytes: Number(grown?.['bytes']) });
  const [waiting] = await database.admin.query(
    'select backlog_count from rowhook.webhook_health where name = $1',
    ['paused'],
  );
  expect(waiting?.['backlog_count']).toBe('10');
  // The server's own note of running transactions, every 15 s, is all that may come.
  expect(Number(grown?.['bytes'])).toBeLessThanOrEqual(200 * Math.ceil(idleMs / 15_000));
}, 120_000);

test('a reader that an endpoint holds up for longer than wal_sender_timeout keeps its connection', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver({ behaviour: { hang: true } });
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await database.admin.query(`alter role ${database.service.role} set wal_sender_timeout = '1s'`);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const pid = await walSenderPid(database, service.slot);
  // More than a lane holds, so that the reader stands still; 32 of them hang.
  const orders = 10_000;
  await insertOrders(database, 1, orders);
  await receiver.waitFor(32);
  const startedAt = performance.now();
  await waitUntil(() => performance.now() - startedAt > 4_000, { describe: 'four times the timeout' });
  expect(await walSenderPid(database, service.slot)).toBe(pid);
  receiver.behave({ status: 200 });
  await waitForCounters(database.admin, { claimed: orders, success: orders - 32 }, { timeoutMs: 40_000 });
  expect(repeated(receiver.requests)).toEqual([]);
  expect(await walSenderPid(database, service.slot)).toBe(pid);
});
