// Transactions of the log against snapshots.
import { expect, test } from 'vitest';
import { isVisible, parseSnapshot } from '../src/snapshot.ts';

test.each([
  { xid: 5, snapshot: '10:10:', visible: true },
  { xid: 10, snapshot: '10:10:', visible: false },
  { xid: 7, snapshot: '5:10:6,7', visible: false },
  { xid: 8, snapshot: '5:10:6,7', visible: true },
  // The epoch above 32 bits is not in the log's xids, and they wrap around.
  { xid: 7, snapshot: `${2n ** 32n + 5n}:${2n ** 32n + 10n}:${2n ** 32n + 7n}`, visible: false },
  { xid: 0xffff_fff0, snapshot: `${2n ** 32n + 5n}:${2n ** 32n + 5n}:`, visible: true },
])('transaction $xid in snapshot $snapshot is visible: $visible', ({ xid, snapshot, visible }) => {
  expect(isVisible(xid, parseSnapshot(snapshot))).toBe(visible);
});
