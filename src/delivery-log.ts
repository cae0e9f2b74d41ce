// What of each attempt goes into the delivery log, and when it is written: in batches, beside everything else. Invariant: it costs a delivery
// no more than being remembered, and memory no more than its limits; what it cannot write in time is dropped and counted.
import type { AttemptColumns, DeliveryRow, Gap, Written } from './database/delivery-log.ts';
import type { AttemptTrace } from './delivery/attempt-trace.ts';
import type { Delivery } from './delivery/delivery.ts';
import { recordKey } from './delivery/order-keys.ts';
import { singleLine, withoutCut, type Outcome } from './delivery/outcome.ts';
import { Fifo } from './fifo.ts';
import { maxLoggedBodyBytes } from './limits.ts';
import { changeId } from './position.ts';

/** What is known of a delivery at its end; of one that was dropped from the backlog its row was never read. */
export type LoggedDelivery = Pick<Delivery, 'webhook' | 'position' | 'table'> &
  Partial<Pick<Delivery, 'type' | 'keys' | 'payload'>>;

export interface Attempted {
  readonly delivery: LoggedDelivery;
  readonly outcome: Outcome;
  /** Null: nothing was tried. */
  readonly trace: AttemptTrace | null;
  /** Whether the DBA lets bodies and answers of this table be kept. */
  readonly keepsBody: boolean;
}

export interface DeliveryLogLimits {
  /** Of what waits to be written. */
  readonly maxRows: number;
  readonly maxBytes: number;
  readonly maxBatchRows: number;
  readonly maxBatchBytes: number;
  /** A larger body is not kept. */
  readonly maxBodyBytes: number;
  /** How long rows gather for a batch. */
  readonly gatherMs: number;
  /** How long what is left at the end may take. */
  readonly stopWithinMs: number;
}

export const defaultDeliveryLogLimits: DeliveryLogLimits = {
  maxRows: 40_000,
  maxBytes: 24 * 1024 * 1024,
  maxBatchRows: 300,
  maxBatchBytes: 1024 * 1024,
  maxBodyBytes: maxLoggedBodyBytes,
  gatherMs: 60,
  stopWithinMs: 2_000,
};

export interface DeliveryLogParts {
  readonly mode: 'all' | 'errors';
  readonly limits?: DeliveryLogLimits;
  /** In order; `count` of them are there whatever became of the rest. */
  write(rows: readonly DeliveryRow[]): Promise<{ readonly result: Written; readonly count: number }>;
  noteGap(gap: Gap): Promise<void>;
  /** Told at once of the first dropped rows, and then of how many there were in each minute. */
  onDropped(gap: Gap): void;
  /** The server's clock. */
  wallMs(): number;
  monotonicMs(): number;
  /** Resolves early when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

interface Waiting {
  readonly attempted: Attempted;
  /** What is kept of the body, and how large all of it is. */
  readonly body: string | Buffer | null;
  readonly bodyBytes: number | null;
  readonly atUs: number;
  readonly bytes: number;
}

/** What a row takes beside its texts, in memory and in Postgres. */
const rowBytes = 300;
const longestRestMs = 30_000;
const tellEveryMs = 60_000;
const farAheadUs = 60_000_000;
const tooSlow = 'rows came faster than they could be written';

export class DeliveryLog {
  readonly #parts: DeliveryLogParts;
  readonly #limits: DeliveryLogLimits;
  readonly #waiting = new Fifo<Waiting>();
  readonly #stopping = new AbortController();
  #waitingBytes = 0;
  #lastAtUs = 0;
  #running: Promise<void> | null = null;
  #isOver = false;
  /** Not stored yet, and not told of yet. */
  #gap: Gap | null = null;
  #untold: Gap | null = null;
  #toldAtMs = -Infinity;
  /** Why nothing can be written now. */
  #trouble: string | null = null;

  constructor(parts: DeliveryLogParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? defaultDeliveryLogLimits;
  }

  /** Whether it wants to be told of what went well, too. */
  get keepsDelivered(): boolean {
    return this.#parts.mode === 'all';
  }

