/** How long nobody leads when a leader is killed or stops. ROWHOOK_TEST_ROUNDS: how often, 2 by default; ROWHOOK_TEST_REPORT tells. */
import { expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { report } from '../support/report.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { createOrders, createWebhook, insertOrders, orderId, range } from './orders.ts';
import { isStandby } from './pair.ts';

const rounds = Number(process.env['ROWHOOK_TEST_ROUNDS'] ?? 2);

async function startStandby({ serviceUrl }: InstalledDatabase): Promise<ServiceProcess> {
  const standby = startService({ databaseUrl: serviceUrl });
  await standby.waitForLog(isStandby);
  return standby;
}

function spread(times: readonly number[]): { readonly median: number; readonly max: number } {
  const inOrder = times.map(Math.round).sort((a, b) => a - b);
  return { median: inOrder[Math.floor(inOrder.length / 2)] ?? 0, max: inOrder.at(-1) ?? 0 };
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a standby leads within seconds when the leader gets %s, and sends what was committed meanwhile',
  { timeout: 30_000 + rounds * 10_000 },
  async (signal) => {
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver();
    await createOrders(database);
    await createWebhook(database, receiver.url);
    await using open = new AsyncDisposableStack();
    let leader = open.use(startService({ databaseUrl: database.serviceUrl }));
    await leader.ready();
    await insertOrders(database, 0);
    await receiver.waitFor(1);
    const [untilReady, untilReceived]: [number[], number[]] = [[], []];
    for (let round = 1; round <= rounds; round++) {
      const standby = open.use(await startStandby(database));
      const sentAt = Date.now();
      leader.signal(signal);
      await insertOrders(database, round);
      const committedAt = Date.now();
      await Promise.all([
        standby.ready().then(() => untilReady.push(Date.now() - sentAt)),
        receiver.waitFor(round + 1).then((requests) => {
          untilReceived.push((requests.at(-1)?.receivedAt ?? Infinity) - committedAt);
        }),
      ]);
      await leader.exited;
      leader = standby;
    }
    report({ signal, rounds, untilReady: spread(untilReady), untilReceived: spread(untilReceived) });
    expect(receiver.requests.map(orderId)).toEqual(range(0, rounds));
    expect(spread(untilReady).max).toBeLessThan(5_000);
  },
);
