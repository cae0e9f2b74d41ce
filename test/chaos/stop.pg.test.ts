import { expect, test } from 'vitest';
import { readCounters, waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import {
  createOrders,
  createWebhook,
  currentLsn,
  insertOrders,
  repeated,
  waitForConfirmed,
} from './orders.ts';

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s finishes what is in flight, counts it, and exits with 0; the next start goes on from there',
  async (signal) => {
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver({ behaviour: { delayMs: 300 } });
    await createOrders(database);
    await createWebhook(database, receiver.url);
    {
      await using service = startService({ databaseUrl: database.serviceUrl });
      await service.ready();
      await insertOrders(database, 1, 200);
      await receiver.waitFor(40);
      expect(await service.kill(signal)).toEqual({ code: 0, signal: null });
    }
    const sent = receiver.requests.length;
    expect(sent).toBeLessThan(200);
    expect(await readCounters(database.admin)).toEqual({ claimed: sent, success: sent, error: 0, missed: 0 });
    receiver.behave({ status: 200 });
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await waitForCounters(database.admin, { success: 200, error: 0 });
    expect(repeated(receiver.requests)).toEqual([]);
  },
);

test('confirms on its way out all that is settled', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1, 50);
  const lsn = await currentLsn(database);
  await receiver.waitFor(50);
  await service.kill('SIGTERM');
  await waitForConfirmed(database, { slot: service.slot, lsn, timeoutMs: 1_000 });
});

test('a second signal exits at once', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver({ behaviour: { hang: true } });
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1);
  await receiver.waitFor(1);
  service.signal('SIGTERM');
  const before = performance.now();
  await service.waitForLog(({ msg }) => msg.startsWith('stopping'));
  // Two within milliseconds are one press of Ctrl-C that npm passed on.
  await waitUntil(() => performance.now() - before > 500, { describe: 'the second press' });
  expect(await service.kill('SIGTERM')).toEqual({ code: 143, signal: null });
  // The one in flight would have taken ten seconds.
  expect(performance.now() - before).toBeLessThan(5_000);
});

test('stops while it waits as a standby, for a database that is away, and for its first slot', async () => {
  await using database = await createInstalledDatabase();
  await using proxy = await startTcpProxy(database.serviceUrl);
  proxy.refuse();
  {
    await using service = startService({ databaseUrl: proxy.url });
    await service.waitForLog(({ level }) => level === 'warn');
    expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }
  const open = await database.connect();
  await open.query('begin; select pg_current_xact_id()');
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.waitForLog(({ msg }) => msg.includes(`pid ${open.pid}`));
    expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }
  {
    // The slot that the one before began to create waits still; it must not be taken for somebody else's.
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.waitForLog(({ level }) => level === 'warn');
    await open.query('commit');
    await service.ready();
    await using standby = startService({ databaseUrl: database.serviceUrl });
    await standby.waitForLog(({ msg }) => msg.includes('is in use by pid'));
    expect(await standby.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  }
});
