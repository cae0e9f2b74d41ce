import { expect, test } from 'vitest';
import { checkDeliveryLog } from '../../src/checks/delivery-log-check.ts';
import type { DeliveryLogFacts } from '../../src/database/status/delivery-log.ts';

const at = new Date('2026-01-31T12:00:00Z');
const facts: DeliveryLogFacts = {
  mode: 'all',
  days: 3,
  partitions: 5,
  bytes: 3 * 1024 ** 3,
  overdue: 0,
  dropped: 0,
  droppedSince: null,
  droppedLastAt: null,
  droppedReason: null,
};

test.each<[Partial<DeliveryLogFacts>, string]>([
  [{}, 'all attempts, for 3 days; 5 days stored (3.0 GB)'],
  [{ mode: 'errors', days: 1 }, 'what was not delivered, for 1 day; 5 days stored (3.0 GB)'],
  [{ mode: 'off' }, 'off; 5 days stored (3.0 GB)'],
  [{ mode: 'off', partitions: 0 }, 'off'],
  [{ mode: null, partitions: 0 }, 'no service has led yet'],
])('the log %j is told in words', (change, detail) => {
  expect(checkDeliveryLog({ ...facts, ...change })).toEqual({
    check: 'delivery log',
    status: 'ok',
    detail,
    remedy: null,
  });
});

test('rows that are missing are a warning with their number, since when and why', () => {
  const gap = { dropped: 12_345, droppedSince: at, droppedLastAt: at, droppedReason: 'no room' };
  const { status, detail, remedy } = checkDeliveryLog({ ...facts, ...gap });
  expect(status).toBe('warn');
  expect(detail).toContain(
    '12345 rows dropped since 2026-01-31T12:00:00.000Z, last at 2026-01-31T12:00:00.000Z: no room',
  );
  expect(remedy).toContain('ROWHOOK_DELIVERY_LOG=errors');
  expect(checkDeliveryLog({ ...facts, ...gap, mode: 'errors' }).remedy).not.toContain('ROWHOOK');
});

test('days that should be gone are a warning', () => {
  expect(checkDeliveryLog({ ...facts, overdue: 2 })).toMatchObject({
    status: 'warn',
    detail: expect.stringContaining('; 2 days should be gone by now') as string,
  });
});
