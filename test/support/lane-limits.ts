/** Limits of lanes that nothing reaches, for tests that set the one they are about. */
import type { LaneLimits } from '../../src/delivery/lanes.ts';

export const roomyLimits: LaneLimits = {
  maxInFlight: 1_000,
  maxOutPerOrigin: 1_000,
  maxDeliveriesPerLane: 5_000,
  maxBytesPerLane: 1_000_000,
  minDeliveries: 50_000,
  maxDeliveries: 50_000,
  maxWaitMs: 1_000,
  maxBytes: 1_000_000,
  maxBytesOut: 1_000_000,
  maxBytesOutPerLane: 1_000_000,
};
