import { expect, test } from 'vitest';
import { timelinesSince } from '../../src/database/lineage.ts';

const why = 'no recovery target specified';

function since(
  timeline: number,
  floorLsn: bigint,
  history: readonly (readonly [number, bigint, string?])[],
  now: number,
) {
  return timelinesSince(
    { timeline, floor: { commitLsn: floorLsn, index: 0 } },
    {
      timeline: now,
      history: history.map(([left, leftAt, reason = why]) => ({ timeline: left, leftAt, why: reason })),
    },
  );
}

test('nothing has begun while the timeline is that of the books', () => {
  expect(since(2, 0x900n, [[1, 0x100n]], 2)).toEqual([]);
});

test('a promotion begins where the timeline before was left, and one after the other each has its own start', () => {
  expect(since(1, 0x80n, [[1, 0x100n]], 2)).toEqual([{ timeline: 2, fromLsn: 0x100n }]);
  const twice = [
    [1, 0x100n],
    [2, 0x200n],
  ] as const;
  expect(since(1, 0x80n, [...twice], 5)).toEqual([
    { timeline: 2, fromLsn: 0x100n },
    { timeline: 5, fromLsn: 0x200n },
  ]);
  expect(since(2, 0x180n, [...twice], 5)).toEqual([{ timeline: 5, fromLsn: 0x200n }]);
});

test.each([
  ['a sibling', 2, 0x80n, [[1, 0x100n]], 3, /timeline 3 does not come from timeline 2/],
  ['an older timeline', 2, 0x80n, [], 1, /timeline 1 does not come from timeline 2/],
  [
    'a timeline that was left before the end of the books',
    1,
    0x100n,
    [[1, 0x100n]],
    2,
    /left at 0\/100, before 0\/100/,
  ],
  [
    'a restore to a point in time',
    1,
    0x80n,
    [[1, 0x100n, 'before 2026-01-31 12:00:00+00']],
    2,
    /restored to a point in time .*before 2026/,
  ],
] as const)('%s is refused', (_name, timeline, floorLsn, history, now, message) => {
  expect(() => since(timeline, floorLsn, history, now)).toThrow(message);
  expect(() => since(timeline, floorLsn, history, now)).toThrow(expect.objectContaining({ exitCode: 3 }));
});
