import { expect, test } from 'vitest';
import { MovedRows } from '../../src/delivery/moved-rows.ts';

const transaction = {};
const left = { transaction, relationOid: 5, operation: 'DELETE' } as const;
const joined = { transaction, relationOid: 5, operation: 'INSERT' } as const;

test('an insert after a delete holds the key of both, the one after it only its own', () => {
  const moved = new MovedRows();
  expect(moved.keys(left, ['5/a'])).toEqual(['5/a']);
  expect(moved.keys(joined, ['5/b'])).toEqual(['5/a', '5/b']);
  expect(moved.keys(joined, ['5/c'])).toEqual(['5/c']);
});

test('an update between them changes nothing', () => {
  const moved = new MovedRows();
  moved.keys(left, ['5/a']);
  expect(moved.keys({ ...joined, operation: 'UPDATE' }, ['5/x'])).toEqual(['5/x']);
  expect(moved.keys(joined, ['5/b'])).toEqual(['5/a', '5/b']);
});

test('an insert into another table, or in another transaction, is no move', () => {
  const moved = new MovedRows();
  moved.keys(left, ['5/a']);
  expect(moved.keys({ ...joined, relationOid: 6 }, ['6/b'])).toEqual(['6/b']);
  moved.keys(left, ['5/a']);
  expect(moved.keys({ ...joined, transaction: {} }, ['5/b'])).toEqual(['5/b']);
});

test('an insert waits for all when the delete could be of any record', () => {
  const moved = new MovedRows();
  moved.keys(left, 'all');
  expect(moved.keys(joined, ['5/b'])).toBe('all');
});
