// What of the backlog is in memory: a small window per webhook, read in order as its lane empties. Rows after the window that are not to
// be sent (their webhook is gone, or has more than its limits allow; a failover left open whether they were) are dropped from here too. Invariant: each row is handed
// on once, in order; a read starts behind the last one, never at the lowest, where deleted rows may lie by the thousand.
import type { Delivery } from './delivery.ts';
import type { Lanes } from './lanes.ts';
import { remove, rowsInTurn, type StoredQueue } from './stored-queue.ts';
import type { Position } from '../position.ts';

export interface WindowLimits {
  /** In a lane from the backlog: of one webhook, and of all together. */
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxRowsOfAll: number;
  readonly maxBytesOfAll: number;
  /** Reads at a time. */
  readonly maxReads: number;
  readonly maxDrops: number;
}

/** What one webhook may have stored; past it the oldest are dropped. */
export interface BacklogCaps {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

export type BacklogDropReason =
  'deleted' | 'interrupted' | 'backlog_full' | 'backlog_too_old' | 'breaker_open';

export type DroppedDelivery = Pick<Delivery, 'webhook' | 'position' | 'change' | 'table'>;

interface Range {
  readonly uid: bigint;
  readonly after: Position | null;
  readonly limit: number;
}

interface RowKey {
  readonly position: Position;
  readonly table: string;
  readonly bytes: number;
  readonly ageMs: number;
}

export interface BacklogWindowParts {
  readonly lanes: Lanes;
  readonly windowLimits: WindowLimits;
  readonly caps: BacklogCaps;
  isOpen(uid: bigint): boolean;
  /** Whether the log has been read up to there. */
  isRead(position: Position): boolean;
  /** In order, behind `after`; as many as `maxBytes` has room for, one at least. Waits as long as the database is away. */
  read(
    range: Range & { readonly maxBytes: number },
  ): Promise<readonly Omit<Delivery, 'webhook' | 'change'>[]>;
  readKeys(range: Range): Promise<readonly RowKey[]>;
  /** Writes it down as dropped, and with that removes its row where it has one. */
  drop(delivery: DroppedDelivery, reason: BacklogDropReason): void;
  /** What a server before may have sent is dropped as `interrupted`. */
  mayHaveBeenSent(position: Position): boolean;
  /** What is stored of a webhook whose breaker is open is dropped, where it chose so. */
  isBroken(uid: bigint): boolean;
  /** Whether more may be dropped now. */
  hasRoomForDrops(): boolean;
  onAdmitted(): void;
  onFailure(error: unknown): void;
  now(): number;
}

interface Surroundings {
  /** How many webhooks are in backlog mode. */
  queues(): number;
  onMoved(queue: StoredQueue): void;
}

export class BacklogWindow {
  readonly #parts: BacklogWindowParts;
  readonly #around: Surroundings;
  /** Those that wait for their turn to read. */
  readonly #wanting = new Set<StoredQueue>();
  #reads = 0;
  /** Of what waits in lanes: as of the last look, and what was admitted since. */
  #waitingBytes = 0;
  #isStopped = false;

