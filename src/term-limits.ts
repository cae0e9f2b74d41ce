// How much of what a term holds in memory, and how long: what fits beside a reader of the fastest log into the service's 300 MB.
import type { BacklogLimits } from './delivery/backlog.ts';
import type { WindowLimits } from './delivery/backlog-window.ts';
import type { LaneLimits } from './delivery/lanes.ts';

export interface TermLimits {
  /** POSTs of one webhook at a time, unless it chose. */
  readonly concurrency: number;
  /** POSTs of all at a time, and what may wait in memory. A lane that is full holds the reader. */
  readonly lanes: LaneLimits;
  readonly backlog: BacklogLimits;
  readonly window: WindowLimits;
  /** Changes that are missed or undecidable, waiting to be written down. */
  readonly maxNotes: number;
}

export function withMaxInFlight(maxInFlight: number): TermLimits {
  return { ...defaultLimits, lanes: { ...defaultLimits.lanes, maxInFlight } };
}

export const defaultLimits: TermLimits = {
  concurrency: 32,
  lanes: {
    maxInFlight: 1_000,
    maxOutPerOrigin: 256,
    maxDeliveriesPerLane: 5_000,
    maxBytesPerLane: 16 * 1024 * 1024,
    minDeliveries: 5_000,
    maxDeliveries: 50_000,
    maxWaitMs: 700,
    maxBytes: 64 * 1024 * 1024,
    maxBytesOut: 64 * 1024 * 1024,
    maxBytesOutPerLane: 16 * 1024 * 1024,
  },
  backlog: {
    longestWaitMs: 1_000,
    longestWaitWhenDrainingMs: 3_000,
    longestWaitWhenFullMs: 300,
    longestHoldMs: 2_000,
    gatherMs: 20,
    maxBatch: 250,
    maxBatchBytes: 4 * 1024 * 1024,
    maxUnstored: 20_000,
    maxUnstoredBytes: 32 * 1024 * 1024,
  },
  window: {
    maxRows: 256,
    maxBytes: 1024 * 1024,
    maxRowsOfAll: 20_000,
    maxBytesOfAll: 32 * 1024 * 1024,
    maxReads: 4,
    maxDrops: 1_000,
  },
  maxNotes: 10_000,
};
