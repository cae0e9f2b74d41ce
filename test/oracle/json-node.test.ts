import { expect, test } from 'vitest';
import { canonical, entry, keysOf, readJson } from './json-node.ts';

test.each([
  ['1.50', '1.5'],
  ['100', '1e2'],
  ['0', '-0'],
  ['9007199254740993', '9007199254740992'],
  ['{"a":1,"a":2}', '{"a":2}'],
  ['{"__proto__":1}', '{}'],
  ['[1,[2]]', '[[1],2]'],
  ['"1"', '1'],
  ['null', '"null"'],
  ['""', '"\\ufeff"'],
])('%s is not %s', (one, other) => {
  expect(canonical(readJson(one))).not.toBe(canonical(readJson(other)));
});

test.each([
  ['{"b": [1, {"a":"é"}], "a": null}', '{"a":null,"b":[1,{"a":"\\u00e9"}]}'],
  [' [ ] ', '[]'],
  ['"\\/"', '"/"'],
])('%s is %s', (one, other) => {
  expect(canonical(readJson(one))).toBe(canonical(readJson(other)));
});

test('the order of keys, the text of a value and keys that come twice can be told', () => {
  const node = readJson('{"b" : {"x":[1.50 , 2]} , "__proto__":"}", "b":null}');
  expect(keysOf(node)).toEqual(['b', '__proto__', 'b']);
  expect(entry(node, 'b')?.raw).toBe('{"x":[1.50 , 2]}');
  expect(entry(node, '__proto__')?.raw).toBe('"}"');
  expect(entry(node, 'missing')).toBeUndefined();
});

test.each(['', '{', '{"a":1,}', '[1 2]', '01', '"\n"'])('%j is refused', (text) => {
  expect(() => readJson(text)).toThrow(/not JSON/);
});
