import { expect, test } from 'vitest';
import { packJournalBody, unpackJournalBody, type JournalEntry } from '../../src/database/journal-body.ts';

function entry(
  uid: bigint,
  commitLsn: bigint,
  index: number,
  change: Partial<JournalEntry> = {},
): JournalEntry {
  return { kind: 'claimed', uid, position: { epoch: 7, commitLsn, index, part: 0 }, ...change };
}

test('what is read back is what was written', () => {
  const entries = [
    entry(1n, 0x16_b374_d848n, 0),
    entry(2n, 0x16_b374_d848n, 1_000_000),
    entry(2n ** 40n, 0x16_b374_d000n, 3, { kind: 'dropped', note: 'deleted' }),
    entry(3n, 0xffff_ffff_ffff_fff8n, 0, { kind: 'missed' }),
    entry(0n, 8n, 2_147_483_646, { kind: 'undecidable', note: 'Größe "x" 🚚' }),
    { kind: 'claimed', uid: 5n, position: { epoch: 6, commitLsn: 9n, index: 7, part: 1 } },
    entry(4n, 10n, 2),
  ] as const;
  expect(unpackJournalBody(packJournalBody(entries))).toEqual(entries);
});

test('a delivery takes about ten bytes or less', () => {
  const entries = Array.from({ length: 100 }, (_, i) =>
    entry(BigInt(i), 0x16_b374_d848n + BigInt(i * 200), 0),
  );
  expect(packJournalBody(entries).length).toBeLessThan(1_000);
});

test('a format or a kind of a newer release is refused, not misread', () => {
  expect(() => unpackJournalBody(Buffer.from([9, 1, 0]))).toThrow('format 9');
  expect(() => unpackJournalBody(Buffer.from([1, 1, 1, 15, 1, 1, 1]))).toThrow('kind 15');
  expect(() => unpackJournalBody(Buffer.from([1, 1, 0, 0]))).toThrow('longer');
});
