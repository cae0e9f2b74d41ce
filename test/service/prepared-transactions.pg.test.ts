// In a Postgres that allows two-phase commit and has a subscription: transactions that wait between PREPARE and their end while
// the service stops and starts, and rows that came from another database.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createOrders, createWebhook, insertOrders, orderId } from '../chaos/orders.ts';
import { startOwnCluster, type OwnCluster } from '../chaos/own-cluster.ts';
import { waitForCounters } from '../support/counters.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';

let cluster: OwnCluster;
let receiver: Receiver;

beforeAll(async () => {
  cluster = await startOwnCluster({ max_prepared_transactions: '10', fsync: 'off' });
  receiver = await startReceiver();
  await createOrders(cluster.database);
  await createWebhook(cluster.database, receiver.url);
});

afterAll(async () => {
  await receiver[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

async function waitForOrders(ids: readonly number[]): Promise<void> {
  await receiver.waitFor(ids.length);
  expect(receiver.requests.map(orderId)).toEqual(ids);
}

test('the very first start names the prepared transaction that making its slot waits for, and what ends it', async () => {
  const { app, serviceUrl } = cluster.database;
  await app.query(
    `begin; insert into orders values (0, 'acme', 'new'); prepare transaction 'it''s forgotten'`,
  );
  await using service = startService({ databaseUrl: serviceUrl });
  const { msg } = await service.waitForLog((line) => line.msg.includes('creating the slot waits'));
  expect(msg).toMatch(
    /^creating the slot waits for open transactions: prepared transaction 'it''s forgotten' /,
  );
  await app.query(/rollback prepared .*?;/.exec(msg)?.[0] ?? '');
  await service.ready();
});

test('a prepared transaction is sent when it is committed, also after a restart, and not at all when it is rolled back', async () => {
  const { app, serviceUrl } = cluster.database;
  const prepare = async (id: number): Promise<void> => {
    await app.query(
      `begin; insert into orders values (${id}, 'acme', 'new'); prepare transaction 'order ${id}'`,
    );
  };
  {
    await using service = startService({ databaseUrl: serviceUrl });
    await service.ready();
    await prepare(1);
    await prepare(2);
    await prepare(3);
    await insertOrders(cluster.database, 10);
    await waitForOrders([10]);
    await service.kill('SIGTERM');
  }
  {
    await using service = startService({ databaseUrl: serviceUrl });
    await service.ready();
    await insertOrders(cluster.database, 11);
    await waitForOrders([10, 11]);
    await app.query(`commit prepared 'order 1'`);
    await waitForOrders([10, 11, 1]);
    await app.query(`rollback prepared 'order 2'`);
    await service.kill('SIGKILL');
  }
  await app.query(`commit prepared 'order 3'`);
  await using service = startService({ databaseUrl: serviceUrl });
  await service.ready();
  await waitForOrders([10, 11, 1, 3]);
  await insertOrders(cluster.database, 12);
  await waitForOrders([10, 11, 1, 3, 12]);
});

test('rows that a subscription writes are sent as any other', async () => {
  const { admin, serviceUrl } = cluster.database;
  receiver.clear();
  await using service = startService({ databaseUrl: serviceUrl });
  await service.ready();
  await admin.query('create database elsewhere');
  const url = new URL(cluster.postgres.url);
  url.pathname = '/elsewhere';
  const elsewhere = await cluster.database.connect(url.href);
  await elsewhere.query(`
    create table orders (id int primary key, "companyId" text, state text);
    create publication orders for table orders`);
  await elsewhere.query(`select pg_create_logical_replication_slot('elsewhere', 'pgoutput')`);
  await admin.query(
    `create subscription elsewhere connection '${url.href}' publication orders
     with (create_slot = false, slot_name = 'elsewhere', copy_data = false)`,
  );
  await elsewhere.query(
    `begin; insert into orders values (100, 'acme', 'new'), (101, 'globex', 'new'); commit`,
  );
  await elsewhere.query(`update orders set state = 'sent' where id = 100`);
  await receiver.waitFor(2);
  await insertOrders(cluster.database, 102);
  await receiver.waitFor(3);
  expect(receiver.requests.map(orderId)).toEqual([100, 100, 102]);
  const [origin] = await admin.query(
    `select count(*) as count from pg_replication_origin_status s join pg_subscription d on s.external_id = 'pg_' || d.oid
     where d.subname = 'elsewhere' and s.local_lsn > '0/0'`,
  );
  expect(origin).toEqual({ count: '1' });
  await waitForCounters(admin, { claimed: 8 });
});
