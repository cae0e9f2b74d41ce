// A standby takes the primary's place, with all that was written or without the last of it: the new primary's changes arrive, nothing
// arrives twice, and what nobody can know stands in the ledger.
import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { ownMajor } from '../support/test-postgres.ts';
import {
  createOrders,
  createWebhook,
  currentLsn,
  insertOneByOne,
  orderId,
  range,
  repeated,
} from './orders.ts';
import { startPair } from './standby.ts';

const skip = ownMajor < 17;

test.skipIf(skip)(
  'a promoted standby that lacks the last rows: all new ones arrive, none twice',
  async () => {
    await using pair = await startPair();
    const { database } = pair;
    await using receiver = await startReceiver();
    await createOrders(database);
    await createWebhook(database, receiver.url);
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await insertOneByOne(database, 1, 20);
    await waitForCounters(database.admin, { success: 20 });
    await pair.slotSynchronised(service.slot);
    await pair.caughtUp();
    pair.freeze();
    await insertOneByOne(database, 21, 60);
    await receiver.waitFor(60);
    const undoneUpTo = await currentLsn(database);

    await pair.primary.stop('immediate');
    await pair.promote();
    await insertOneByOne(database, 61, 70);
    const [reused] = await database.admin.query('select pg_current_wal_lsn() < $1::pg_lsn as is_reused', [
      undoneUpTo,
    ]);
    expect(reused?.['is_reused']).toBe('t');
    await receiver.waitFor(70);
    expect(receiver.requests.map(orderId).sort((a, b) => a - b)).toEqual(range(1, 70));
    expect(repeated(receiver.requests)).toEqual([]);
    expect(await database.admin.query('select n, timeline, reason from rowhook.epoch order by n')).toEqual([
      { n: '1', timeline: '1', reason: 'first start' },
      { n: '2', timeline: '2', reason: 'failover' },
    ]);
    expect(await database.admin.query('select reason, count from rowhook.loss')).toEqual([
      { reason: 'failover', count: null },
    ]);
  },
);