  constructor(parts: BacklogWindowParts, around: Surroundings) {
    this.#parts = parts;
    this.#around = around;
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Counts what waits for webhooks that may be sent to; to be called now and then. What waits for others may do so for ever. */
  look(queues: Iterable<StoredQueue>): void {
    const { lanes, isOpen } = this.#parts;
    this.#waitingBytes = 0;
    for (const { webhook } of queues) {
      if (isOpen(webhook.uid)) this.#waitingBytes += lanes.waitingBytesOf(webhook.uid);
    }
  }

  /** Hands one that was just stored to the lane, where that is its turn and there is room. */
  takesStored(queue: StoredQueue, delivery: Delivery): boolean {
    const { uid } = queue.webhook;
    if (queue.hasMore || this.#isToDrop(queue) || !this.#parts.isOpen(uid) || !this.#hasRoom) return false;
    const { rows, bytes } = this.#size();
    const waiting = this.#parts.lanes.waitingOf(uid);
    if (waiting >= rows || (waiting > 0 && delivery.payload.bytes > bytes / rows)) return false;
    this.#admit(queue, { ...delivery, change: null });
    return true;
  }

  /** Reads on when the lane has room, or when there is something to drop. */
  fill(queue: StoredQueue): void {
    if (!queue.hasMore || queue.isReading || queue.isAhead || this.#isStopped) return;
    const { lanes, isOpen, hasRoomForDrops } = this.#parts;
    const { uid } = queue.webhook;
    const { rows, bytes } = this.#size();
    const isHalfEmpty = lanes.waitingOf(uid) <= rows / 2 && lanes.waitingBytesOf(uid) <= bytes / 2;
    const hasRoom = isOpen(uid) && isHalfEmpty;
    if (this.#isToDrop(queue) ? hasRoomForDrops() : hasRoom) this.#want(queue);
  }

  /** Drops the oldest of what is over the limits. */
  trim(queue: StoredQueue): void {
    const { lanes, hasRoomForDrops, drop } = this.#parts;
    if (queue.isGone) return;
    for (let reason = this.#over(queue); reason !== null && hasRoomForDrops(); reason = this.#over(queue)) {
      const oldest = lanes.dropOldest(queue.webhook.uid);
      if (oldest === undefined) break;
      remove(queue, oldest.payload.bytes);
      drop(oldest, reason);
    }
    if (this.#over(queue) !== null && queue.hasMore && hasRoomForDrops()) this.#want(queue);
  }

  /** Of the oldest that waits, in the lane or behind it. */
  ageMs(queue: StoredQueue): number {
    const { lanes, now } = this.#parts;
    const oldestAtMs = lanes.oldestOf(queue.webhook.uid)?.readAtMs ?? queue.oldestAtMs;
    return oldestAtMs === Infinity ? 0 : Math.max(0, now() - oldestAtMs);
  }

  #over(queue: StoredQueue): BacklogDropReason | null {
    const { maxCount, maxBytes, maxAgeMs } = this.#parts.caps;
    if (queue.count === 0) return null;
    if (queue.count > maxCount || queue.bytes > maxBytes) return 'backlog_full';
    return this.ageMs(queue) > maxAgeMs ? 'backlog_too_old' : null;
  }

  // Fewer for each, the more webhooks share the room.
  #size(): { readonly rows: number; readonly bytes: number } {
    const { maxRows, maxBytes, maxRowsOfAll, maxBytesOfAll } = this.#parts.windowLimits;
    const queues = Math.max(1, this.#around.queues());
    return {
      rows: Math.max(2, Math.min(maxRows, Math.floor(maxRowsOfAll / queues))),
      bytes: Math.min(maxBytes, Math.floor(maxBytesOfAll / queues)),
    };
  }

  // A row may be larger than its window's share: where many are, the next one waits until some are out.
  get #hasRoom(): boolean {
    return this.#waitingBytes < 2 * this.#parts.windowLimits.maxBytesOfAll;
  }

  #want(queue: StoredQueue): void {
    if (queue.isReading) return;
    this.#wanting.add(queue);
    // Not only inside: of a set that lost thousands at its front, even the beginning is long to find.
    if (this.#reads < this.#parts.windowLimits.maxReads) this.#readNext();
  }

  #readNext(): void {
    const { maxReads } = this.#parts.windowLimits;
    for (const queue of this.#wanting) {
      if (this.#isStopped || this.#reads >= maxReads || !this.#hasRoom) return;
      this.#wanting.delete(queue);
      this.#reads += 1;
      queue.isReading = true;
      this.#read(queue)
        .catch((error: unknown) => {
          if (!this.#isStopped) this.#parts.onFailure(error);
        })
        .finally(() => {
          this.#reads -= 1;
          queue.isReading = false;
          if (this.#isStopped) return;
          this.#around.onMoved(queue);
          this.#readNext();
        });
    }
  }

  async #read(queue: StoredQueue): Promise<void> {
    const { lanes, hasRoomForDrops } = this.#parts;
    // What is in the lane is older, and `trim` drops that first.
    const isOldest = lanes.waitingOf(queue.webhook.uid) === 0;
    const isOver = isOldest && this.#over(queue) !== null && hasRoomForDrops();
    if (this.#isToDrop(queue) || isOver) await this.#dropNext(queue);
    else await this.#admitNext(queue);
  }

  async #admitNext(queue: StoredQueue): Promise<void> {
    const { read, isOpen, isBroken } = this.#parts;
    const { uid } = queue.webhook;
    const { rows: limit, bytes: maxBytes } = this.#size();
    const { stores } = queue;
    const found = await read({ uid, after: queue.cursor, limit, maxBytes });
    // It was closed or deleted meanwhile: the rows are read again.
    if (this.#isStopped || queue.isGone || isBroken(uid) || !isOpen(uid)) return;
    const rows = this.#inTurn(queue, found);
    for (const row of rows) this.#admit(queue, { ...row, webhook: queue.webhook, change: null });
    if (found.length === 0 && queue.stores === stores) queue.hasMore = false;
    this.#parts.onAdmitted();
  }

  async #dropNext(queue: StoredQueue): Promise<void> {
    const { readKeys, drop, windowLimits, now, mayHaveBeenSent } = this.#parts;
    const { webhook, stores } = queue;
    const found = await readKeys({ uid: webhook.uid, after: queue.cursor, limit: windowLimits.maxDrops });
    if (this.#isStopped) return;
    const keys = this.#inTurn(queue, found);
    for (const { position, table, bytes, ageMs } of keys) {
      queue.oldestAtMs = now() - ageMs;
      const isDoubtful = queue.isDoubtful && mayHaveBeenSent(position);
      const reason = this.#dropReason(queue, isDoubtful);
      // Behind the first one that nobody can have sent, nobody can have sent any.
      queue.isDoubtful &&= isDoubtful;
      if (reason === null) return;
      queue.cursor = position;
      queue.held += 1;
      remove(queue, bytes);
      drop({ webhook, position, change: null, table }, reason);
    }
    if (found.length > 0) return;
    queue.isDoubtful = false;
    if (queue.stores === stores) queue.hasMore = false;
  }

  #isToDrop(queue: StoredQueue): boolean {
    return queue.isGone || queue.isDoubtful || this.#parts.isBroken(queue.webhook.uid);
  }

  #dropReason(queue: StoredQueue, isDoubtful: boolean): BacklogDropReason | null {
    if (queue.isGone) return 'deleted';
    if (isDoubtful) return 'interrupted';
    return this.#over(queue) ?? (this.#parts.isBroken(queue.webhook.uid) ? 'breaker_open' : null);
  }

  #inTurn<T extends { readonly position: Position }>(queue: StoredQueue, found: readonly T[]): readonly T[] {
    const rows = rowsInTurn(queue, found, this.#parts.isRead);
    queue.isAhead = rows.length === 0 && found.length > 0;
    return rows;
  }

  #admit(queue: StoredQueue, delivery: Delivery): void {
    queue.cursor = delivery.position;
    queue.held += 1;
    this.#waitingBytes += delivery.payload.bytes;
    this.#parts.lanes.admit(delivery);
  }
}
