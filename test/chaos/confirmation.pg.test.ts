import { expect, test } from 'vitest';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { createOrders, createWebhook, insertOrders, orderId, range, walSenderPid } from './orders.ts';
import { startOwnCluster } from './own-cluster.ts';

const rounds = Number(process.env['ROWHOOK_TEST_ROUNDS'] ?? 3);

// The library's own acknowledge confirms one byte too much: then the row below is lost for ever.
test('a transaction whose commit record starts exactly at the confirmed position arrives after a crash', async () => {
  await using cluster = await startOwnCluster();
  const { database } = cluster;
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await database.dba.query('create table other (id int)');
  let service = startService({ databaseUrl: database.serviceUrl });
  try {
    await service.ready();
    const { slot } = service;
    const isAtTheEnd = async (): Promise<boolean> => {
      const [row] = await database.admin.query(
        `select confirmed_flush_lsn >= pg_current_wal_insert_lsn() as is_at_end
           from pg_replication_slots where slot_name = $1`,
        [slot],
      );
      return row?.['is_at_end'] === 't';
    };
    for (let id = 1; id <= rounds; id++) {
      const open = await database.connect();
      await open.query(`begin; insert into orders values (${id}, 'acme', 'new')`);
      // A commit elsewhere brings the open insert to disk, so that it is read.
      await database.dba.query('insert into other values (1)');
      const isFree = async (): Promise<boolean> => (await walSenderPid(database, slot)) === null;
      // Every 15 s Postgres may log by itself which transactions run; then the confirmed position is not the end any more.
      for (let attempt = 1; attempt <= 5; attempt++) {
        await waitUntil(isAtTheEnd, { describe: 'everything up to the open insert to be confirmed' });
        await service.kill('SIGKILL');
        await waitUntil(isFree, { describe: 'the slot to be free' });
        if (await isAtTheEnd()) break;
        service = startService({ databaseUrl: database.serviceUrl });
        await service.ready();
      }
      expect(await isAtTheEnd()).toBe(true);
      await open.query('commit');
      service = startService({ databaseUrl: database.serviceUrl });
      await service.ready();
      // A later one shows when it is time to look.
      await insertOrders(database, 1000 + id);
      await receiver.waitFor((request) => orderId(request) === 1000 + id);
    }
  } finally {
    await service[Symbol.asyncDispose]();
  }
  const arrived = receiver.requests.map(orderId).filter((id) => id <= 1000);
  expect(arrived.sort((a, b) => a - b)).toEqual(range(1, rounds));
});
