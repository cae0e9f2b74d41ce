// What a breaker may do, and when it opens: chosen by the operator for all webhooks, and its kind by a webhook for itself.
export const breakerModes = ['off', 'wait', 'drop'] as const;
export type BreakerMode = (typeof breakerModes)[number];

export interface BreakerSettings {
  /** Of webhooks that choose none. */
  readonly mode: BreakerMode;
  /** So many in a row open it. */
  readonly failures: number;
  /** The longest pause between two probes. The first is a second, each twice the one before. */
  readonly maxProbeMs: number;
}
