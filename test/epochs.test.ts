import { expect, test } from 'vitest';
import { Epochs, type Epoch } from '../src/epochs.ts';

function epoch(n: number, fromLsn: bigint, reason: Epoch['reason']): Epoch {
  return { n, timeline: n, fromLsn, reason };
}

const promoted = new Epochs([
  epoch(1, 0x100n, 'first start'),
  epoch(2, 0x200n, 'switchover'),
  epoch(3, 0x300n, 'failover'),
]);

test.each([
  [0x80n, 1],
  [0x100n, 1],
  [0x1ffn, 1],
  [0x200n, 2],
  [0x2ffn, 2],
  [0x300n, 3],
  [0x999n, 3],
])('the LSN %d lies in epoch %d: in the older one only strictly below the switch', (lsn, n) => {
  expect(promoted.of(lsn)).toBe(n);
});

test('what was not settled before a failover may have been sent, what came with it or after a switchover was not', () => {
  expect([1, 2, 3].map((n) => promoted.mayHaveBeenSent(n))).toEqual([true, true, false]);
  const kept = new Epochs([epoch(1, 0x100n, 'first start'), epoch(2, 0x200n, 'switchover')]);
  expect([1, 2].map((n) => kept.mayHaveBeenSent(n))).toEqual([false, false]);
});

test('after an accepted gap the LSNs of earlier epochs mean nothing any more', () => {
  const epochs = new Epochs([
    epoch(1, 0x900n, 'first start'),
    epoch(2, 0x950n, 'failover'),
    epoch(3, 0x100n, 'accepted gap'),
    epoch(4, 0x200n, 'switchover'),
  ]);
  expect([0xffn, 0x100n, 0x1ffn, 0x200n, 0x960n].map((lsn) => epochs.of(lsn))).toEqual([3, 3, 3, 4, 4]);
  expect(epochs.mayHaveBeenSent(3)).toBe(false);
});
