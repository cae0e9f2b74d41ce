// What a webhook in backlog mode has waiting, from the oldest to the newest: in its lane, stored beyond that, and not stored yet. Only the
// numbers; who moves them stands in backlog.ts and backlog-window.ts.
import type { Delivery, DeliveryWebhook } from './delivery.ts';
import { Fifo } from '../fifo.ts';
import { comparePositions, type Position } from '../position.ts';

export interface StoredQueue {
  readonly webhook: DeliveryWebhook;
  /** Read from the log, in order. */
  readonly unstored: Fifo<Delivery>;
  /** Of those before them, on their way to the table. */
  storing: number;
  /** The first of those. */
  storingFrom: Position | null;
  /** Rows up to here were handed on, to the lane or to be dropped; null: none yet. */
  cursor: Position | null;
  /** There may be rows after the cursor. */
  hasMore: boolean;
  /** Handed on, and their rows are not known to be gone. */
  held: number;
  /** Grows with everything stored, so that a look at the table knows whether it saw all. */
  stores: number;
  isReading: boolean;
  /** It found rows, and none whose turn it is: it is not worth another look at once. */
  isAhead: boolean;
  isGone: boolean;
  /** The first of it may have been sent by a server before. */
  isDoubtful: boolean;
  count: number;
  bytes: number;
  /** The count that was last told of. */
  told: number;
  /** When the oldest was read from the log, on our clock; of those beyond the lane. */
  oldestAtMs: number;
}

/** As `rowhook.counter` shows it; `ageMs` null: nothing is stored. */
export interface StoredSize {
  readonly uid: bigint;
  readonly count: number;
  readonly bytes: number;
  readonly ageMs: number | null;
}

export function emptyQueue(webhook: DeliveryWebhook): StoredQueue {
  return {
    webhook,
    unstored: new Fifo(),
    storing: 0,
    storingFrom: null,
    cursor: null,
    hasMore: false,
    held: 0,
    stores: 0,
    isReading: false,
    isAhead: false,
    isGone: false,
    isDoubtful: false,
    count: 0,
    bytes: 0,
    told: 0,
    oldestAtMs: Infinity,
  };
}

/** Nothing of it is anywhere but in memory, claimed. */
export function isDrained({ unstored, storing, hasMore, held }: StoredQueue): boolean {
  return unstored.length === 0 && storing === 0 && !hasMore && held === 0;
}

/**
 * The rows of a read that may be handed on. Not those behind one that is not known to be stored. Nor what an earlier process stored of a part of
 * the log that is read again: what it left before that is only now found.
 */
export function rowsInTurn<T extends { readonly position: Position }>(
  { storingFrom, unstored }: StoredQueue,
  rows: readonly T[],
  isRead: (position: Position) => boolean,
): readonly T[] {
  const before = storingFrom ?? unstored.head?.position;
  const end = rows.findIndex(
    ({ position }) => !isRead(position) || (before !== undefined && comparePositions(position, before) >= 0),
  );
  return end === -1 ? rows : rows.slice(0, end);
}

/** The oldest of it leaves. */
export function remove(queue: StoredQueue, bytes: number): void {
  queue.count = Math.max(0, queue.count - 1);
  queue.bytes = Math.max(0, queue.bytes - bytes);
}
