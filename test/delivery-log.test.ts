/** What the delivery log keeps, when it writes, and what it drops: with a clock and a database that the test moves. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { DeliveryLog, type Attempted, type DeliveryLogLimits } from '../src/delivery-log.ts';
import type { DeliveryRow, Gap, Written } from '../src/database/delivery-log.ts';
import type { Outcome } from '../src/delivery/outcome.ts';
import { waitUntil } from './support/wait.ts';

setFlagsFromString('--expose-gc');

const limits: DeliveryLogLimits = {
  maxRows: 100,
  maxBytes: 100_000,
  maxBatchRows: 10,
  maxBatchBytes: 10_000,
  maxBodyBytes: 5_000,
  gatherMs: 250,
  stopWithinMs: 2_000,
};

interface Rig {
  readonly log: DeliveryLog;
  readonly batches: DeliveryRow[][];
  readonly gaps: Gap[];
  readonly told: Gap[];
  /** How long it rested, each time. */
  readonly rests: number[];
  /** What the next writes answer; 'written' from then on. */
  readonly answers: Written[];
  /** How long a write takes. */
  writeMs: number;
  nowMs: number;
  /** Lets it go on until it has nothing to do, or until it has rested so often. */
  settle(rests?: number): Promise<void>;
}

function rig(mode: 'all' | 'errors' = 'all'): Rig {
  const held: { ms: number; end: () => void }[] = [];
  const self: Omit<Rig, 'log' | 'settle'> = {
    batches: [],
    gaps: [],
    told: [],
    rests: [],
    answers: [],
    writeMs: 5,
    nowMs: Date.parse('2026-01-31T12:00:00Z'),
  };
  const log = new DeliveryLog({
    mode,
    limits,
    write: (rows) => {
      self.nowMs += self.writeMs;
      const result = self.answers.shift() ?? 'written';
      if (result === 'written') self.batches.push([...rows]);
      return Promise.resolve({ result, count: result === 'written' ? rows.length : 0 });
    },
    noteGap: (gap) => {
      self.gaps.push(gap);
      return Promise.resolve();
    },
    onDropped: (gap) => self.told.push(gap),
    wallMs: () => self.nowMs,
    monotonicMs: () => self.nowMs,
    pause: async (ms, signal) => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      const end = (): void => resolve(undefined);
      if (signal.aborted) end();
      signal.addEventListener('abort', end);
      held.push({ ms, end });
      await promise;
    },
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const settle = async (rests = Infinity): Promise<void> => {
    for (let count = 0; count < rests; count++) {
      await turn();
      const next = held.shift();
      if (next === undefined) return;
      self.rests.push(next.ms);
      self.nowMs += next.ms;
      next.end();
    }
    await turn();
  };
  return Object.assign(self, { log, settle });
}

const delivered: Outcome = { kind: 'delivered', status: 200 };
const refused: Outcome = { kind: 'failed', class: 'refused', detail: 'ECONNREFUSED' };

let index = 0;
function attempt(outcome: Outcome = delivered, change: Partial<Attempted> = {}): Attempted {
  index += 1;
  return {
    delivery: {
      webhook: { uid: 7n, id: 'wh_1', companyId: 'acme', name: 'orders' },
      position: { epoch: 1, commitLsn: 0x1a2b3c4n, index, part: 0 },
      table: 'salesOrder',
      type: 'UPDATE',
      keys: ['16385/3:so1'],
      payload: { body: '{}', bytes: 2 },
    },
    outcome,
    trace: null,
    keepsBody: true,
    ...change,
  };
}

test('all keeps every attempt, errors everything but what was delivered', async () => {
  for (const [mode, kept] of [
    ['all', ['delivered', 'failed']],
    ['errors', ['failed']],
  ] as const) {
    const { log, batches, settle } = rig(mode);
    log.attempted(attempt());
    log.attempted(attempt(refused));
    await settle();
    expect(batches.flat().map(({ outcome }) => outcome)).toEqual(kept);
    expect(log.keepsDelivered).toBe(mode === 'all');
  }
});

test('each outcome has its class, its status and its words', async () => {
  const { log, batches, settle } = rig();
  const outcomes: Outcome[] = [
    delivered,
    { kind: 'rejected', status: 503, detail: 'busy' },
    refused,
    { kind: 'interrupted', detail: 'stopped' },
    { kind: 'dropped', reason: 'deleted' },
  ];
  for (const outcome of outcomes) log.attempted(attempt(outcome));
  await settle();
  expect(
    batches.flat().map(({ outcome, class: kind, status, detail }) => [outcome, kind, status, detail]),
  ).toEqual([
    ['delivered', null, 200, null],
    ['rejected', null, 503, null],
    ['failed', 'refused', null, 'ECONNREFUSED'],
    ['interrupted', null, null, 'stopped'],
    ['dropped', 'deleted', null, null],
  ]);
});

test('what a target answered is text, whatever bytes it sent and wherever they were cut', async () => {
  const { log, batches, settle } = rig();
  const answer = Buffer.concat([Buffer.from('a\0b\ncé'), Buffer.from('é').subarray(0, 1)]);
  const trace = { dnsMs: 1, connectMs: 2, tlsMs: null, firstByteMs: 3, totalMs: 4, answer };
  log.attempted(attempt(delivered, { trace }));
  await settle();
  const [row] = batches.flat();
  expect(row).toMatchObject({ answer: 'a\ufffdb\ncé', dnsMs: 1, connectMs: 2, tlsMs: null, totalMs: 4 });
});

test('it is text in no time, also when none of its bytes is a character', async () => {
  const { log, batches, settle } = rig();
  const answer = Buffer.alloc(60_000, 0xff);
  answer[59_999] = 0x78;
  const trace = { dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: 3, totalMs: 4, answer };
  const startedAt = performance.now();
  log.attempted(attempt(delivered, { trace }));
  await settle();
  expect(batches.flat()[0]?.answer).toMatch(/^\ufffd.*x$/);
  expect(performance.now() - startedAt).toBeLessThan(1_000);
});

test('where the DBA turned bodies off, neither body nor answer is kept, and the size still is', async () => {
  const { log, batches, settle } = rig();
  const trace = { dnsMs: 1, connectMs: 2, tlsMs: null, firstByteMs: 3, totalMs: 4, answer: Buffer.from('x') };
  log.attempted(attempt(delivered, { trace, keepsBody: false }));
  await settle();
  expect(batches.flat()[0]).toMatchObject({ body: null, answer: null, bodyBytes: 2, key: 'so1' });
});

test('a body that is too large for the log is left out, and its row is there', async () => {
  const { log, batches, settle } = rig();
  const { delivery } = attempt();
  const payload = { body: 'x'.repeat(5_001), bytes: 5_001 };
  log.attempted(attempt(delivered, { delivery: { ...delivery, payload } }));
  await settle();
  expect(batches.flat()[0]).toMatchObject({ body: null, bodyBytes: 5_001 });
});

test('while nothing can be written, bodies that are not kept leave the memory, and long keys count', async () => {
  const { log, answers, gaps, settle } = rig();
  answers.push({ kind: 'later', reason: 'no' });
  const { delivery } = attempt();
  const remember = (size: number, keepsBody: boolean): WeakRef<Buffer> => {
    const body = Buffer.alloc(size);
    log.attempted(
      attempt(delivered, { delivery: { ...delivery, payload: { body, bytes: size } }, keepsBody }),
    );
    return new WeakRef(body);
  };
  const bodies = [remember(5_001, true), remember(10, false)];
  const collect = runInNewContext('gc') as () => void;
  const areGone = (): boolean => {
    collect();
    return bodies.every((body) => body.deref() === undefined);
  };
  await waitUntil(areGone, { describe: 'the end of the bodies' });
  const keys = [`1/40000:${'x'.repeat(40_000)}`];
  for (let n = 0; n < 3; n++) log.attempted(attempt(delivered, { delivery: { ...delivery, keys } }));
  await settle();
  expect(gaps.map(({ count }) => count)).toEqual([1]);
});

test('after a clock that was days ahead for a moment, rows have the right time again', async () => {
  const self = rig();
  const rightMs = self.nowMs;
  self.nowMs += 5 * 86_400_000;
  self.log.attempted(attempt());
  self.nowMs = rightMs;
  self.log.attempted(attempt());
  self.nowMs = rightMs - 10;
  self.log.attempted(attempt());
  await self.settle();
  const [, second, third] = self.batches.flat().map(({ atUs }) => atUs);
  expect([second, third]).toEqual([rightMs * 1000, rightMs * 1000 + 2]);
});

test('times are even microseconds: odd ones are for what is sent again', async () => {
  const self = rig();
  for (const fraction of [0.001, 0.0015, 0.25, 0.5]) {
    self.nowMs = Math.floor(self.nowMs) + 1 + fraction;
    self.log.attempted(attempt());
  }
  await self.settle();
  expect(self.batches.flat().map(({ atUs }) => atUs % 2)).toEqual([0, 0, 0, 0]);
});

test('a delivery of which nothing but its place is known has a row too', async () => {
  const { log, batches, settle } = rig();
  const { webhook, position, table } = attempt().delivery;
  const outcome: Outcome = { kind: 'dropped', reason: 'backlog_full' };
  log.attempted({ delivery: { webhook, position, table }, outcome, trace: null, keepsBody: true });
  await settle();
  expect(batches.flat()[0]).toMatchObject({ key: null, type: null, body: null, bodyBytes: null });
});

test.each([
  ['an UPDATE that changed its key', 'UPDATE', 0, ['1/1:b', '1/1:a'], 'b', 'a'],
  ['a row that joined a company', 'INSERT', 1, ['1/1:b', '1/1:a'], 'b', 'a'],
  ['a row that moved to another partition', 'INSERT', 0, ['1/1:a', '1/1:b'], 'b', 'a'],
  ['a row that left its company with its key', 'DELETE', 0, ['1/1:b', '1/1:a'], 'a', 'b'],
  ['a table without a key', 'UPDATE', 0, ['1'], null, null],
  ['a change of nobody knows which record', 'DELETE', 0, 'all', null, null],
] as const)('the key of %s is its own', async (_what, type, part, keys, key, oldKey) => {
  const { log, batches, settle } = rig();
  const { delivery } = attempt();
  const position = { ...delivery.position, part };
  log.attempted(attempt(delivered, { delivery: { ...delivery, type, position, keys } }));
  await settle();
  expect(batches.flat()[0]).toMatchObject({ key, oldKey });
});

test('rows gather for a moment, and each has a time of its own', async () => {
  const { log, batches, rests, settle } = rig();
  for (let count = 0; count < 3; count++) log.attempted(attempt());
  await settle();
  expect(batches).toHaveLength(1);
  expect(rests).toEqual([250]);
  expect(new Set(batches.flat().map(({ atUs }) => atUs)).size).toBe(3);
});

test('after each batch it rests as long as that took, however much is waiting', async () => {
  const bench = rig();
  bench.writeMs = 40;
  for (let count = 0; count < 30; count++) bench.log.attempted(attempt());
  await bench.settle();
  expect(bench.batches.map((batch) => batch.length)).toEqual([10, 10, 10]);
  expect(bench.rests).toEqual([250, 40, 40]);
});

test('what comes faster than it can be written is dropped and counted, and never more is kept than the limits say', async () => {
  const bench = rig();
  for (let count = 0; count < 150; count++) bench.log.attempted(attempt());
  await bench.settle();
  expect(bench.batches.flat()).toHaveLength(100);
  const reason = 'rows came faster than they could be written';
  expect(bench.gaps).toMatchObject([{ count: 50, reason }]);
  expect(bench.told).toMatchObject([{ count: 50, reason }]);
});

test('bytes are limited as rows are', async () => {
  const bench = rig();
  const { delivery } = attempt();
  const payload = { body: 'x'.repeat(4_680), bytes: 4_680 };
  for (let count = 0; count < 30; count++) {
    bench.log.attempted(attempt(delivered, { delivery: { ...delivery, payload } }));
  }
  await bench.settle();
  expect(bench.batches.map((batch) => batch.length)).toEqual(Array.from({ length: 10 }, () => 2));
  expect(bench.gaps).toMatchObject([{ count: 10 }]);
});

test('what cannot be written now is tried again, in order, and less and less often', async () => {
  const bench = rig();
  const later: Written = { kind: 'later', reason: 'canceling statement due to lock timeout' };
  bench.answers.push(later, later, later);
  bench.log.attempted(attempt());
  bench.log.attempted(attempt(refused));
  await bench.settle();
  expect(bench.batches.map((batch) => batch.map(({ outcome }) => outcome))).toEqual([
    ['delivered', 'failed'],
  ]);
  expect(bench.rests).toEqual([250, 500, 1_000, 2_000]);
  expect(bench.gaps).toEqual([]);
});

test('rows of which nobody knows whether they were written are not written again', async () => {
  const bench = rig();
  bench.answers.push({ kind: 'lost', reason: 'Connection terminated unexpectedly' });
  bench.log.attempted(attempt());
  await bench.settle();
  bench.log.attempted(attempt());
  await bench.settle();
  expect(bench.batches.flat()).toHaveLength(1);
  expect(bench.gaps).toMatchObject([{ count: 1, reason: 'Connection terminated unexpectedly' }]);
});

test('of dropped rows is told at once, and then once a minute', async () => {
  const bench = rig();
  for (let minute = 0; minute < 3; minute++) {
    for (let times = 0; times < 4; times++) {
      bench.answers.push({ kind: 'lost', reason: 'no room' });
      bench.log.attempted(attempt());
      await bench.settle();
    }
    bench.nowMs += 60_000;
  }
  expect(bench.told.map(({ count }) => count)).toEqual([1, 4, 4]);
});

test('at the end it writes what is left without resting, and takes nothing more', async () => {
  const bench = rig();
  for (let count = 0; count < 25; count++) bench.log.attempted(attempt());
  await bench.log.stop();
  bench.log.attempted(attempt());
  expect(bench.batches.map((batch) => batch.length)).toEqual([10, 10, 5]);
  expect(bench.told).toEqual([]);
});

test('an end waits for a database that is away no longer than it may, and says what is missing', async () => {
  const bench = rig();
  bench.answers.push({ kind: 'later', reason: 'no connection' }, { kind: 'later', reason: 'no connection' });
  bench.log.attempted(attempt());
  await bench.log.stop();
  expect(bench.told).toMatchObject([{ count: 1, reason: 'no connection' }]);
});
