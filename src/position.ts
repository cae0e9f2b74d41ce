// Where a delivery's change stands in the log. A position is the same whenever Postgres re-sends the change,
// so it is what claims, the floor and the change id are made of. Row-message LSNs are never used: they are
// neither unique nor ordered.
import type { Lsn } from './lsn.ts';

/** The index that stands for "the whole transaction, its COMMIT included". */
export const wholeTransaction = 0x7fff_ffff;

/**
 * `epoch` is the stretch of the log that the LSN lies in; `index` counts every row message of the transaction; `part` 1 is the INSERT
 * side of a row that moved company.
 */
export interface Position {
  readonly epoch: number;
  readonly commitLsn: Lsn;
  readonly index: number;
  readonly part: 0 | 1;
}

/** Everything up to and including this (both parts) is settled; an index of -1 means nothing of that transaction. */
export interface FloorPosition {
  readonly commitLsn: Lsn;
  readonly index: number;
}

/** The last commit whose configuration is in force at the floor: within a transaction its own is not yet. */
export function configurationUpTo({ commitLsn, index }: FloorPosition): Lsn {
  return index === wholeTransaction ? commitLsn : commitLsn - 1n;
}

/** Whether both parts of a change lie at or below the floor. */
export function isAtOrBelow(commitLsn: Lsn, index: number, floor: FloorPosition): boolean {
  return commitLsn < floor.commitLsn || (commitLsn === floor.commitLsn && index <= floor.index);
}

/** Negative when `a` comes first. */
export function comparePositions(a: Position, b: Position): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  if (a.commitLsn !== b.commitLsn) return a.commitLsn < b.commitLsn ? -1 : 1;
  return a.index - b.index || a.part - b.part;
}

/** The first and the last of positions that are in no order; nulls where there is none. */
export function rangeOf(positions: readonly Position[]): {
  readonly first: Position | null;
  readonly last: Position | null;
} {
  let first: Position | null = null;
  let last: Position | null = null;
  for (const position of positions) {
    if (first === null || comparePositions(position, first) < 0) first = position;
    if (last === null || comparePositions(position, last) > 0) last = position;
  }
  return { first, last };
}

/**
 * The id that receivers and ledgers see: `<epoch>-<commit LSN, 16 hex digits>-<index>`, with `-1` for part 1.
 * It never changes for one change, also across restarts and re-sends.
 */
export function changeId(position: Position): string {
  const lsn = position.commitLsn.toString(16).toUpperCase().padStart(16, '0');
  return `${position.epoch}-${lsn}-${position.index}${position.part === 1 ? '-1' : ''}`;
}

/** Change ids from the last of the log to the first; what is none comes last. */
export function newestFirst(changeIds: Iterable<string>): string[] {
  const placed = [...changeIds].map((id) => ({ id, position: parseChangeId(id) }));
  placed.sort((a, b) => {
    if (a.position === null || b.position === null)
      return Number(a.position === null) - Number(b.position === null);
    return comparePositions(b.position, a.position);
  });
  return placed.map(({ id }) => id);
}

function parseChangeId(id: string): Position | null {
  const [, epoch, lsn, index, part] = /^(\d+)-([0-9A-F]{16})-(\d+)(-1)?$/.exec(id) ?? [];
  if (epoch === undefined || lsn === undefined || index === undefined) return null;
  return {
    epoch: Number(epoch),
    commitLsn: BigInt(`0x${lsn}`),
    index: Number(index),
    part: part === undefined ? 0 : 1,
  };
}