  /** Only remembers it. */
  attempted(attempted: Attempted): void {
    if (this.#isOver || (attempted.outcome.kind === 'delivered' && !this.keepsDelivered)) return;
    const { delivery } = attempted;
    const body = this.#bodyOf(attempted);
    const bodyBytes = delivery.payload?.bytes ?? null;
    const bytes =
      rowBytes +
      (body === null ? 0 : (bodyBytes ?? 0)) +
      charactersOf(delivery.keys) +
      (attempted.trace?.answer?.length ?? 0);
    const { maxRows, maxBytes } = this.#limits;
    if (this.#waiting.length >= maxRows || this.#waitingBytes + bytes > maxBytes) {
      this.#drop(1, this.#trouble ?? tooSlow);
      return;
    }
    this.#lastAtUs = this.#nextAtUs();
    const kept = { ...attempted, delivery: withoutPayload(delivery) };
    this.#waiting.push({ attempted: kept, body, bodyBytes, atUs: this.#lastAtUs, bytes });
    this.#waitingBytes += bytes;
    this.#running ??= this.#run().finally(() => (this.#running = null));
  }

  // A time is a row's own: lists go on after it, and odd ones are for what is sent again. But a clock that was far ahead for a moment is not
  // followed until it is that late.
  #nextAtUs(): number {
    const nowUs = Math.round(this.#parts.wallMs() * 500) * 2;
    return this.#lastAtUs - nowUs > farAheadUs ? nowUs : Math.max(this.#lastAtUs + 2, nowUs);
  }

  /** Writes what is waiting, as far as the time allows; from then on nothing is taken. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const late = new AbortController();
    const deadline = this.#parts.pause(this.#limits.stopWithinMs, late.signal);
    await Promise.race([this.#running, deadline]);
    late.abort();
    this.#isOver = true;
    if (this.#waiting.length > 0) this.#drop(this.#waiting.length, this.#trouble ?? 'the service stopped');
    this.#tell(true);
  }

  async #run(): Promise<void> {
    const { gatherMs, maxBatchRows, maxBatchBytes } = this.#limits;
    let restMs = 0;
    let failures = 0;
    while (!this.#isOver && (this.#waiting.length > 0 || this.#gap !== null)) {
      const isFull = this.#waiting.length >= maxBatchRows || this.#waitingBytes >= maxBatchBytes;
      // It rests at least as long as it worked, so that on a busy machine it takes no more than half of one connection's time.
      await this.#rest(Math.max(restMs, isFull ? 0 : gatherMs));
      const startedAt = this.#parts.monotonicMs();
      const isDone = await this.#writeBatch();
      failures = isDone ? 0 : failures + 1;
      restMs = isDone
        ? this.#parts.monotonicMs() - startedAt
        : Math.min(longestRestMs, 250 * 2 ** Math.min(failures, 8));
      if (!isDone && this.#stopping.signal.aborted) return;
      this.#tell(false);
    }
  }

  async #rest(ms: number): Promise<void> {
    if (ms > 0 && !this.#stopping.signal.aborted) await this.#parts.pause(ms, this.#stopping.signal);
  }

  /** False: the database is in no state for it. */
  async #writeBatch(): Promise<boolean> {
    const batch = this.#batch();
    if (batch.length > 0) {
      const { result, count } = await this.#parts.write(batch);
      // Whoever waited for it at the end has gone, and has counted them.
      if (this.#isOver) return true;
      this.#remove(count);
      if (result !== 'written') {
        this.#trouble = singleLine(result.reason, 200);
        if (result.kind === 'later') return false;
        this.#remove(batch.length - count);
        this.#drop(batch.length - count, this.#trouble);
        return false;
      }
    }
    this.#trouble = null;
    return await this.#storeGap();
  }

  async #storeGap(): Promise<boolean> {
    const gap = this.#gap;
    if (gap === null) return true;
    this.#gap = null;
    try {
      await this.#parts.noteGap(gap);
      return true;
    } catch {
      this.#gap = joined(gap, this.#gap);
      return false;
    }
  }

