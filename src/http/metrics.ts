// /metrics for Prometheus. Everything is asked when it is scraped; the number of series does not grow with webhooks or companies.
import { setTimeout as pause } from 'node:timers/promises';
import { collectDefaultMetrics, Counter, Gauge, Registry, type Metric } from 'prom-client';
import type { Distribution, Telemetry } from '../telemetry.ts';
import type { SlotMetrics } from './parts.ts';

export interface MetricsOptions {
  readonly telemetry: Telemetry;
  readonly version: string;
  /** Null: the slot is not there. */
  slot(): Promise<SlotMetrics | null>;
  /** Seconds. */
  now(): number;
}

const prefix = 'rowhook_';
/** Postgres is asked at most so often, whoever scrapes. */
const slotIsGoodForS = 2;
const slotWithinMs = 3_000;

export class Metrics {
  readonly #registry = new Registry();
  readonly #options: MetricsOptions;
  /** Of about a minute ago. */
  #earlier: { readonly atS: number; readonly safeWalBytes: number } | null = null;
  #secondsToLimit: number | null = null;
  #reading: Promise<SlotMetrics | null | undefined> | null = null;
  #slot: { readonly atS: number; readonly facts: SlotMetrics | null | undefined } | null = null;

  constructor(options: MetricsOptions) {
    this.#options = options;
    collectDefaultMetrics({ register: this.#registry, prefix });
    this.#addProcess();
    this.#addLeading();
    this.#addDistributions();
    this.#addSlot();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  async text(): Promise<string> {
    await this.#readSlot();
    return await this.#registry.metrics();
  }

  #addProcess(): void {
    const { telemetry, version } = this.#options;
    this.#gauge('info', 'The release that runs', ['version'], (gauge) => gauge.set({ version }, 1));
    this.#counter(
      'changes_read_total',
      'Row changes of published tables that were read',
      () => telemetry.changesRead,
    );
    this.#counter(
      'changes_matched_total',
      'Of those: wanted by a webhook or more',
      () => telemetry.changesMatched,
    );
    this.#counter(
      'delivery_log_dropped_rows_total',
      'Rows that rowhook.delivery lacks, because they came faster than they could be written',
      () => telemetry.logRowsDropped,
    );
    const deliveries = new Counter({
      name: `${prefix}deliveries_total`,
      help: 'Deliveries that came to their end; class: of the status, of the failure, or why it was dropped',
      labelNames: ['outcome', 'class'],
      registers: [],
      collect() {
        this.reset();
        for (const { count, outcome, class: name } of telemetry.outcomes.values()) {
          this.inc({ outcome, class: name }, count);
        }
      },
    });
    this.#registry.registerMetric(deliveries);
  }

  #addLeading(): void {
    const { telemetry } = this.#options;
    this.#gauge('leader', '1 while this process leads', [], (gauge) =>
      gauge.set(telemetry.gauges === null ? 0 : 1),
    );
    for (const [name, { help, of }] of Object.entries(leading)) {
      this.#gauge(name, help, [], (gauge) => {
        const value = telemetry.gauges === null ? NaN : of(telemetry.gauges());
        if (Number.isFinite(value)) gauge.set(value);
      });
    }
  }

  #addDistributions(): void {
    const { telemetry } = this.#options;
    const all: readonly (readonly [string, string, Distribution])[] = [
      [
        'post_duration_seconds',
        'A POST, from the first look at a connection to the end of the answer',
        telemetry.postSeconds,
      ],
      [
        'read_to_claim_seconds',
        'From reading a change to the durable claim of its delivery',
        telemetry.readToClaimSeconds,
      ],
      [
        'read_to_answer_seconds',
        'From reading a change to the outcome of its delivery',
        telemetry.readToAnswerSeconds,
      ],
      ['claim_duration_seconds', 'A claim, until Postgres has it on its disk', telemetry.claimSeconds],
      ['claim_batch_size', 'Deliveries that are claimed at once', telemetry.claimSizes],
    ];
    for (const [name, help, distribution] of all) {
      this.#registry.registerMetric(histogram(prefix + name, help, distribution));
    }
  }

  #addSlot(): void {
    this.#gauge('database_up', '1 when Postgres answered', [], (gauge) =>
      gauge.set(this.#slot?.facts === undefined ? 0 : 1),
    );
    this.#gauge('slot_read_seconds_ago', 'How old the figures of the slot are', [], (gauge) => {
      if (this.#slot !== null) gauge.set(this.#options.now() - this.#slot.atS);
    });
    for (const [name, { help, of }] of Object.entries(slotGauges)) {
      this.#gauge(name, help, [], (gauge) => {
        const facts = this.#slot?.facts ?? null;
        const value = facts === null ? null : of(facts);
        if (value !== null) gauge.set(value);
      });
    }
    this.#gauge(
      'slot_seconds_to_limit',
      'When the slot is lost at the pace of the last minute; absent while nothing comes nearer to the limit',
      [],
      (gauge) => {
        if (this.#secondsToLimit !== null) gauge.set(this.#secondsToLimit);
      },
    );
    this.#gauge(
      'slot_wal_status',
      '1 for the state that Postgres says the slot is in',
      ['status'],
      (gauge) => {
        const facts = this.#slot?.facts;
        if (facts !== undefined)
          gauge.set({ status: facts === null ? 'missing' : (facts.walStatus ?? 'none') }, 1);
      },
    );
  }

  async #readSlot(): Promise<void> {
    const { now, slot } = this.#options;
    const atS = now();
    if (this.#slot !== null && atS - this.#slot.atS < slotIsGoodForS) return;
    // One question at a time, and a database that hangs keeps no scrape waiting.
    this.#reading ??= slot()
      .catch(() => undefined)
      .finally(() => (this.#reading = null));
    const facts = await Promise.race([this.#reading, pause(slotWithinMs, undefined, { ref: false })]);
    this.#slot = { atS, facts };
    this.#measurePace(atS, facts?.safeWalBytes ?? null);
  }

  #measurePace(atS: number, safeWalBytes: number | null): void {
    const earlier = this.#earlier;
    this.#secondsToLimit = null;
    if (safeWalBytes === null) this.#earlier = null;
    else if (earlier === null) this.#earlier = { atS, safeWalBytes };
    else {
      const perSecond = (earlier.safeWalBytes - safeWalBytes) / (atS - earlier.atS);
      if (perSecond > 0) this.#secondsToLimit = Math.max(0, safeWalBytes) / perSecond;
      if (atS - earlier.atS >= 60) this.#earlier = { atS, safeWalBytes };
    }
  }

  #counter(name: string, help: string, value: () => number): void {
    const counter = new Counter({
      name: prefix + name,
      help,
      registers: [],
      collect() {
        this.reset();
        this.inc(value());
      },
    });
    this.#registry.registerMetric(counter);
  }

  #gauge(name: string, help: string, labelNames: readonly string[], set: (gauge: Gauge) => void): void {
    const gauge: Gauge = new Gauge({
      name: prefix + name,
      help,
      labelNames: [...labelNames],
      registers: [],
      collect() {
        // Without a value, rather than with an old one.
        this.reset();
        if (labelNames.length === 0) this.remove();
        set(this);
      },
    });
    this.#registry.registerMetric(gauge);
  }
}

