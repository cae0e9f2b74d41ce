import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import {
  createOrders,
  createWebhook,
  currentLsn,
  insertOrders,
  orderId,
  range,
  waitForConfirmed,
} from './orders.ts';

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a webhook that was created and confirmed before %s still sees what comes after the restart',
  async (signal) => {
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver();
    await createOrders(database);
    {
      await using service = startService({ databaseUrl: database.serviceUrl });
      await service.ready();
      await createWebhook(database, receiver.url);
      await waitForConfirmed(database, { slot: service.slot, lsn: await currentLsn(database) });
      await service.kill(signal);
    }
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await insertOrders(database, 1);
    await waitForCounters(database.admin, { success: 1 });
    expect(receiver.requests.map(orderId)).toEqual(range(1, 1));
  },
);
