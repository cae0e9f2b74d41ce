// Which attributes the values of a composite have, by what was known of it before and after the row was written.

import { expect, test } from 'vitest';
import { attributesAt, type CompositeVersion } from '../../src/payload/composite-versions.ts';
import type { Attributes } from '../../src/payload/type-entry.ts';
import { parseSnapshot } from '../../src/snapshot.ts';

/** `a1 b2 /3`: the attributes a and b with the numbers 1 and 2, and one with the number 3 that was dropped. */
function attributes(text: string, alteredBy = 10_000): Attributes {
  const parts = text.split(' ').filter((part) => part !== '');
  const list = parts
    .filter((part) => !part.startsWith('/'))
    .map((part) => ({ name: part.slice(0, 1), typeOid: 25, number: Number(part.slice(1)) }));
  return { list, highest: Math.max(0, ...parts.map((part) => Number(part.slice(1)))), alteredBy };
}

/** Sees every transaction below this one, and no other has begun. */
function until(xid: number): CompositeVersion['from'] {
  return { ...parseSnapshot(`${xid}:${xid}:`), next: xid };
}

function names(versions: readonly CompositeVersion[], xid: number, count: number): string | undefined {
  return attributesAt(versions, xid, count)
    ?.list.map(({ name }) => name)
    .join(' ');
}

const before = 150;
const whileKnown = 250;
const between = 350;
const afterwards = 400;

test.each([
  ['the same before and after', 'a1 b2', 'a1 b2', between, 2, 'a b'],
  ['after the second answer', 'a1', 'a1 b2', afterwards, 2, 'a b'],
  ['after the second answer, with more values than that', 'a1', 'a1 b2', afterwards, 3, undefined],
  ['while the first answer held', 'a1', '/1 b2', whileKnown, 1, 'a'],
  ['before the first answer', 'a1', 'a1 b2', before, 1, 'a'],
  ['before the first answer, with fewer values', 'a1 b2 c3', 'a1', before, 2, 'a b'],
  ['before the first answer, where one was ever dropped', 'a1 /2 c3', 'a1', before, 2, undefined],
  ['before the first answer, where the last one was ever dropped', 'a1 /2', 'a1', before, 1, undefined],
  ['before the first answer, with more values', 'a1', 'a1 b2', before, 2, undefined],
  ['before an attribute was added', 'a1', 'a1 b2', between, 1, 'a'],
  ['after an attribute was added', 'a1', 'a1 b2', between, 2, 'a b'],
  ['after the first of two was added', 'a1', 'a1 b2 c3', between, 2, 'a b'],
  ['after one was added, of others that came and went', 'a1', 'a1 b2 /3 d4', between, 2, undefined],
  ['after nothing was added, of others that came and went', 'a1', 'a1 /2 c3', between, 1, 'a'],
  ['before one was dropped', 'a1 b2', 'a1 /2', between, 2, 'a b'],
  ['before one was dropped and another renamed', 'a1 b2', 'x1 /2', between, 2, 'x b'],
  ['after one was dropped', 'a1 b2', 'a1 /2', between, 1, 'a'],
  ['after one of two was dropped', 'a1 b2 c3', 'a1 /2 /3', between, 2, undefined],
  ['after one was dropped and before another was added', 'a1 b2', 'a1 /2 c3', between, 1, 'a'],
  ['when one was replaced', 'a1 b2', 'a1 /2 c3', between, 2, undefined],
  ['when one was replaced for a time', 'a1 b2', 'a1 /2 /3', between, 2, undefined],
  ['while one was dropped and two were added', 'a1 b2', 'a1 /2 c3 d4', between, 3, undefined],
  ['when one was renamed', 'a1', 'b1', between, 1, 'b'],
])('a row written %s', (_name, first, second, xid, count, found) => {
  const versions = [
    { attributes: attributes(first), from: until(200), until: until(300) },
    { attributes: attributes(second), from: until(400), until: until(400) },
  ];
  expect(names(versions, xid, count)).toBe(found);
});

test('a row of a transaction that was open while a version was seen may be from before it', () => {
  const versions = [
    { attributes: attributes('a1 b2'), from: until(100), until: until(200) },
    { attributes: attributes('a1 /2 c3'), from: { ...until(300), next: 310 }, until: until(400) },
  ].map((version) => ({ ...version, from: version.from as CompositeVersion['from'] }));
  expect(names(versions, 305, 2)).toBeUndefined();
  expect(names(versions, 305, 1)).toBe('a');
  expect(names(versions, 310, 2)).toBe('a c');
  expect(names(versions, 150, 2)).toBe('a b');
});

test('after one was replaced it has to do that the alteration began before the row', () => {
  const versions = [
    { attributes: attributes('a1 b2', 90), from: until(100), until: until(200) },
    { attributes: attributes('a1 /2 c3', 210), from: until(300), until: until(300) },
  ];
  expect(names(versions, 220, 2)).toBe('a c');
  expect(names(versions, 205, 2)).toBeUndefined();
  expect(attributesAt(versions, 220, 1)?.isProven).toBe(false);
  expect(attributesAt(versions, 150, 2)?.isProven).toBe(true);
});

test('before the first answer it counts that the alteration began before the row', () => {
  const versions = [{ attributes: attributes('a1 /2 c3', 140), from: until(200), until: until(200) }];
  expect(names(versions, 150, 2)).toBe('a c');
  expect(names(versions, 130, 2)).toBeUndefined();
  expect(names(versions, 150, 1)).toBeUndefined();
  expect(attributesAt(versions, 150, 2)?.isProven).toBe(false);
});

test('an attribute that is of another type now is not certain', () => {
  const [known, next] = [attributes('a1'), attributes('a1 b2')];
  const changed = { ...next, list: next.list.map((attribute) => ({ ...attribute, typeOid: 23 })) };
  const versions = [
    { attributes: known, from: until(200), until: until(300) },
    { attributes: changed, from: until(400), until: until(400) },
  ];
  expect(names(versions, between, 1)).toBeUndefined();
});

test('what was not altered since the oldest unread row holds for all of them', () => {
  const versions = [{ attributes: attributes('a1 /2 c3'), from: null, until: until(300) }];
  expect(names(versions, before, 2)).toBe('a c');
  expect(names(versions, before, 1)).toBeUndefined();
});

test('of a type that was dropped the last version is taken', () => {
  const versions = [{ attributes: attributes('a1 b2'), from: until(200), until: until(300) }];
  expect(names(versions, between, 2)).toBe('a b');
  expect(names(versions, between, 3)).toBeUndefined();
});

test('the text () is that of no attribute, and of one that is null', () => {
  expect(names([{ attributes: attributes(''), from: null, until: null }], 1, 0)).toBe('');
  expect(names([{ attributes: attributes('a1'), from: null, until: null }], 1, 0)).toBe('a');
  expect(names([{ attributes: attributes('a1 b2'), from: null, until: null }], 1, 0)).toBeUndefined();
});

test('a type about which nothing is known has no attributes to go by', () => {
  expect(names([], 1, 1)).toBeUndefined();
  expect(names([], 1, 2)).toBeUndefined();
});
