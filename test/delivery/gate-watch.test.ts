import { expect, test } from 'vitest';
import { GateWatch } from '../../src/delivery/gate-watch.ts';
import { parseSnapshot } from '../../src/snapshot.ts';

/** A watch beside a log that is up to date; `oldestReadAtMs` of what waits is in the test's hands. */
function watchOf(oldest: { atMs: number }) {
  const looks: number[] = [];
  const watch = new GateWatch({
    waiting: () => (oldest.atMs === Infinity ? 0 : 1),
    waitingUids: () => [1n],
    oldestReadAtMs: () => oldest.atMs,
    isReaderHeld: () => false,
    lagMs: () => 0,
    poll: () => {
      looks.push(10_000);
      return Promise.resolve({ webhooks: [], snapshot: parseSnapshot('100:100:'), asked: [1n] });
    },
    learn: () => undefined,
    onTrouble: () => undefined,
    now: () => 10_000,
  });
  return { watch, looks };
}

test('what has just been read is sent without a look at the rows of the webhooks', async () => {
  const { watch, looks } = watchOf({ atMs: 9_900 });
  watch.measure();
  await watch.fresh();
  expect(looks).toEqual([]);
});

test('what has waited in the backlog is sent after a look, also when it came into memory a moment ago', async () => {
  const oldest = { atMs: Infinity };
  const { watch, looks } = watchOf(oldest);
  watch.measure();
  oldest.atMs = 1_000;
  watch.measure();
  await watch.fresh();
  expect(looks).toHaveLength(1);
});
