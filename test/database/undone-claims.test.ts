import { expect, test } from 'vitest';
import { RecentClaims } from '../../src/database/undone-claims.ts';
import type { JournalEntry } from '../../src/database/journal-body.ts';

function entry(lsn: bigint, kind: JournalEntry['kind'] = 'claimed'): JournalEntry {
  return { kind, uid: 1n, position: { epoch: 1, commitLsn: lsn, index: 0, part: 0 } };
}

test('what was claimed after the last that a server has is counted with its range; what was only dropped is not', () => {
  const recent = new RecentClaims();
  recent.add(1, [entry(1n)]);
  recent.add(2, [entry(3n), entry(2n), entry(9n, 'dropped')]);
  recent.add(3, [entry(4n, 'claimed from backlog')]);
  expect(recent.after(1, 3)).toMatchObject({ count: 3, first: { commitLsn: 2n }, last: { commitLsn: 4n } });
  expect(recent.after(3, 3)).toEqual({ count: 0, first: null, last: null });
});

test('nothing is said of claims from before what is remembered', () => {
  const recent = new RecentClaims();
  for (let seq = 1; seq <= 10_000; seq++) recent.add(seq, [entry(BigInt(seq))]);
  expect(recent.after(9_000, 10_000)).toMatchObject({ count: 1_000 });
  expect(recent.after(10, 10_000)).toBeNull();
});
