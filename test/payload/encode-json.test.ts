// json as jsonb has it: what to_jsonb would print, and the original where to_jsonb would refuse.

import { expect, test } from 'vitest';
import { json } from '../../src/payload/encode-json.ts';

test.each([
  ['spacing', ' { "a" :\n[1,2 ,\t3] , "b":{}, "c" : [ ] } ', '{"a": [1, 2, 3], "b": {}, "c": []}'],
  [
    'keys by length and then by bytes',
    '{"bb":1,"a":2,"ab":3,"é":4,"z":5,"😀":6,"abc":7}',
    '{"a": 2, "z": 5, "ab": 3, "bb": 1, "é": 4, "abc": 7, "😀": 6}',
  ],
  ['of equal keys the last', '{"a":1,"b":2,"\\u0061":3}', '{"a": 3, "b": 2}'],
  [
    'names that JavaScript knows',
    '{"__proto__":1,"constructor":2,"1":3}',
    '{"1": 3, "__proto__": 1, "constructor": 2}',
  ],
  ['escapes', '["\\u00e9\\/\\b\\u001f\\ud83d\\ude00\\"\\\\"]', '["é/\\b\\u001f😀\\"\\\\"]'],
  ['words', '[true,false,null]', '[true, false, null]'],
  ['a text alone', ' "a" ', '"a"'],
  ['a number alone', ' 1e2 ', '100'],
])('rewrites %s', (_name, text, normalised) => {
  expect(json(text)).toBe(normalised);
});

test.each([
  ['0', '0'],
  ['-0', '0'],
  ['-0.00', '0.00'],
  ['1.50', '1.50'],
  ['-12345678901234567890.10', '-12345678901234567890.10'],
  ['1e2', '100'],
  ['1E+2', '100'],
  ['1.5e3', '1500'],
  ['1.25e1', '12.5'],
  ['-1e-3', '-0.001'],
  ['1.50e-2', '0.0150'],
  ['100e-1', '10.0'],
  ['0.00015e2', '0.015'],
  ['0.10e1', '1.0'],
  ['0e5', '0'],
  ['-0.00e1', '0.0'],
  ['0e99999', '0'],
  ['123.456e1', '1234.56'],
])('prints the number %s as numeric does: %s', (text, normalised) => {
  expect(json(text)).toBe(normalised);
});

test.each([
  ['a zero character', '{"a":1, "b":"\\u0000"}'],
  ['half a surrogate pair', '["\\ud83d"]'],
  ['halves in the wrong order', '["\\ude00\\ud83d"]'],
  ['a zero character in a key', '{"\\u0000": 1e2}'],
  ['more digits than numeric has', `[1e2, 1e131072]`],
  ['more decimals than numeric has', `[1e2, 1e-16384]`],
  ['more decimals of zero', `[0e-16384]`],
  ['an exponent that is too large', '[0e1073741823]'],
])('leaves a document with %s as it was written', (_name, text) => {
  expect(json(text)).toBe(text);
});

test('takes a document nested as deeply as Postgres takes it', () => {
  const deep = (open: string, close: string, inner: string): string =>
    open.repeat(3_000) + inner + close.repeat(3_000);
  expect(json(deep('[', ']', '1e2'))).toBe(deep('[', ']', '100'));
  expect(json(deep('{"a":', '}', '1e2'))).toBe(deep('{"a": ', '}', '100'));
});

test('takes a document nested more deeply than a call stack is', () => {
  expect(json(`${'['.repeat(100_000)}1e2${']'.repeat(100_000)}`)).toBe(
    `${'['.repeat(100_000)}100${']'.repeat(100_000)}`,
  );
});

test('leaves a document as it was written that would grow by more than a megabyte', () => {
  const grown = (count: number): string => `[${Array<string>(count).fill('1e131071').join(', ')}]`;
  expect(json(grown(7))).toHaveLength(7 * 131_072 + 14);
  expect(json(grown(8))).toBe(grown(8));
});
