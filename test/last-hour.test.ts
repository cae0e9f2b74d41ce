import { expect, test } from 'vitest';
import { LastHour } from '../src/last-hour.ts';

test('an hour later a minute counts from zero, in every row', () => {
  const hour = new LastHour(2, 100);
  for (const row of [0, 1]) hour.add(row, 100);
  hour.add(0, 160);
  expect([hour.perMinute(0, 160).at(-1), hour.sum(0, 160), hour.sum(1, 160)]).toEqual([1, 1, 0]);
});

test('each row has its own counts, also when one of them is cleared', () => {
  const hour = new LastHour(3, 100);
  for (const row of [0, 1, 1, 2, 2, 2]) hour.add(row, 100);
  expect([0, 1, 2].map((row) => hour.sum(row, 100))).toEqual([1, 2, 3]);
  hour.clear(1);
  expect([0, 1, 2].map((row) => hour.sum(row, 100))).toEqual([1, 0, 3]);
});

test('the newest minute is the last, and what was added last is known whoever reads', () => {
  const hour = new LastHour(1, 100);
  hour.add(0, 101);
  expect(hour.perMinute(0, 103).slice(-4)).toEqual([0, 1, 0, 0]);
  expect(hour.lastMinute).toBe(101);
});
