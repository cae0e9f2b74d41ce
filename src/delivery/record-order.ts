// The order of a webhook's deliveries: each waits for those before it on its records. Invariant: one is ready when all of these left, so two of one
// record are never ready at the same time; one for all records, a TRUNCATE, waits for all before it, and all after it wait for it.
import type { Delivery } from './delivery.ts';

/** A delivery's place in it. */
export interface Placed<Self> {
  readonly delivery: Delivery;
  /** What waits for it. */
  readonly followers: Self[];
  /** How many it waits for. */
  blockers: number;
  /** Out of it, but for those that wait for it: it leaves as soon as nothing is before it. */
  isDropped: boolean;
}

export class RecordOrder<T extends Placed<T>> {
  /** The last one of each record that has not left. */
  readonly #tails = new Map<string, T>();
  /** The last one for all records that has not left; whatever is in `tails` came after it. */
  #barrier: T | null = null;

  /** Behind everything of its records; whether it is ready at once. */
  add(placed: T): boolean {
    for (const before of this.#line(placed)) {
      if (before.followers.at(-1) === placed) continue;
      before.followers.push(placed);
      placed.blockers += 1;
    }
    return placed.blockers === 0;
  }

  /** One that was ready leaves, or was dropped: `onReady` is called for each that is ready now. */
  leave(placed: T, onReady: (next: T) => void): void {
    const leaving = [placed];
    for (let next = leaving.pop(); next !== undefined; next = leaving.pop()) {
      this.#remove(next);
      for (const follower of next.followers) {
        follower.blockers -= 1;
        if (follower.blockers > 0) continue;
        if (follower.isDropped) leaving.push(follower);
        else onReady(follower);
      }
    }
  }

  // What it has to wait for.
  #line(placed: T): T[] {
    const { keys } = placed.delivery;
    const barrier = this.#barrier;
    if (keys === 'all') {
      // What is not a tail any more has one behind it.
      const before = [...this.#tails.values(), ...(barrier === null ? [] : [barrier])];
      this.#tails.clear();
      this.#barrier = placed;
      return before;
    }
    const before: T[] = [];
    for (const key of keys) {
      const last = this.#tails.get(key) ?? barrier;
      this.#tails.set(key, placed);
      if (last !== null) before.push(last);
    }
    return before;
  }

  #remove(placed: T): void {
    const { keys } = placed.delivery;
    if (this.#barrier === placed) this.#barrier = null;
    if (keys === 'all') return;
    for (const key of keys) if (this.#tails.get(key) === placed) this.#tails.delete(key);
  }
}
