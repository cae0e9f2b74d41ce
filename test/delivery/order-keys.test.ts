import { expect, test } from 'vitest';
import { orderKeys } from '../../src/delivery/order-keys.ts';

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
