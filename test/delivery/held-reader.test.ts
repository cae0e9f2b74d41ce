// How long a webhook that has much to send, and sends it fast, may keep the reader from what others wait for.
import { expect, test } from 'vitest';
import { Backlog } from '../../src/delivery/backlog.ts';
import type { DeliveryWebhook } from '../../src/delivery/delivery.ts';
import { Gate } from '../../src/delivery/gate.ts';
import { Lanes } from '../../src/delivery/lanes.ts';
import { defaultLimits } from '../../src/term-limits.ts';
import { deliveryOf, webhookOf } from '../support/deliveries.ts';

interface Import {
  /** Of the webhooks that the import is for; each gets all of it. */
  readonly companies: readonly string[];
  /** Of those that have nothing to send. */
  readonly idle: readonly string[];
  readonly seconds: number;
}

/** Endpoints that take 8 000 a second together, and a log that has more for them whenever there is room. Returns how long the reader was held. */
function run({ companies, idle, seconds }: Import): number {
  let nowMs = 0;
  let index = 0;
  const gate = new Gate({ onOpen: () => undefined, onChanged: () => undefined, onGone: () => undefined });
  for (const [uid, companyId] of [...companies, ...idle].entries()) {
    gate.learn(webhookOf({ uid: BigInt(uid), companyId }), null);
  }
  const lanes = new Lanes(
    { ...defaultLimits.lanes, maxInFlight: 1e9, maxOutPerOrigin: 1e9 },
    () => 1_000_000,
  );
  const backlog = new Backlog(
    {
      lanes,
      backlogLimits: defaultLimits.backlog,
      windowLimits: defaultLimits.window,
      caps: { maxCount: 1e9, maxBytes: 1e12, maxAgeMs: 1e12 },
      isOpen: () => true,
      isRead: () => true,
      read: () => Promise.resolve([]),
      readKeys: () => Promise.resolve([]),
      drop: () => undefined,
      isBroken: () => false,
      mayHaveBeenSent: () => false,
      hasRoomForDrops: () => true,
      // It never comes to storing: nothing here waits for a promise.
      store: () => Promise.resolve(),
      settle: () => undefined,
      hasOthers: (webhooks: readonly DeliveryWebhook[]) => gate.hasOthers(webhooks),
      onRoom: () => undefined,
      onAdmitted: () => undefined,
      onFailure: () => undefined,
      now: () => nowMs,
    },
    [],
  );
  let heldMs = 0;
  for (; nowMs < seconds * 1_000; nowMs += 100) {
    for (let row = 0; row < 12_000 && !lanes.isFull && !backlog.isFull; row++) {
      index += 1;
      for (const [uid, company] of companies.entries()) {
        const delivery = deliveryOf({ uid: BigInt(uid), company, index, keys: [`r${index}`] });
        backlog.admit({ ...delivery, readAtMs: nowMs });
      }
    }
    if (lanes.isFull) heldMs += 100;
    for (const delivery of lanes.take(800)) lanes.release(delivery);
    backlog.tick();
  }
  return heldMs;
}

test('an import to a fast endpoint holds the reader no longer than two seconds where others may wait for it', () => {
  expect(run({ companies: ['big'], idle: ['small'], seconds: 10 })).toBeLessThanOrEqual(2_500);
});

test('so it is for an import that goes to many webhooks of its company', () => {
  const companies = Array.from({ length: 30 }, () => 'big');
  expect(run({ companies, idle: ['small'], seconds: 5 })).toBeLessThanOrEqual(2_500);
});

test('where nobody else may wait, all of it stays in memory', () => {
  expect(run({ companies: ['big'], idle: ['big'], seconds: 6 })).toBeGreaterThan(5_000);
});

test('where everybody has much to send, nobody is put back', () => {
  const companies = Array.from({ length: 40 }, (_, i) => `company ${i}`);
  expect(run({ companies, idle: ['small'], seconds: 4 })).toBeGreaterThan(3_000);
});
