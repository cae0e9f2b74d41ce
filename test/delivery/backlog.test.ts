import { expect, test } from 'vitest';
import { Backlog, type BacklogParts } from '../../src/delivery/backlog.ts';
import type { BacklogRange } from '../../src/database/backlog.ts';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { Lanes } from '../../src/delivery/lanes.ts';
import { comparePositions } from '../../src/position.ts';
import { deliveryOf } from '../support/deliveries.ts';

interface Stored {
  readonly webhooks: number;
  readonly rows: number;
  readonly bytes: number;
  readonly maxBytesOfAll?: number;
  readonly maxAgeMs?: number;
}

interface Hanging {
  readonly lanes: Lanes;
  readonly backlog: Backlog;
  /** Indexes of what was dropped, in order. */
  readonly dropped: readonly number[];
  /** What is out is answered now, and the next ones are out. */
  answer(): void;
  passMs(ms: number): void;
  /** Once nothing is being read. */
  idle(): Promise<void>;
}

/** A term that finds so much stored for each webhook, and none of their endpoints ever answers. */
async function hanging({
  webhooks,
  rows,
  bytes,
  maxBytesOfAll = 100_000,
  maxAgeMs = 1e12,
}: Stored): Promise<Hanging> {
  let nowMs = 0;
  const dropped: number[] = [];
  const out: Delivery[] = [];
  const lanes = new Lanes(
    {
      maxInFlight: 1_000,
      maxOutPerOrigin: 1_000,
      maxDeliveriesPerLane: 100,
      maxBytesPerLane: 2_000,
      minDeliveries: 200,
      maxDeliveries: 1_000,
      maxWaitMs: 700,
      maxBytes: 10_000,
      maxBytesOut: 1_000,
      maxBytesOutPerLane: 1_000,
    },
    () => 1,
  );
  const table = new Map<bigint, Delivery[]>();
  for (let uid = 1n; uid <= webhooks; uid++) {
    const its = Array.from({ length: rows }, (_, index) => ({
      ...deliveryOf({ uid, index, bytes, keys: ['one'] }),
      readAtMs: index,
    }));
    table.set(uid, its);
  }
  const behind = ({ uid, after }: Pick<BacklogRange, 'uid' | 'after'>): Delivery[] =>
    (table.get(uid) ?? []).filter(({ position }) => after === null || comparePositions(position, after) > 0);
  let reads = 0;
  const parts: BacklogParts = {
    lanes,
    backlogLimits: {
      longestWaitMs: 1_000,
      longestWaitWhenDrainingMs: 3_000,
      longestWaitWhenFullMs: 300,
      longestHoldMs: 2_000,
      gatherMs: 0,
      maxBatch: 100,
      maxBatchBytes: 10_000,
      maxUnstored: 1_000,
      maxUnstoredBytes: 100_000,
    },
    windowLimits: {
      maxRows: 64,
      maxBytes: 1_000,
      maxRowsOfAll: 10_000,
      maxBytesOfAll,
      maxReads: 4,
      maxDrops: 100,
    },
    caps: { maxCount: 1e9, maxBytes: 1e12, maxAgeMs },
    isOpen: () => true,
    isRead: () => true,
    read: ({ limit, maxBytes, ...range }) => {
      reads += 1;
      // As Postgres would.
      if (!Number.isSafeInteger(maxBytes)) return Promise.reject(new Error(`no bigint: ${maxBytes}`));
      const count = Math.max(1, Math.min(limit, Math.floor(maxBytes / bytes)));
      return Promise.resolve(behind(range).slice(0, count));
    },
    readKeys: (range) => {
      reads += 1;
      return Promise.resolve(behind(range).map((row) => ({ ...row, bytes, ageMs: nowMs - row.readAtMs })));
    },
    drop: ({ position }) => dropped.push(position.index),
    isBroken: () => false,
    mayHaveBeenSent: () => false,
    hasRoomForDrops: () => true,
    store: () => Promise.reject(new Error('nothing is to be stored')),
    settle: () => undefined,
    hasOthers: () => false,
    onRoom: () => undefined,
    onAdmitted: () => out.push(...lanes.take(1_000)),
    onFailure: (error) => {
      throw error;
    },
    now: () => nowMs,
  };
  const before = [...table].map(([uid]) => ({
    uid,
    webhookId: `wh_${uid}`,
    ownerId: 'acme',
    count: rows,
    bytes: rows * bytes,
    ageMs: 0,
    isGone: false,
    isDoubtful: false,
  }));
  const backlog = new Backlog(parts, before);
  const idle = async (): Promise<void> => {
    for (let seen = -1; seen !== reads; await new Promise((resolve) => setImmediate(resolve))) seen = reads;
  };
  const answer = (): void => {
    for (const delivery of out.splice(0)) {
      backlog.claimed(delivery);
      lanes.release(delivery);
    }
    out.push(...lanes.take(1_000));
  };
  backlog.tick();
  await idle();
  return { lanes, backlog, dropped, answer, passMs: (ms) => (nowMs += ms), idle };
}

test('what hanging webhooks have in their lanes from the backlog holds no reader', async () => {
  const { lanes } = await hanging({ webhooks: 40, rows: 100, bytes: 10 });
  expect(lanes.waiting).toBeGreaterThan(200);
  expect(lanes.isFull).toBe(false);
});

test('of large payloads a lane gets no more from the backlog than there is room for', async () => {
  const { lanes } = await hanging({ webhooks: 1, rows: 100, bytes: 900 });
  // One is out, and one waits.
  expect([lanes.inFlight, lanes.waiting]).toEqual([1, 1]);
  expect(lanes.isFull).toBe(false);
});

test('of large payloads all lanes together get no more from the backlog than fits into memory', async () => {
  const { lanes } = await hanging({ webhooks: 100, rows: 10, bytes: 900, maxBytesOfAll: 10_000 });
  // Twice that, and what four reads at a time find.
  expect(lanes.waiting * 900).toBeLessThan(25_000);
});

test('a number of webhooks that does not divide the room shares it all the same', async () => {
  const { lanes } = await hanging({ webhooks: 7, rows: 10, bytes: 90, maxBytesOfAll: 1_000 });
  expect(lanes.waiting).toBeGreaterThan(0);
});

test('the oldest are dropped first, and nothing for the age of another', async () => {
  const { backlog, dropped, answer, passMs, idle } = await hanging({
    webhooks: 1,
    rows: 100,
    bytes: 10,
    maxAgeMs: 1_000,
  });
  // What is in the lane is too old by now, what lies behind it is not.
  passMs(1_064);
  for (let answered = 0; answered < 40; answered++) answer();
  await idle();
  expect(dropped).toEqual([]);
  backlog.tick();
  await idle();
  expect(dropped.at(-1)).toBe(63);
});
