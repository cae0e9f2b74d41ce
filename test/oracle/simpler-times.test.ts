import fc from 'fast-check';
import { expect, test } from 'vitest';
import { holdsTimes, simplerTimes } from './simpler-times.ts';
import { plainTexts } from './plain-types.ts';
import { rangeTexts } from './values/ranges.ts';
import { timeTypes } from './values/times.ts';

function smallest(text: string, fails: (text: string) => boolean): string {
  for (const simpler of simplerTimes(text)) if (fails(simpler)) return smallest(simpler, fails);
  return text;
}

test('a date before Christ stays one that can be read', () => {
  expect(smallest('0044-03-15 10:17:33.120+05:30 BC', (text) => text.endsWith(' BC'))).toBe(
    '0044-03-15 00:00:00 BC',
  );
});

test('of an offset with seconds, the offset is left', () => {
  expect(smallest('2101-04-05 10:17:33.120-00:19:32', (text) => text.includes('-00:19:32'))).toBe(
    '2026-01-31 00:00:00-00:19:32',
  );
});

test('of a range the bound is left that matters', () => {
  const text = '["2026-01-31 12:00:00.5+01","9999-01-31 12:00:00")';
  expect(smallest(text, (each) => each.includes('9999'))).toBe('[,"9999-01-31 00:00:00")');
});

test('whatever fails, shrinking ends', () => {
  const texts = fc.oneof(rangeTexts('timestamptz'), ...timeTypes.map(({ name }) => plainTexts(name, 18)));
  fc.assert(fc.property(texts, (text) => smallest(text, () => true).length <= text.length));
});

test('knows dates in a range and in a range of their own', () => {
  expect(holdsTimes({ kind: 'plain', name: 'datemultirange' })).toBe(true);
  expect(holdsTimes({ kind: 'range', over: 'timestamptz', hasCast: false })).toBe(true);
  expect(holdsTimes({ kind: 'range', over: 'integer', hasCast: false })).toBe(false);
  expect(holdsTimes({ kind: 'plain', name: 'text' })).toBe(false);
});
