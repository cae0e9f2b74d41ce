/** Versions of the configuration after a crash: a change is matched with those before it, also inside the transaction of the floor. */
import { expect, test } from 'vitest';
import { runHere } from '../cli/cli-here.ts';
import { readCounters, waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { company, createOrders, createWebhook, insertOrders, orderId, orderState, range } from './orders.ts';

/** POSTs of one webhook at a time; the next ones wait unclaimed. */
const sentAtATime = 32;

/** Until the stored floor lies inside a transaction that stored versions of the configuration. */
async function waitForFloorInsideVersions({ admin }: InstalledDatabase): Promise<void> {
  const isThere = async (): Promise<boolean> => {
    const [row] = await admin.query(
      `select from rowhook.state s
        where floor_index >= 0 and floor_index < 2147483647
          and exists (select from rowhook.config_version v where v.commit_lsn = s.floor_lsn)`,
    );
    return row !== undefined;
  };
  await waitUntil(isThere, { describe: 'a floor inside the transaction that changed the configuration' });
}

/** Each is a version, and is stored by a fold of its own: the second one prunes by the first one's floor at the latest. */
async function foldTwice(database: InstalledDatabase): Promise<void> {
  for (const name of ['one more', 'another']) {
    const id = await createWebhook(database, 'https://nobody.example/', { name, onInsert: false });
    await waitUntil(
      async () => {
        const rows = await database.admin.query(
          `select 1 from rowhook.config_version where kind = 'webhook' and row ->> 'id' = $1`,
          [id],
        );
        return rows.length > 0;
      },
      { describe: `the version of ${name}` },
    );
  }
}

test('keeps the versions before the transaction in which the floor lies, however often it folds', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver({ behaviour: { hang: true } });
  await createOrders(database);
  const webhookId = await createWebhook(database, `${receiver.url}/slow`);
  const states = ['first', 'second', 'third', 'fourth', 'fifth'];
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    const writer = await database.connect();
    await writer.query('begin');
    await writer.query(`insert into orders values (1, '${company}', 'new')`);
    for (const state of states) await writer.query('update orders set state = $1 where id = 1', [state]);
    await writer.query(`update rowhook.webhook set name = 'renamed' where id = $1`, [webhookId]);
    await writer.query(`update rowhook.subscribable_table set label = 'renamed' where name = 'orders'`);
    await writer.query('commit');
    await receiver.waitFor(1);
    await waitForFloorInsideVersions(database);
    await foldTwice(database);
    expect(await readCounters(database.admin)).toMatchObject({ claimed: 1, success: 0, error: 0 });
    await service.kill('SIGKILL');
  }
  receiver.behave({ status: 200 });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await waitForCounters(database.admin, { claimed: 6, success: 5, error: 1 }, { webhookId });
  expect(receiver.requests.map(orderState)).toEqual(['new', ...states]);
  const interrupted = await database.admin.query(
    `select webhook_id, count from rowhook.loss where reason = 'interrupted'`,
  );
  expect(interrupted).toEqual([{ webhook_id: webhookId, count: '1' }]);
});

test('rows of the transaction that widened their webhook are matched as before it, also after a crash inside it', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver({ behaviour: { hang: true } });
  await createOrders(database);
  const webhookId = await createWebhook(database, receiver.url, { onUpdate: false });
  const orders = sentAtATime + 8;
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    const writer = await database.connect();
    await writer.query('begin');
    await writer.query(
      `insert into orders select i, '${company}', 'new' from generate_series(1, ${orders}) i`,
    );
    await writer.query(`update orders set state = 'too early'`);
    await writer.query(`update rowhook.webhook set on_update = true where id = $1`, [webhookId]);
    await writer.query('commit');
    await receiver.waitFor(sentAtATime);
    await waitForFloorInsideVersions(database);
    await service.kill('SIGKILL');
  }
  receiver.behave({ status: 200 });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await database.app.query(`update orders set state = 'wanted' where id = 1`);
  await receiver.waitFor((request) => orderState(request) === 'wanted');
  const counters = { claimed: orders + 1, success: 9, error: sentAtATime };
  await waitForCounters(database.admin, counters, { webhookId });
  const arrived = receiver.requests.map((request) => `${orderId(request)} ${orderState(request)}`);
  const inserts = range(1, orders).map((id) => `${id} new`);
  expect(arrived.toSorted()).toEqual([...inserts, '1 wanted'].toSorted());
});

test('a webhook that was deleted in an accepted gap is not known any more', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  const deleted = await createWebhook(database, `${receiver.url}/deleted`, { name: 'deleted' });
  await createWebhook(database, `${receiver.url}/kept`, { name: 'kept' });
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  await database.admin.query('select pg_drop_replication_slot($1)', [database.name]);
  await database.appAs(company).query('delete from rowhook.webhook where id = $1', [deleted]);
  const environment = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
  expect(await runHere(['slot', 'recreate', '--accept-gap'], environment)).toMatchObject({ exitCode: 0 });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1, 20);
  await waitForCounters(database.admin, { claimed: 20, success: 20 });
  // The end folds everything: nothing is on its way after it.
  await service.kill('SIGTERM');
  expect(receiver.requestsTo('/deleted')).toEqual([]);
  expect(await database.admin.query('select claimed_count from rowhook.counter')).toEqual([
    { claimed_count: '20' },
  ]);
  const losses = await database.admin.query(`select webhook_id from rowhook.loss where reason <> 'gap'`);
  expect(losses).toEqual([]);
});
