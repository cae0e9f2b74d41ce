import { expect, test } from 'vitest';
import { Counters } from '../src/counters.ts';
import { deliveryOf } from './support/deliveries.ts';

const at = new Date('2026-01-02T03:04:05Z');

test('every delivery is claimed once and ends as a success or an error', () => {
  const counters = new Counters();
  for (const index of [0, 1, 2]) counters.claimed(deliveryOf({ index, keys: [] }).webhook.uid);
  counters.finished(deliveryOf({ index: 0, keys: [] }), { kind: 'delivered', status: 204 }, at);
  counters.finished(deliveryOf({ index: 1, keys: [] }), { kind: 'rejected', status: 503 }, at);
  counters.finished(deliveryOf({ index: 2, keys: [] }), { kind: 'failed', class: 'reset', detail: 'x' }, at);
  const {
    counters: [row],
    losses,
  } = counters.take();
  expect(row).toMatchObject({
    uid: 1n,
    claimed: 3,
    success: 1,
    error: 2,
    lastSuccessAt: at,
    lastError: 'reset x',
  });
  expect(losses.map(({ reason, count }) => [reason, count])).toEqual([['reset', 1]]);
});

test('losses of one webhook and reason are one row with the range that they cover', () => {
  const counters = new Counters();
  for (const index of [7, 2, 30]) {
    counters.finished(deliveryOf({ index, keys: [] }), { kind: 'dropped', reason: 'deleted' }, at);
  }
  expect(counters.take().losses).toMatchObject([
    {
      reason: 'deleted',
      count: 3,
      fromPosition: '1-0000000000000002-2',
      toPosition: '1-0000000000000002-30',
    },
  ]);
});

test('an undecidable change is a loss of nobody in particular', () => {
  const counters = new Counters();
  counters.undecidable('quote', { epoch: 1, commitLsn: 2n, index: 0, part: 0 });
  expect(counters.take()).toMatchObject({
    counters: [],
    losses: [{ uid: null, webhookId: null, tableName: 'quote', reason: 'undecidable', count: 1 }],
  });
});

test('what was taken is not given out again', () => {
  const counters = new Counters();
  counters.missed(1n);
  expect(counters.isEmpty).toBe(false);
  counters.take();
  expect(counters.isEmpty).toBe(true);
  expect(counters.take()).toEqual({ counters: [], losses: [] });
});
