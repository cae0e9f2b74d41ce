// What is known of endpoints while nothing is sent to them.
import { expect, test } from 'vitest';
import { KnownPaces } from '../../src/delivery/pace.ts';

test('of an endpoint that was never heard of the pace is unknown, and of the others those heard of last are kept', () => {
  const paces = new KnownPaces(2);
  paces.remember(1n, 'quick');
  paces.remember(2n, 'slow');
  paces.remember(1n, 'slow');
  paces.remember(3n, 'quick');
  expect([1n, 2n, 3n, 4n].map((uid) => paces.of(uid))).toEqual(['slow', 'unknown', 'quick', 'unknown']);
});
