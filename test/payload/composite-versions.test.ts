// Which attributes the values of a composite have, by what was known of it before and after the row was written.

import { expect, test } from 'vitest';
import { attributesAt, type CompositeVersion } from '../../src/payload/composite-versions.ts';
import type { Attribute } from '../../src/payload/type-entry.ts';

/** `a1 b2`: the attributes a and b with the numbers 1 and 2. */
function attributes(text: string): Attribute[] {
  return text.split(' ').flatMap((part) => {
    const number = Number(part.slice(1));
    return part === '' ? [] : [{ name: part.slice(0, 1), typeOid: 25, number }];
  });
}

function version(text: string, from: bigint, until: bigint): CompositeVersion {
  return { attributes: attributes(text), from, until };
}

const before = 150n;
const untilKnown = 250n;
const between = 350n;
const afterwards = 450n;

test.each([
  ['the same before and after', 'a1 b2', 'a1 b2', between, 2, 'a b'],
  ['after the second answer', 'a1', 'a1 b2', afterwards, 2, 'a b'],
  ['after the second answer, with more values than that', 'a1', 'a1 b2', afterwards, 3, undefined],
  ['while the first answer held', 'a1', 'b2', untilKnown, 1, 'a'],
  ['before the first answer', 'a1', 'a1 b2', before, 1, 'a'],
  ['before the first answer, with fewer values', 'a1 b2 c3', 'a1', before, 2, 'a b'],
  ['before the first answer, with fewer values after a drop', 'a1 c3 d4', 'a1', before, 2, undefined],
  ['before the first answer, with more values', 'a1', 'a1 b2', before, 2, undefined],
  ['before an attribute was added', 'a1', 'a1 b2', between, 1, 'a'],
  ['after an attribute was added', 'a1', 'a1 b2', between, 2, 'a b'],
  ['after the first of two was added', 'a1', 'a1 b2 c3', between, 2, 'a b'],
  ['after one was added, of others that came and went', 'a1', 'a1 b2 d4', between, 2, undefined],
  ['before one was dropped', 'a1 b2', 'a1', between, 2, 'a b'],
  ['after one was dropped', 'a1 b2', 'a1', between, 1, 'a'],
  ['after one of two was dropped', 'a1 b2 c3', 'a1', between, 2, undefined],
  ['after one was dropped and before another was added', 'a1 b2', 'a1 c3', between, 1, 'a'],
  ['while one was dropped and two were added', 'a1 b2', 'a1 c3 d4', between, 4, undefined],
  ['when one was replaced', 'a1 b2', 'a1 c3', between, 2, 'a c'],
  ['when one was renamed', 'a1', 'b1', between, 1, 'b'],
])('a row written %s', (_name, first, second, position, count, names) => {
  const versions = [version(first, 200n, 300n), version(second, 400n, 400n)];
  const found = attributesAt(versions, position, count)?.map(({ name }) => name);
  expect(found?.join(' ')).toBe(names);
});

test('the text () is that of no attribute, and of one that is null', () => {
  expect(attributesAt([version('', 1n, 1n)], 1n, 1)).toEqual([]);
  expect(attributesAt([version('a1', 1n, 1n)], 1n, 1)).toHaveLength(1);
});

test('a type about which nothing is known has no attributes to go by', () => {
  expect(attributesAt([], 1n, 1)).toBeUndefined();
  expect(attributesAt([], 1n, 2)).toBeUndefined();
});