type TermGauges = ReturnType<NonNullable<Telemetry['gauges']>>;

const leading: Readonly<Record<string, { readonly help: string; of(gauges: TermGauges): number }>> = {
  term: { help: 'Counts the processes that have led, one after the other', of: ({ term }) => term },
  lag_seconds: { help: 'How long ago what is read now was committed', of: ({ lagMs }) => lagMs / 1000 },
  deliveries_in_flight: { help: 'Claimed, without an outcome', of: ({ inFlight }) => inFlight },
  deliveries_waiting: { help: 'In memory, not claimed yet', of: ({ waiting }) => waiting },
  backlog_webhooks: { help: 'Webhooks that are in backlog mode', of: (gauges) => gauges.backlogWebhooks },
  backlog_deliveries: { help: 'Stored in rowhook.backlog', of: (gauges) => gauges.backlogDeliveries },
  backlog_bytes: { help: 'Payloads stored there', of: (gauges) => gauges.backlogBytes },
  breakers_open: { help: 'Webhooks whose breaker is open', of: ({ openBreakers }) => openBreakers },
  endpoints_slow: {
    help: 'Webhooks whose endpoint took over a second last',
    of: (gauges) => gauges.slowEndpoints,
  },
};

const slotGauges: Readonly<Record<string, { readonly help: string; of(facts: SlotMetrics): number | null }>> =
  {
    slot_active: { help: '1 while a process streams from the slot', of: ({ active }) => (active ? 1 : 0) },
    slot_lag_bytes: { help: 'Log that is written and not confirmed', of: ({ lagBytes }) => lagBytes },
    slot_retained_bytes: {
      help: 'Log that Postgres keeps for the slot',
      of: ({ retainedBytes }) => retainedBytes,
    },
    slot_safe_wal_bytes: {
      help: 'Log that may be written before the slot is lost; absent without max_slot_wal_keep_size',
      of: ({ safeWalBytes }) => safeWalBytes,
    },
  };

// prom-client observes one value at a time; these are counted already.
function histogram(name: string, help: string, distribution: Distribution): Metric {
  const get = async (): Promise<object> => {
    let below = 0;
    const values = distribution.counts.map((count, at) => {
      below += count;
      const le = distribution.bounds[at] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { le }, value: below };
    });
    return {
      name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: [
        ...values,
        { metricName: `${name}_sum`, labels: {}, value: distribution.sum },
        { metricName: `${name}_count`, labels: {}, value: below },
      ],
    };
  };
  return { name, help, type: 'histogram', get, reset: () => undefined } as unknown as Metric;
}
