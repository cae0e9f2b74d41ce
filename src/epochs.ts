// The stretches of the log since the slot was made: a new one begins at every change of the timeline. Invariant: a position's epoch is
// the one that its LSN lies in, so an LSN that is used again after a failover is another position.
import type { Lsn } from './lsn.ts';

/**
 * How it began. `switchover`: a process that lived through it proved that nothing was lost. `failover`: nobody could, so what was not
 * settled before it is interrupted.
 */
export type EpochReason = 'first start' | 'accepted gap' | 'switchover' | 'failover';

export interface Epoch {
  readonly n: number;
  readonly timeline: number;
  readonly fromLsn: Lsn;
  readonly reason: EpochReason;
}

export class Epochs {
  /** Of one log, oldest first; what came before the slot is of no position that can still be read. */
  readonly #line: readonly Epoch[];
  readonly #current: Epoch;

  /** All of them, oldest first. */
  constructor(epochs: readonly Epoch[]) {
    const start = epochs.findLastIndex(({ reason }) => reason === 'first start' || reason === 'accepted gap');
    this.#line = epochs.slice(Math.max(0, start));
    const current = this.#line.at(-1);
    if (current === undefined) throw new Error('rowhook.epoch is empty after the first start');
    this.#current = current;
  }

  get current(): Epoch {
    return this.#current;
  }

  /** An LSN belongs to the older epoch only strictly below the switch; one before the slot's start to the first. */
  of(lsn: Lsn): number {
    if (lsn >= this.#current.fromLsn) return this.#current.n;
    const found = this.#line.findLast(({ fromLsn }) => fromLsn <= lsn) ?? this.#line[0];
    return found?.n ?? this.#current.n;
  }

  get hasFailover(): boolean {
    return this.#line.some(({ reason }) => reason === 'failover');
  }

  /** Whether claims of this epoch may be missing here: what of it is not settled may have been sent. */
  mayHaveBeenSent(n: number): boolean {
    return this.#line.some((epoch) => epoch.n > n && epoch.reason === 'failover');
  }
}
