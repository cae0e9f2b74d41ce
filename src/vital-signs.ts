// How the service did in the last hour: lag and rates, sampled every ten seconds, in memory. The timer does not keep the process alive.
import type { Telemetry } from './telemetry.ts';

/** Rates are per second, over the ten seconds before it. */
export interface VitalSample {
  readonly at: Date;
  /** Null: it did not lead then, or had read nothing yet. */
  readonly lagMs: number | null;
  readonly changesPerSecond: number;
  readonly deliveredPerSecond: number;
  readonly failedPerSecond: number;
}

interface Totals {
  readonly atMs: number;
  readonly changes: number;
  readonly delivered: number;
  readonly failed: number;
}

const everyMs = 10_000;
const kept = 360;

export class VitalSigns implements Disposable {
  readonly #telemetry: Telemetry;
  readonly #samples: VitalSample[] = [];
  readonly #timer: NodeJS.Timeout;
  #last: Totals;

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#last = totalsOf(telemetry, Date.now());
    this.#timer = setInterval(() => this.sample(Date.now()), everyMs);
    this.#timer.unref();
  }

  /** Oldest first. */
  get samples(): readonly VitalSample[] {
    return this.#samples;
  }

  sample(nowMs: number): void {
    const last = this.#last;
    const seconds = (nowMs - last.atMs) / 1000;
    const totals = totalsOf(this.#telemetry, nowMs);
    this.#last = totals;
    // The clock was set.
    if (seconds <= 0) return;
    const perSecond = (name: 'changes' | 'delivered' | 'failed'): number =>
      Math.round(((totals[name] - last[name]) / seconds) * 100) / 100;
    this.#samples.push({
      at: new Date(nowMs),
      lagMs: lagOf(this.#telemetry),
      changesPerSecond: perSecond('changes'),
      deliveredPerSecond: perSecond('delivered'),
      failedPerSecond: perSecond('failed'),
    });
    if (this.#samples.length > kept) this.#samples.shift();
    this.#telemetry.activity.forgetIdle(nowMs);
    this.#telemetry.tables?.forgetIdle(nowMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}

/** Milliseconds; null: this process does not lead, or has read nothing yet. */
export function lagOf({ gauges }: Pick<Telemetry, 'gauges'>): number | null {
  const lagMs = gauges?.().lagMs ?? Infinity;
  return Number.isFinite(lagMs) ? Math.round(lagMs) : null;
}

function totalsOf({ changesRead, outcomes }: Telemetry, atMs: number): Totals {
  let delivered = 0;
  let failed = 0;
  for (const { outcome, count } of outcomes.values()) {
    if (outcome === 'delivered') delivered += count;
    else failed += count;
  }
  return { atMs, changes: changesRead, delivered, failed };
}
