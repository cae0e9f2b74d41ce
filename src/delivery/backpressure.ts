// How much waits in memory straight from the log, and when that stops the reader: at so much of one webhook, or at more of all than is sent soon.
// What came from the backlog does not count: its window has limits of its own.
import { Rate } from './rate.ts';

export interface BackpressureLimits {
  readonly maxDeliveriesPerLane: number;
  readonly maxBytesPerLane: number;
  /** Of all lanes: what is sent within `maxWaitMs`, but not fewer and not more than these. */
  readonly minDeliveries: number;
  readonly maxDeliveries: number;
  readonly maxWaitMs: number;
  readonly maxBytes: number;
}

/** What waits of a webhook. */
export interface Load {
  readonly company: { unstored: number };
  unstored: number;
  unstoredBytes: number;
}

/** Companies that have a larger part of what waits than this are who the reader is held for. */
const largePart = 1 / 16;

export class Backpressure<Lane extends Load> {
  readonly #limits: BackpressureLimits;
  readonly #full = new Set<Lane>();
  readonly #rate = new Rate();
  #unstored = 0;
  #unstoredBytes = 0;
  /** Since when the reader has been held, if only on and off. */
  #fullSinceMs: number | null = null;

  constructor(limits: BackpressureLimits) {
    this.#limits = limits;
  }

  /** Whether the reader has to stop. It may still hand over what it has in hand. */
  get isFull(): boolean {
    return this.#isFull(1);
  }

  /** `deliveries`: how many more, or fewer. */
  count(lane: Lane, deliveries: number, bytes: number): void {
    const { maxDeliveriesPerLane, maxBytesPerLane } = this.#limits;
    this.#unstored += deliveries;
    this.#unstoredBytes += bytes;
    lane.company.unstored += deliveries;
    lane.unstored += deliveries;
    lane.unstoredBytes += bytes;
    if (lane.unstored >= maxDeliveriesPerLane || lane.unstoredBytes >= maxBytesPerLane) this.#full.add(lane);
    else if (lane.unstored <= maxDeliveriesPerLane / 2 && lane.unstoredBytes <= maxBytesPerLane / 2) {
      this.#full.delete(lane);
    }
  }

  /** A delivery is over, whichever way it came. */
  countDone(): void {
    this.#rate.count();
  }

  /** To be called now and then. `elapsedMs`: since the last time; 0: not known. */
  look(nowMs: number, elapsedMs: number): void {
    // Half, because this looks at any moment between a release of the reader and the next hold.
    if (this.#isFull(1 / 2)) this.#fullSinceMs ??= nowMs;
    else if (this.#unstored < this.#limits.minDeliveries / 8) this.#fullSinceMs = null;
    if (elapsedMs > 0) this.#rate.look(elapsedMs);
  }

  /** For how long the reader has been held, if only on and off. */
  fullForMs(nowMs: number): number {
    return this.#fullSinceMs === null ? 0 : nowMs - this.#fullSinceMs;
  }

  /** Whether it is one of those that the reader is held for. */
  isHeldFor({ company, unstored }: Lane): boolean {
    return unstored > 0 && company.unstored >= this.#unstored * largePart;
  }

  #isFull(part: number): boolean {
    if (this.#full.size > 0) return true;
    return this.#unstored >= this.#capacity * part || this.#unstoredBytes >= this.#limits.maxBytes * part;
  }

  // Reading further ahead than this sends nothing sooner.
  get #capacity(): number {
    const { minDeliveries, maxDeliveries, maxWaitMs } = this.#limits;
    const soon = (this.#rate.perSecond * maxWaitMs) / 1000;
    return Math.min(maxDeliveries, Math.max(minDeliveries, soon));
  }
}
