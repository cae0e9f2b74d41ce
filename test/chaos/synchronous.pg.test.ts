// A claim that is perhaps not on the synchronous standby, because its wait was cancelled, is claimed and not sent.
import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { createOrders, createWebhook, insertOrders, orderId } from './orders.ts';
import { startOwnCluster } from './own-cluster.ts';

test('a claim whose wait for a synchronous standby is cancelled is counted as interrupted and not sent', async () => {
  await using cluster = await startOwnCluster();
  await using receiver = await startReceiver();
  const { database } = cluster;
  const { admin } = database;
  await createOrders(database);
  const webhookId = await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(admin, { success: 1 });
  await admin.query(`alter system set synchronous_standby_names = 'nobody'`);
  // Only the claim waits: everybody else commits as before.
  await admin.query(`alter database ${database.name} set synchronous_commit = 'local'`);
  await admin.query('select pg_reload_conf()');
  const writer = await database.connect(database.appUrl);
  await writer.query(`insert into orders values (2, 'acme', 'new')`);
  const waiting = async (): Promise<string | undefined> => {
    const [row] = await admin.query<{ pid: string }>(
      `select pid from pg_stat_activity where wait_event = 'SyncRep' and application_name like '%/claim term=%'`,
    );
    return row?.pid;
  };
  const pid = await waitUntil(waiting, { describe: 'the claim to wait for its standby' });
  expect(receiver.requests.length).toBe(1);
  await admin.query('select pg_cancel_backend($1)', [pid]);
  // Otherwise it might be let go by the next statement before it hears of its end.
  await waitUntil(async () => (await waiting()) === undefined, { describe: 'the wait to be over' });
  await admin.query(`alter system reset synchronous_standby_names`);
  await admin.query('select pg_reload_conf()');
  await insertOrders(database, 3);
  await waitForCounters(admin, { claimed: 3, success: 2, error: 1 });
  expect(receiver.requests.map(orderId)).toEqual([1, 3]);
  const losses = await admin.query('select webhook_id, reason, count, detail from rowhook.loss');
  expect(losses).toMatchObject([{ webhook_id: webhookId, reason: 'interrupted', count: '1' }]);
});
