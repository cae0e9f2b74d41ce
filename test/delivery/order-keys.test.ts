import { expect, test } from 'vitest';
import { orderKeys, recordKey } from '../../src/delivery/order-keys.ts';

test('a row that keeps its key has one', () => {
  expect(
    orderKeys(
      5,
      [0],
      [
        ['a', 'x'],
        ['a', 'y'],
      ],
    ),
  ).toHaveLength(1);
});

test('a row that changes its key has both', () => {
  expect(orderKeys(5, [0], [['b'], ['a']])).toHaveLength(2);
});

test('values of a composite key do not run into each other', () => {
  const [one] = orderKeys(5, [0, 1], [['a', 'bc']]);
  const [other] = orderKeys(5, [0, 1], [['ab', 'c']]);
  expect(one).not.toBe(other);
});

test('null and the empty text are different keys', () => {
  expect(orderKeys(5, [0], [[null], ['']])).toHaveLength(2);
});

test('without a key the table is one record', () => {
  expect(orderKeys(5, [], [['a'], ['b']])).toEqual(['5']);
});

test('a change whose key the log does not carry could be any record’s', () => {
  expect(orderKeys(5, [0], [[undefined, 'x']])).toBe('all');
  expect(
    orderKeys(
      5,
      [0, 1],
      [
        ['a', 'x'],
        ['a', undefined],
      ],
    ),
  ).toBe('all');
});

test.each([
  [[0], ['so1'], 'so1'],
  [[0], ['(so1,3)'], '(so1,3)'],
  [[0], [null], null],
  [[], ['so1'], null],
  [[0, 1], ['so1', '3'], '(so1,3)'],
  [[0, 1], ['', null], '("",)'],
  [[0, 1], ['a "b"', 'c\\d'], '("a ""b""","c\\\\d")'],
  [[0, 1], ['a/1:b', '𝄞'], '(a/1:b,𝄞)'],
])('the key of columns %j of %j is for people %j', (columns, row, text) => {
  const [key = ''] = orderKeys(5, columns, [row]);
  expect(recordKey(key)).toBe(text);
});
