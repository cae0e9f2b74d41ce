import { expect, test } from 'vitest';
import { kindOf, pathOf, type PathCounts } from './endpoints.ts';
import type { Sample } from './samples.ts';
import { judge, type Books, type SoakEnd } from './verdict.ts';

const webhooks = 20;
const perWebhook = 100;
const timeouts = 32;

function booksOf(no: number): Books {
  const books = { claimed: perWebhook, success: perWebhook, error: 0, missed: 0, losses: {} };
  const failed = { ...books, success: 0, error: perWebhook };
  switch (kindOf(no, webhooks)) {
    case 'ok':
      return books;
    case 'unavailable':
      return failed;
    case 'reset':
      return { ...failed, losses: { reset: perWebhook } };
    case 'hang':
      return { ...books, success: perWebhook - timeouts, error: timeouts, losses: { timeout: timeouts } };
  }
}

function receivedBy(no: number): PathCounts {
  const givenUp = kindOf(no, webhooks) === 'hang' ? timeouts : 0;
  return { received: perWebhook, answered: perWebhook - givenUp, givenUp, outOfOrder: 0 };
}

function sample(seconds: number, change: Partial<Sample> = {}): Sample {
  const size = { rssMb: 180, heapMb: 50, buffersMb: 10, lagMb: 1, lagSeconds: 0.5, walMb: 20 };
  return { seconds, ...size, backlogRows: 10, connections: 200, ...change };
}

const numbers = Array.from({ length: webhooks }, (_, no) => no);
const clean: SoakEnd = {
  webhooks,
  expected: numbers.map(() => perWebhook),
  books: numbers.map(booksOf),
  received: Object.fromEntries(numbers.map((no) => [pathOf(no, webhooks), receivedBy(no)])),
  backlogRows: 0,
  seconds: 1_800,
  samples: Array.from({ length: 360 }, (_, no) => sample(no * 5)),
};

function failing(end: SoakEnd): string[] {
  return judge(end).flatMap(({ rule, holds }) => (holds ? [] : [rule]));
}

/** The clean end, but for one webhook of this kind. */
function but(
  kind: ReturnType<typeof kindOf>,
  books: Partial<Books>,
  counts: Partial<PathCounts> = {},
): SoakEnd {
  const no = numbers.find((each) => kindOf(each, webhooks) === kind) ?? 0;
  return {
    ...clean,
    books: clean.books.map((each, index) => (index === no ? { ...each, ...books } : each)),
    received: { ...clean.received, [pathOf(no, webhooks)]: { ...receivedBy(no), ...counts } },
  };
}

test('a soak in which everything adds up and nothing grows is clean', () => {
  expect(failing(clean)).toEqual([]);
});

test.each([
  ['ok', but('ok', { success: 99, error: 1 })],
  ['ok', but('ok', { claimed: 99, success: 99 })],
  ['ok', but('ok', {}, { received: 101 })],
  ['ok', but('ok', {}, { outOfOrder: 1 })],
  ['unavailable', but('unavailable', { losses: { interrupted: 1 } })],
  ['reset', but('reset', { losses: { reset: 99 } })],
  ['hang', but('hang', { success: 67 })],
  ['hang', but('hang', { losses: { timeout: 31, interrupted: 1 } })],
] as const)('a counter that is off by one is found: %s', (kind, end) => {
  expect(failing(end)).toEqual([`counters are exact: ${kind}`]);
});

test('memory that grows by an eighth between the first five minutes and the last is found', () => {
  const samples = clean.samples.map(({ seconds }) => sample(seconds, { rssMb: 180 + seconds / 60 }));
  expect(failing({ ...clean, samples })).toEqual(['memory (RSS) is flat']);
});

test('a lag that grows, and rows that stay in the backlog, are found', () => {
  const samples = clean.samples.map(({ seconds }) => sample(seconds, { lagSeconds: seconds / 100 }));
  expect(failing({ ...clean, samples, backlogRows: 1 })).toEqual([
    'the lag does not grow',
    'nothing is left in the backlog',
  ]);
});
