import { expect, test } from 'vitest';
import { nearestName } from '../src/nearest-name.ts';

test.each([
  ['ROWHOOK_SLOTT', ['ROWHOOK_SLOT', 'ROWHOOK_LISTEN'], 'ROWHOOK_SLOT'],
  ['salesorder', ['item', 'salesOrder', 'salesInvoice'], 'salesOrder'],
  ['xyz', ['item', 'salesOrder'], null],
  ['anything', [], null],
])('the nearest to %s among %j is %s', (word, known, expected) => {
  expect(nearestName(word, known)).toBe(expected);
});
