/** What people do to webhooks in transactions of their own: nobody's deliveries wait for that, and nobody gets another's. */
import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { company, createOrders, createWebhook, insertOneByOne, orderId, range } from './orders.ts';

test('an open transaction that deletes a webhook, and locks all others, stops neither claims nor counting', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  const deleted = await createWebhook(database, `${receiver.url}/deleted`, { name: 'deleted' });
  const kept = await createWebhook(database, `${receiver.url}/kept`, { name: 'kept' });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await using user = await database.connect(database.appUrl);
  await user.query(`select set_config('rowhook.company_id', $1, false)`, [company]);
  await user.query('begin');
  await user.query('delete from rowhook.webhook where id = $1', [deleted]);
  await user.query('select 1 from rowhook.webhook for update');
  await insertOneByOne(database, 1, 20);
  // Counted by the fold: it too needs nothing of what is locked.
  for (const webhookId of [deleted, kept]) {
    await waitForCounters(database.admin, { claimed: 20, success: 20 }, { webhookId });
  }
  await user.query('commit');
  await insertOneByOne(database, 21, 22);
  await waitForCounters(database.admin, { claimed: 22, success: 22 }, { webhookId: kept });
  // Each is a record of its own: these may overtake each other.
  const received = (path: string): number[] =>
    receiver
      .requestsTo(path)
      .map(orderId)
      .toSorted((a, b) => a - b);
  expect(received('/deleted')).toEqual(range(1, 20));
  expect(received('/kept')).toEqual(range(1, 22));
});

test('a webhook of another company under the id of one that was deleted gets nothing of what waited for that', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver({ behaviour: { hang: true } });
  await createOrders(database);
  const insert = `insert into rowhook.webhook (id, name, table_name, url, on_insert, on_update)
                  values ('shared', 'orders', 'orders', $1, true, true)`;
  await database.appAs(company).query(insert, [`${receiver.url}/first`]);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  // More than are sent at a time: the rest waits in the backlog.
  await insertOneByOne(database, 1, 60);
  const stored = async (): Promise<number> =>
    (await database.admin.query('select from rowhook.backlog')).length;
  await waitUntil(async () => (await stored()) > 0, { describe: 'some of it to wait in the backlog' });
  await using user = await database.connect(database.adminUrl);
  await user.query('begin');
  await user.query(`delete from rowhook.webhook where id = 'shared'`);
  await user.query(
    `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert, on_update)
     values ('shared', 'globex', 'orders', 'orders', $1, true, true)`,
    [`${receiver.url}/second`],
  );
  await user.query('commit');
  receiver.behave({ status: 200 });
  await waitUntil(async () => (await stored()) === 0, { describe: 'the backlog to be dropped' });
  await database.app.query(`insert into orders values (100, 'globex', 'new')`);
  await receiver.waitFor(1, { path: '/second' });
  await service.kill('SIGTERM');
  expect(receiver.requestsTo('/second').map(orderId)).toEqual([100]);
  const [{ claimed, error } = {}] = await database.admin.query(
    `select sum(claimed_count) as claimed, sum(error_count) as error from rowhook.counter`,
  );
  expect({ claimed, sent: receiver.requestsTo('/first').length }).toEqual({ claimed: '61', sent: 32 });
  expect(Number(error)).toBeGreaterThanOrEqual(28);
});
