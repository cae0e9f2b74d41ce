// The durable part of a webhook's queue. A webhook that is paused, or whose oldest delivery has waited too long, is in backlog mode: what
// is read for it is stored in order, and its lane is filled from there, until nothing is stored any more. Invariant: of one
// webhook, what is in the lane comes before what is stored beyond it, and that before what is not stored yet.
import {
  BacklogWindow,
  type BacklogDropReason,
  type BacklogWindowParts,
  type DroppedDelivery,
} from './backlog-window.ts';
import type { Delivery, DeliveryWebhook } from './delivery.ts';
import { Fifo } from '../fifo.ts';
import type { Lanes } from './lanes.ts';
import { emptyQueue, isDrained, remove, type StoredQueue, type StoredSize } from './stored-queue.ts';
import type { UnsettledChange } from '../replication/floor.ts';

export interface BacklogLimits {
  /**
   * In a lane in memory, before the webhook goes to the backlog: longer where the lane empties within a second, shortest while the
   * reader waits for one that does not.
   */
  readonly longestWaitMs: number;
  readonly longestWaitWhenDrainingMs: number;
  readonly longestWaitWhenFullMs: number;
  /** How long the lanes of a few companies may hold the reader, however fast they empty, where there are others. */
  readonly longestHoldMs: number;
  /** Once something was stored, what comes gathers for so long, unless it fills a batch: nobody waits for it. */
  readonly gatherMs: number;
  /** Of one statement that stores. */
  readonly maxBatch: number;
  readonly maxBatchBytes: number;
  /** Read and not stored yet, of all webhooks. */
  readonly maxUnstored: number;
  readonly maxUnstoredBytes: number;
}

export interface BacklogParts extends BacklogWindowParts {
  readonly backlogLimits: BacklogLimits;
  /** Resolves when all of them are durable. */
  store(deliveries: readonly Delivery[]): Promise<void>;
  settle(change: UnsettledChange): void;
  /** Whether there are active webhooks of other companies than these webhooks'. */
  hasOthers(webhooks: readonly DeliveryWebhook[]): boolean;
  /** The reader may go on if it waited for us. */
  onRoom(): void;
}

/** What a term finds stored. */
export interface StoredBefore {
  readonly uid: bigint;
  readonly webhookId: string;
  /** The webhook's company. */
  readonly ownerId: string | null;
  readonly count: number;
  readonly bytes: number;
  readonly ageMs: number;
  /** The webhook was deleted. */
  readonly isGone: boolean;
  /** The first of it may have been sent by a server before. */
  readonly isDoubtful: boolean;
}

const tickMs = 100;

