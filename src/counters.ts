// Claims and outcomes as increments per webhook, and the ledger's rows, until a fold writes them. Invariant: everything counted
// goes into exactly one fold.
import type { CounterIncrement, Loss } from './database/fold.ts';
import type { Delivery } from './delivery/delivery.ts';
import { describeOutcome, type Outcome } from './delivery/outcome.ts';
import { changeId, comparePositions, type Position } from './position.ts';

type Increment = { -readonly [K in keyof CounterIncrement]: CounterIncrement[K] };

type Finished = Pick<Delivery, 'webhook' | 'position' | 'table'>;

interface LossGroup {
  readonly row: Omit<Loss, 'count' | 'fromPosition' | 'toPosition'>;
  count: number;
  from: Position;
  to: Position;
}

export class Counters {
  #increments = new Map<bigint, Increment>();
  #losses = new Map<string, LossGroup>();

  get isEmpty(): boolean {
    return this.#increments.size === 0 && this.#losses.size === 0;
  }

  claimed(uid: bigint): void {
    this.#increment(uid).claimed += 1;
  }

  missed(uid: bigint): void {
    this.#increment(uid).missed += 1;
  }

  /** The outcome of a claimed delivery. Whatever got no answer also goes into the ledger. */
  finished({ webhook, position, table }: Finished, outcome: Outcome, at: Date): void {
    const increment = this.#increment(webhook.uid);
    if (outcome.kind === 'delivered') {
      increment.success += 1;
      increment.lastSuccessAt = at;
      return;
    }
    const detail = describeOutcome(outcome);
    increment.error += 1;
    // What is not sent for an open breaker says nothing of why it opened.
    if (outcome.kind !== 'dropped' || outcome.reason !== 'breaker_open') {
      increment.lastErrorAt = at;
      increment.lastError = detail;
    }
    const reason = lossReason(outcome);
    if (reason === null) return;
    const { uid, id: webhookId, companyId } = webhook;
    this.#lose(position, { uid, webhookId, companyId, tableName: table, reason, detail });
  }

  /** A change whose company the log does not carry. */
  undecidable(tableName: string, position: Position): void {
    const detail = 'the log does not carry the company column';
    const who = { uid: null, webhookId: null, companyId: null };
    this.#lose(position, { ...who, tableName, reason: 'undecidable', detail });
  }

  /** Everything counted since the last call. */
  take(): { counters: CounterIncrement[]; losses: Loss[] } {
    const counters = [...this.#increments.values()];
    const losses = [...this.#losses.values()].map(({ row, count, from, to }) => ({
      ...row,
      count,
      fromPosition: changeId(from),
      toPosition: changeId(to),
    }));
    this.#increments = new Map();
    this.#losses = new Map();
    return { counters, losses };
  }

  #increment(uid: bigint): Increment {
    let increment = this.#increments.get(uid);
    if (increment === undefined) {
      const zeros = { claimed: 0, success: 0, error: 0, missed: 0 };
      increment = { uid, ...zeros, lastSuccessAt: null, lastErrorAt: null, lastError: null };
      this.#increments.set(uid, increment);
    }
    return increment;
  }

  // One row per webhook, table and reason, with the range that it covers and the last detail.
  #lose(position: Position, row: LossGroup['row']): void {
    const key = `${row.uid ?? ''} ${row.reason} ${row.tableName ?? ''}`;
    const group = this.#losses.get(key);
    if (group === undefined) {
      this.#losses.set(key, { row, count: 1, from: position, to: position });
      return;
    }
    group.count += 1;
    if (comparePositions(position, group.from) < 0) group.from = position;
    if (comparePositions(position, group.to) > 0) group.to = position;
  }
}

// An answer, whatever it says, was received; the ledger is for what got none.
function lossReason(outcome: Outcome): string | null {
  switch (outcome.kind) {
    case 'delivered':
    case 'rejected':
      return null;
    case 'failed':
      return outcome.class;
    case 'interrupted':
      return 'interrupted';
    case 'dropped':
      return outcome.reason;
  }
}
