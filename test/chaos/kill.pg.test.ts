/** The service is killed with SIGKILL while changes go on. ROWHOOK_TEST_KILLS: how often, 8 by default. */
import { expect, test } from 'vitest';
import { readCounters, waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { report } from '../support/report.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import {
  balance,
  createOrders,
  createWebhook,
  insertOrders,
  orderId,
  orderState,
  repeated,
} from './orders.ts';

const kills = Number(process.env['ROWHOOK_TEST_KILLS'] ?? 8);
/** Deliveries of one webhook that a crash can catch between claim and arrival: 32 that are out, and twice as many that are to go next. */
const claimedAtATime = 96;

/** Commits orders from several sessions, in transactions of several sizes, a little ahead of what arrives, until stopped. */
function keepWriting(database: InstalledDatabase, receiver: Receiver): { stop(): Promise<number> } {
  let last = 0;
  let isStopped = false;
  const ahead = 500 + kills * claimedAtATime;
  const mayGoOn = (): boolean => isStopped || last < receiver.requests.length + ahead;
  const write = async (rows: number): Promise<void> => {
    for (;;) {
      await waitUntil(mayGoOn, { intervalMs: 2, describe: 'deliveries to come after the changes' });
      if (isStopped) return;
      const from = last + 1;
      last += rows;
      await insertOrders(database, from, last);
    }
  };
  const writers = Promise.all([write(1), write(1), write(3), write(20)]);
  return {
    stop: async () => {
      isStopped = true;
      await writers;
      return last;
    },
  };
}

/** The first start of all: what was committed before it is nobody's. */
async function startOnce(database: InstalledDatabase): Promise<void> {
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
}

test(
  `loses and repeats nothing when it is killed ${kills} times while changes go on`,
  { timeout: 60_000 + kills * 5_000 },
  async () => {
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver();
    await createOrders(database);
    await createWebhook(database, receiver.url);
    await startOnce(database);
    const writing = keepWriting(database, receiver);
    for (let kill = 0; kill < kills; kill++) {
      await using service = startService({ databaseUrl: database.serviceUrl });
      const { length } = receiver.requests;
      // Each time at another distance from the start.
      await receiver.waitFor(length + 1 + (kill % 20) * 37);
      await service.kill('SIGKILL');
    }
    const committed = await writing.stop();
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    const { received, interrupted, counters } = await balance(database, receiver, { committed });
    report({ kills, committed, received, interrupted, ...counters });
    expect(committed - received).toBeLessThanOrEqual(kills * claimedAtATime);
  },
);

test('goes on in the middle of a transaction of 1000 rows, and repeats none of them', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await insertOrders(database, 1, 1000);
    await receiver.waitFor(500);
    await service.kill('SIGKILL');
  }
  const before = receiver.requests.length;
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const { received } = await balance(database, receiver, { committed: 1000 });
  expect(before).toBeLessThan(1000);
  expect(receiver.requests.length).toBeGreaterThan(before);
  expect(1000 - received).toBeLessThanOrEqual(claimedAtATime);
});

test('what hung when it was killed is interrupted, in the ledger with its range, and never sent again', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver({ behaviour: { hang: true } });
  await createOrders(database);
  const webhookId = await createWebhook(database, receiver.url);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await insertOrders(database, 1, 5);
    await receiver.waitFor(5);
    // Folded as well: then the counters know of them, and only the journal still knows which they were.
    await waitUntil(async () => (await readCounters(database.admin)).claimed === 5, {
      describe: 'the five claims to be folded',
    });
    await service.kill('SIGKILL');
  }
  receiver.behave({ status: 200 });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 6);
  await waitForCounters(database.admin, { claimed: 6, success: 1, error: 5 });
  const ledger = await database.admin.query(
    `select webhook_id, company_id, table_name, reason, count,
            from_position like '1-%-0' as from_first, to_position like '1-%-4' as to_last
       from rowhook.loss`,
  );
  expect(ledger).toEqual([
    {
      webhook_id: webhookId,
      company_id: 'acme',
      table_name: 'orders',
      reason: 'interrupted',
      count: '5',
      from_first: 't',
      to_last: 't',
    },
  ]);
  expect(repeated(receiver.requests)).toEqual([]);
  expect(receiver.requests.length).toBe(6);
});

test('what was settled above a floor that one hanging endpoint holds is not sent again', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  receiver.behave({ hang: true }, '/slow');
  await createOrders(database);
  await createWebhook(database, `${receiver.url}/slow`, { name: 'slow', onInsert: false });
  await createWebhook(database, `${receiver.url}/fast`, { name: 'fast', onUpdate: false });
  const orders = 10_000;
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    // What waits cannot go to the backlog, which would let the floor pass it.
    await using other = await database.connect();
    await other.query(`begin; select 1 from rowhook.fence where writer = 'spool' for update`);
    await insertOrders(database, 1);
    // The second waits for the first, unclaimed: the floor stays before it.
    await database.app.query(`update orders set state = 'first' where id = 1`);
    await database.app.query(`update orders set state = 'second' where id = 1`);
    for (let id = 2; id <= orders; id += 100) {
      await insertOrders(database, id, Math.min(orders, id + 99));
      // No more than a lane takes.
      await receiver.waitFor(id - 500, { path: '/fast' });
    }
    await receiver.waitFor(orders, { path: '/fast' });
    const folded = async (): Promise<string | undefined> => {
      const [state] = await database.admin.query(
        `select fold_no from rowhook.state where folded_seq = (select max(seq) from rowhook.journal)
            and ${orders} = (select sum(success_count) from rowhook.counter)`,
      );
      return state?.['fold_no'] ?? undefined;
    };
    const first = Number(await waitUntil(folded, { describe: 'a fold of everything' }));
    await insertOrders(database, orders + 1);
    const isFoldedAgain = async (): Promise<boolean> => {
      const [state] = await database.admin.query('select fold_no from rowhook.state');
      return Number(state?.['fold_no']) > first;
    };
    await waitUntil(isFoldedAgain, { describe: 'a second fold' });
    await receiver.waitFor(1, { path: '/slow' });
    // The journal still holds what the folds have counted: without that it would be sent again.
    const [journal] = await database.admin.query<{ count: string }>(
      'select count(*) as count from rowhook.journal, rowhook.state where seq <= folded_seq',
    );
    expect(Number(journal?.count)).toBeGreaterThan(10);
    await service.kill('SIGKILL');
  }
  receiver.behave({ status: 200 }, '/slow');
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const claimed = orders + 1 + 2;
  await waitForCounters(database.admin, { claimed });
  expect(repeated(receiver.requests)).toEqual([]);
  expect(receiver.requestsTo('/slow').map(orderState)).toEqual(['first', 'second']);
  expect(new Set(receiver.requestsTo('/fast').map(orderId)).size).toBe(orders + 1);
});
