import fc from 'fast-check';
import { expect, test } from 'vitest';
import { deliveryId, parseDeliveryId } from '../src/delivery-id.ts';

test('an id says where its row is, to the microsecond', () => {
  const place = { at: '2026-01-31T10:00:00.000042Z', uid: 7 };
  expect(deliveryId(place)).toBe('1769853600000042-7');
  expect(parseDeliveryId('1769853600000042-7')).toEqual(place);
});

test('every id leads back to its place', () => {
  const us = fc.integer({ min: 1_000_000_000_000_000, max: 7_999_999_999_999_999 });
  fc.assert(
    fc.property(us, fc.nat(), (time, uid) => {
      const place = parseDeliveryId(`${time}-${uid}`);
      expect(place === null ? null : deliveryId(place)).toBe(`${time}-${uid}`);
    }),
  );
});

test.each([
  '',
  '1769853600000042',
  '1769853600000042-',
  '1769853600000042-07',
  '01769853600000042-7',
  ' 1769853600000042-7',
  '1769853600000042-7\n',
  '1769853600000042-7x',
  '9769853600000042-7',
  '1769853600000042-1234567890123456',
  '1-00000000016B3748-4',
])('%j is no id', (id) => {
  expect(parseDeliveryId(id)).toBeNull();
});
