// What the process counts of itself, for /metrics: plain numbers, so that counting costs a delivery next to nothing. It outlives terms,
// which is what counters of a process do; what only a term knows it asks the one that leads.
import { Activity } from './activity.ts';
import type { Outcome } from './delivery/outcome.ts';
import type { TableActivities } from './table-activity.ts';

/** Of the term that leads now. */
export interface TermGauges {
  readonly term: number;
  /** How old what is read now is. Infinite before the first transaction. */
  readonly lagMs: number;
  readonly inFlight: number;
  readonly waiting: number;
  readonly backlogWebhooks: number;
  readonly backlogDeliveries: number;
  readonly backlogBytes: number;
  readonly openBreakers: number;
  readonly slowEndpoints: number;
}

/** Counts by upper bounds, which grow; what is larger than the last is counted in the sum of all. */
export class Distribution {
  readonly bounds: readonly number[];
  /** One more than bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = Array<number>(bounds.length + 1).fill(0);
  }

  add(value: number): void {
    let at = 0;
    while (at < this.bounds.length && value > (this.bounds[at] ?? Infinity)) at += 1;
    this.counts[at] = (this.counts[at] ?? 0) + 1;
    this.sum += value;
  }
}

const latencies = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 600];

export class Telemetry {
  changesRead = 0;
  changesMatched = 0;
  logRowsDropped = 0;
  /** By outcome, and where it was none of the endpoint's by its class or reason. */
  readonly outcomes = new Map<
    string,
    { readonly outcome: Outcome['kind']; readonly class: string; count: number }
  >();
  /** Seconds. */
  readonly postSeconds = new Distribution(latencies);
  readonly readToClaimSeconds = new Distribution(latencies);
  readonly readToAnswerSeconds = new Distribution(latencies);
  readonly claimSeconds = new Distribution(latencies);
  readonly claimSizes = new Distribution([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
  /** Of each webhook. */
  activity = new Activity(Date.now());
  /** Of each table that is read; null, as the gauges, while this process does not lead. */
  tables: TableActivities | null = null;
  gauges: (() => TermGauges) | null = null;
  #term: number | null = null;

  /** The webhooks' last hour goes on where nobody else led in between. */
  leads(term: number, { tables, gauges }: Pick<Telemetry, 'tables' | 'gauges'>): void {
    if (this.#term === null || term !== this.#term + 1) this.activity = new Activity(Date.now());
    this.#term = term;
    this.tables = tables;
    this.gauges = gauges;
  }

  /** Unless a later term leads already. */
  leadsNoMore(term: number): void {
    if (this.#term !== term) return;
    this.tables = null;
    this.gauges = null;
  }

  finished(outcome: Outcome): void {
    const name = classOf(outcome);
    const key = `${outcome.kind} ${name}`;
    const known = this.outcomes.get(key);
    if (known === undefined) this.outcomes.set(key, { outcome: outcome.kind, class: name, count: 1 });
    else known.count += 1;
  }
}

// Of an answer its hundreds: there are few of those.
function classOf(outcome: Outcome): string {
  if ('status' in outcome) return `${Math.floor(outcome.status / 100)}xx`;
  if (outcome.kind === 'failed') return outcome.class;
  return outcome.kind === 'dropped' ? outcome.reason : '';
}