  #batch(): DeliveryRow[] {
    const { maxBatchRows, maxBatchBytes } = this.#limits;
    const rows: DeliveryRow[] = [];
    let bytes = 0;
    for (const each of this.#waiting) {
      bytes += each.bytes;
      if (rows.length > 0 && (rows.length >= maxBatchRows || bytes > maxBatchBytes)) break;
      rows.push(toRow(each));
    }
    return rows;
  }

  #bodyOf({ delivery: { payload }, keepsBody }: Attempted): string | Buffer | null {
    return keepsBody && payload !== undefined && payload.bytes <= this.#limits.maxBodyBytes
      ? payload.body
      : null;
  }

  #remove(count: number): void {
    for (let removed = 0; removed < count; removed++) this.#waitingBytes -= this.#waiting.shift()?.bytes ?? 0;
  }

  #drop(count: number, reason: string): void {
    const atMs = this.#parts.wallMs();
    const gap = { count, firstAtMs: atMs, lastAtMs: atMs, reason };
    this.#gap = joined(this.#gap, gap);
    this.#untold = joined(this.#untold, gap);
    this.#running ??= this.#isOver ? null : this.#run().finally(() => (this.#running = null));
  }

  #tell(isLast: boolean): void {
    const gap = this.#untold;
    const nowMs = this.#parts.monotonicMs();
    if (gap === null || (!isLast && nowMs - this.#toldAtMs < tellEveryMs)) return;
    this.#toldAtMs = nowMs;
    this.#untold = null;
    this.#parts.onDropped(gap);
  }
}

function joined(before: Gap | null, after: Gap | null): Gap | null {
  if (before === null || after === null) return before ?? after;
  return { ...after, count: before.count + after.count, firstAtMs: before.firstAtMs };
}

// A row that waits keeps nothing in memory but what is counted: no body that is not written, and nothing of its transaction.
function withoutPayload({ webhook, position, table, type, keys }: LoggedDelivery): LoggedDelivery {
  return { webhook, position, table, ...(type && { type }), ...(keys && { keys }) };
}

function charactersOf(keys: Delivery['keys'] = []): number {
  return keys === 'all' ? 0 : keys.reduce((sum, { length }) => sum + length, 0);
}

function toRow({ attempted, body, bodyBytes, atUs }: Waiting): DeliveryRow {
  const { delivery, outcome, trace, keepsBody } = attempted;
  const { webhook, position, table, type = null } = delivery;
  return {
    atUs,
    uid: webhook.uid,
    webhookId: webhook.id,
    companyId: webhook.companyId,
    changeId: changeId(position),
    table,
    ...keysOf(delivery),
    type,
    ...attemptColumns({ outcome, trace, keepsBody }),
    bodyBytes,
    body,
  };
}

/** What came of an attempt, as its row has it. */
export function attemptColumns({
  outcome,
  trace,
  keepsBody,
}: Pick<Attempted, 'outcome' | 'trace' | 'keepsBody'>): AttemptColumns {
  return {
    outcome: outcome.kind,
    class: outcome.kind === 'failed' ? outcome.class : outcome.kind === 'dropped' ? outcome.reason : null,
    status: 'status' in outcome ? outcome.status : null,
    // Of a rejected one it is the beginning of the answer, which has a place of its own.
    detail:
      outcome.kind === 'failed' || outcome.kind === 'interrupted' ? singleLine(outcome.detail, 400) : null,
    dnsMs: trace?.dnsMs ?? null,
    connectMs: trace?.connectMs ?? null,
    tlsMs: trace?.tlsMs ?? null,
    firstByteMs: trace?.firstByteMs ?? null,
    totalMs: trace?.totalMs ?? null,
    answer: keepsBody ? answerText(trace?.answer ?? null) : null,
  };
}

// Of two keys an UPDATE has the new one first, also the side of it that joined a company; a row that moved between partitions, and one that
// left its company, has it last.
function keysOf({ keys, type, position }: LoggedDelivery): { key: string | null; oldKey: string | null } {
  if (keys === undefined || keys === 'all') return { key: null, oldKey: null };
  const isNewFirst = type === 'UPDATE' || position.part === 1;
  const own = isNewFirst ? keys[0] : keys.at(-1);
  const other = keys.find((key) => key !== own);
  return { key: keyOf(own), oldKey: keyOf(other) };
}

function keyOf(key: string | undefined): string | null {
  return key === undefined ? null : recordKey(key);
}

// The cut may lie inside a character; a zero byte is nothing that Postgres takes in a text.
function answerText(answer: Buffer | null): string | null {
  return answer === null ? null : withoutCut(answer.toString('utf8')).replaceAll('\0', '\ufffd');
}
