// What a webhook in backlog mode has waiting, from the oldest to the newest: in its lane, stored beyond that, and not stored yet. Only the
// numbers; who moves them stands in backlog.ts and backlog-window.ts.
import type { Delivery, DeliveryWebhook } from './delivery.ts';
import { Fifo } from '../fifo.ts';
import type { Position } from '../position.ts';

export interface StoredQueue {
  readonly webhook: DeliveryWebhook;
  /** Read from the log, in order. */
  readonly unstored: Fifo<Delivery>;
  /** Of those before them, on their way to the table. */
  storing: number;
  /** Rows up to here were handed on, to the lane or to be dropped; null: none yet. */
  cursor: Position | null;
  /** There may be rows after the cursor. */
  hasMore: boolean;
  /** Handed on, and their rows are not known to be gone. */
  held: number;
  /** Grows with everything stored, so that a look at the table knows whether it saw all. */
  stores: number;
  isReading: boolean;
  isGone: boolean;
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
    cursor: null,
    hasMore: false,
    held: 0,
    stores: 0,
    isReading: false,
    isGone: false,
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

/** The oldest of it leaves. */
export function remove(queue: StoredQueue, bytes: number): void {
  queue.count = Math.max(0, queue.count - 1);
  queue.bytes = Math.max(0, queue.bytes - bytes);
}
