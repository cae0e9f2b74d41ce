import { expect, test } from 'vitest';
import { statusUpdate } from '../../src/replication/status-update.ts';

const nowMs = Date.parse('2026-01-02T03:04:05.678Z');

test('a status update says exactly what was confirmed as written, flushed and applied, not a byte more', () => {
  const bytes = statusUpdate(0x16_b374_d848n, false, nowMs);
  const lsn = '00000016b374d848';
  // Microseconds since 2000.
  const time = (BigInt(nowMs - Date.parse('2000-01-01T00:00:00Z')) * 1000n).toString(16).padStart(16, '0');
  expect(bytes.toString('hex')).toBe(`72${lsn}${lsn}${lsn}${time}00`);
});

test('asks for a reply in its last byte', () => {
  expect(statusUpdate(1n, true, nowMs).at(-1)).toBe(1);
});

test('confirms nothing with a zero', () => {
  expect(
    statusUpdate(0n, false, nowMs)
      .subarray(1, 25)
      .every((byte) => byte === 0),
  ).toBe(true);
});