export class Backlog {
  readonly #parts: BacklogParts;
  readonly #lanes: Lanes;
  readonly #queues = new Map<bigint, StoredQueue>();
  readonly #window: BacklogWindow;
  /** Queues that have something to store, each once. */
  readonly #toStore = new Fifo<StoredQueue>();
  readonly #sizes = new Map<bigint, StoredSize>();
  #unstored = 0;
  #unstoredBytes = 0;
  #storing: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(parts: BacklogParts, before: readonly StoredBefore[]) {
    this.#parts = parts;
    this.#lanes = parts.lanes;
    this.#window = new BacklogWindow(parts, {
      queues: () => this.#queues.size,
      onMoved: (queue) => {
        this.#moved(queue);
      },
    });
    for (const { uid, webhookId, ownerId, count, bytes, ageMs, isGone, isDoubtful } of before) {
      const queue = emptyQueue({ uid, id: webhookId, companyId: ownerId, name: webhookId });
      const oldestAtMs = parts.now() - ageMs;
      this.#queues.set(
        uid,
        Object.assign(queue, { count, bytes, oldestAtMs, isGone, isDoubtful, hasMore: true, told: -1 }),
      );
    }
  }

  /** Whether the reader has to stop: it reads faster than what it reads is stored. */
  get isFull(): boolean {
    const { maxUnstored, maxUnstoredBytes } = this.#parts.backlogLimits;
    return this.#unstored >= maxUnstored || this.#unstoredBytes >= maxUnstoredBytes;
  }

  /** Of all webhooks that are in backlog mode. */
  get stored(): { backlogWebhooks: number; backlogDeliveries: number; backlogBytes: number } {
    let [backlogDeliveries, backlogBytes] = [0, 0];
    for (const queue of this.#queues.values()) {
      backlogDeliveries += queue.count;
      backlogBytes += queue.bytes;
    }
    return { backlogWebhooks: this.#queues.size, backlogDeliveries, backlogBytes };
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.tick();
    }, tickMs);
    this.tick();
  }

  /** Stores and reads nothing more; resolves when nothing is on its way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#window.stop();
    await this.#storing;
  }

  /** Into the lane, or behind what is stored; of one webhook in the order of the log. */
  admit(delivery: Delivery): void {
    const queue = this.#queues.get(delivery.webhook.uid);
    if (queue === undefined) this.#lanes.admit(delivery);
    else this.#push(queue, delivery);
  }

  /** The claim of a delivery is durable; if it was stored, its row is gone. */
  claimed({ webhook, change, payload }: Delivery): void {
    const queue = this.#queues.get(webhook.uid);
    if (change !== null || queue === undefined) return;
    remove(queue, payload.bytes);
    this.#released(queue);
  }

  /** What was dropped is written down; if it was stored, its row is gone. */
  dropped({ webhook, change }: DroppedDelivery): void {
    const queue = this.#queues.get(webhook.uid);
    if (change === null && queue !== undefined) this.#released(queue);
  }

  /** A webhook that was closed is open again. */
  opened(uid: bigint): void {
    const queue = this.#queues.get(uid);
    if (queue !== undefined) this.#moved(queue);
  }

  /** A webhook was deleted: drops, in order, all that waits for it. */
  gone(uid: bigint): void {
    const queue = this.#queues.get(uid);
    if (queue !== undefined) queue.isGone = true;
    this.#dropAll(uid, 'deleted');
  }

  /** The breaker of a webhook that chose so has opened: drops, in order, all that waits for it. */
  broken(uid: bigint): void {
    this.#dropAll(uid, 'breaker_open');
  }

  /** Looks for what has waited too long, and for what is over its limits; also on a timer. */
  tick(): void {
    if (this.#isStopped) return;
    const { isOpen, now } = this.#parts;
    this.#lanes.look(now());
    const { longestWaitWhenFullMs } = this.#parts.backlogLimits;
    const nowMs = now();
    for (const oldest of this.#lanes.oldest()) {
      const { uid } = oldest.webhook;
      const waitedMs = nowMs - oldest.readAtMs;
      if (isOpen(uid) && (waitedMs < longestWaitWhenFullMs || waitedMs < this.#longestWaitMs(uid))) continue;
      if (!this.#queues.has(uid)) this.#enter(oldest);
    }
    this.#letOthersPass();
    this.#window.look(this.#queues.values());
    for (const queue of this.#queues.values()) {
      queue.isAhead = false;
      this.#window.trim(queue);
      this.#moved(queue);
    }
  }

  /** The sizes that changed since the last call. */
  takeSizes(): StoredSize[] {
    const sizes = [...this.#sizes.values()];
    this.#sizes.clear();
    return sizes;
  }

  // What is stored follows, as the window drops it.
  #dropAll(uid: bigint, reason: BacklogDropReason): void {
    const queue = this.#queues.get(uid);
    for (const delivery of this.#lanes.drop(uid)) {
      if (queue !== undefined) remove(queue, delivery.payload.bytes);
      this.#parts.drop(delivery, reason);
    }
    if (queue === undefined) return;
    for (let next = queue.unstored.shift(); next !== undefined; next = queue.unstored.shift()) {
      this.#countUnstored(-1, -next.payload.bytes);
      this.#parts.drop(next, reason);
    }
    this.#moved(queue);
  }

  #longestWaitMs(uid: bigint): number {
    const { longestWaitMs, longestWaitWhenDrainingMs, longestWaitWhenFullMs } = this.#parts.backlogLimits;
    if (this.#lanes.isDraining(uid)) return longestWaitWhenDrainingMs;
    return this.#lanes.isFull ? longestWaitWhenFullMs : longestWaitMs;
  }

  // Everybody's next change stands in the log behind what is read now: whoever sends much, and fast, must not keep it there.
  #letOthersPass(): void {
    const { backlogLimits, hasOthers, now } = this.#parts;
    if (this.#lanes.fullForMs(now()) < backlogLimits.longestHoldMs) return;
    const oldest = this.#lanes.heldFor().filter(({ webhook }) => !this.#queues.has(webhook.uid));
    if (oldest.length === 0 || !hasOthers(oldest.map(({ webhook }) => webhook))) return;
    for (const delivery of oldest) this.#enter(delivery);
  }

  // What is in the lane and not claimed is stored too: the log must not wait for it.
  #enter({ webhook }: Delivery): void {
    const queue = emptyQueue(webhook);
    this.#queues.set(webhook.uid, queue);
    for (const delivery of this.#lanes.drop(webhook.uid)) this.#push(queue, delivery);
    this.#parts.onRoom();
  }

  #push(queue: StoredQueue, delivery: Delivery): void {
    if (queue.unstored.length === 0 && queue.storing === 0) this.#toStore.push(queue);
    queue.unstored.push(delivery);
    this.#countUnstored(1, delivery.payload.bytes);
    this.#storeSoon();
  }

  #storeSoon(): void {
    this.#storing ??= this.#storeAll()
      .catch((error: unknown) => {
        this.#isStopped = true;
        this.#parts.onFailure(error);
      })
      .finally(() => {
        this.#storing = null;
        // Something may have come after the last look for it.
        if (this.#toStore.length > 0 && !this.#isStopped) this.#storeSoon();
      });
  }

  async #storeAll(): Promise<void> {
    // A turn of the loop later, so that what is being read now makes one batch.
    await new Promise((resolve) => setImmediate(resolve));
    while (!this.#isStopped) {
      const batch = this.#nextBatch();
      if (batch.length === 0) return;
      await this.#parts.store(batch);
      for (const delivery of batch) this.#stored(delivery);
      for (const queue of new Set(batch.map(({ webhook }) => this.#queues.get(webhook.uid)))) {
        if (queue === undefined) continue;
        queue.storing = 0;
        queue.storingFrom = null;
        queue.isAhead = false;
        if (queue.unstored.length > 0) this.#toStore.push(queue);
        this.#moved(queue);
      }
      this.#parts.onRoom();
      const { gatherMs, maxBatch } = this.#parts.backlogLimits;
      if (this.#unstored < maxBatch) await new Promise((resolve) => setTimeout(resolve, gatherMs));
    }
  }

  // A queue after the other, as much as there is room for; one delivery at least.
  #nextBatch(): Delivery[] {
    const { maxBatch, maxBatchBytes } = this.#parts.backlogLimits;
    const batch: Delivery[] = [];
    let bytes = 0;
    for (let queue = this.#toStore.head; queue !== undefined; queue = this.#toStore.head) {
      const next = queue.unstored.head;
      if (next === undefined) {
        this.#toStore.shift();
        continue;
      }
      if (batch.length >= maxBatch || (batch.length > 0 && bytes + next.payload.bytes > maxBatchBytes)) break;
      queue.unstored.shift();
      queue.storingFrom ??= next.position;
      queue.storing += 1;
      bytes += next.payload.bytes;
      batch.push(next);
    }
    // The one that was cut stays at the head; its next batch follows this one.
    const cut = this.#toStore.head;
    if (cut !== undefined && cut.storing > 0) this.#toStore.shift();
    return batch;
  }

  #stored(delivery: Delivery): void {
    const { webhook, payload, change, readAtMs } = delivery;
    this.#countUnstored(-1, -payload.bytes);
    if (change !== null) this.#parts.settle(change);
    const queue = this.#queues.get(webhook.uid);
    if (queue === undefined) return;
    queue.stores += 1;
    queue.count += 1;
    queue.bytes += payload.bytes;
    if (this.#window.takesStored(queue, delivery)) return;
    if (!queue.hasMore) queue.oldestAtMs = readAtMs;
    queue.hasMore = true;
  }

  #released(queue: StoredQueue): void {
    queue.held -= 1;
    this.#moved(queue);
  }

  #moved(queue: StoredQueue): void {
    this.#tell(queue);
    if (this.#isStopped) return;
    if (isDrained(queue)) this.#queues.delete(queue.webhook.uid);
    else this.#window.fill(queue);
  }

  // Where nothing moves there is nothing to tell: a paused webhook's backlog is no reason to write every second.
  #tell(queue: StoredQueue): void {
    const { webhook, count, bytes, told } = queue;
    if (count === told) return;
    queue.told = count;
    const ageMs = count === 0 ? null : this.#window.ageMs(queue);
    this.#sizes.set(webhook.uid, { uid: webhook.uid, count, bytes, ageMs });
  }

  #countUnstored(deliveries: number, bytes: number): void {
    this.#unstored += deliveries;
    this.#unstoredBytes += bytes;
  }
}
