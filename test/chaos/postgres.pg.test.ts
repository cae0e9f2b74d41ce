import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import type { InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import {
  balance,
  createOrders,
  createWebhook,
  currentLsn,
  insertOrders,
  repeated,
  waitForConfirmed,
} from './orders.ts';
import { startOwnCluster } from './own-cluster.ts';

/** One order after the other, whatever happens to Postgres: an insert whose answer got lost is looked for first. */
async function writeThrough(database: InstalledDatabase, from: number, to: number): Promise<void> {
  for (let id = from; id <= to; id++) {
    await waitUntil(
      async () => {
        try {
          const found = await database.app.query('select 1 from orders where id = $1', [id]);
          if (found.length === 0) await insertOrders(database, id);
          return true;
        } catch {
          return false;
        }
      },
      { describe: `order ${id} to be committed` },
    );
  }
}

test('Postgres crashes under load: what it sends again is not delivered again, and nothing is lost', async () => {
  await using cluster = await startOwnCluster();
  const { database, postgres } = cluster;
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(database.serviceUrl);
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: proxy.url });
  await service.ready();
  const { slot } = service;

  await insertOrders(database, 1, 200);
  await waitForCounters(database.admin, { success: 200 });
  const delivered = await currentLsn(database);
  await waitForConfirmed(database, { slot, lsn: delivered });
  const writing = writeThrough(database, 201, 900);
  await receiver.waitFor(400);
  await postgres.stop('immediate');
  proxy.refuse();
  await postgres.start();
  const [resent] = await database.admin.query(
    'select confirmed_flush_lsn < $2::pg_lsn as is_resent from pg_replication_slots where slot_name = $1',
    [slot, delivered],
  );
  // Otherwise the test proves nothing: the slot forgot what was confirmed, so orders that arrived are sent again.
  expect(resent?.['is_resent']).toBe('t');
  proxy.pass();
  await writing;
  await balance(database, receiver, { committed: 900 });
});

test('Postgres and the service crash together: what was delivered is not delivered again', async () => {
  await using cluster = await startOwnCluster();
  const { database, postgres } = cluster;
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    const writing = writeThrough(database, 1, 600);
    await receiver.waitFor(300);
    await Promise.all([postgres.stop('immediate'), service.kill('SIGKILL')]);
    await postgres.start();
    await writing;
  }
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const { received } = await balance(database, receiver, { committed: 600 });
  expect(600 - received).toBeLessThanOrEqual(96);
});

test('a fast stop of Postgres does not wait for a service that has nothing left to do', async () => {
  await using cluster = await startOwnCluster();
  const { database, postgres } = cluster;
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1, 10);
  await waitForCounters(database.admin, { success: 10 });
  const before = performance.now();
  await postgres.stop('fast');
  // It is ended by force after 20 s.
  expect(performance.now() - before).toBeLessThan(10_000);
  await postgres.start();
  await insertOrders(database, 11);
  await waitForCounters(database.admin, { success: 11 });
  expect(repeated(receiver.requests)).toEqual([]);
});

test('a fast stop of Postgres does not wait for deliveries that an endpoint holds up', async () => {
  await using cluster = await startOwnCluster();
  const { database, postgres } = cluster;
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await using receiver = await startReceiver({
    behaviour: async () => {
      await released;
      return { status: 200 };
    },
  });
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1, 100);
  await receiver.waitFor(32);
  const before = performance.now();
  await postgres.stop('fast');
  expect(performance.now() - before).toBeLessThan(15_000);
  await postgres.start();
  release();
  await waitForCounters(database.admin, { claimed: 100 });
  expect(repeated(receiver.requests)).toEqual([]);
});
