// When to fold: about once a second while there is something, never when idle. It also keeps which journal entries the floor has
// passed, so that only those leave the journal.
import type { BacklogSizeNow, ConfigurationVersion, FoldInput } from './database/fold.ts';
import type { JournalEntry } from './database/journal-body.ts';
import type { Counters } from './counters.ts';
import type { BreakerNow } from './delivery/breaker.ts';
import { Fifo } from './fifo.ts';
import { comparePositions, isAtOrBelow, type FloorPosition, type Position } from './position.ts';
import type { Floor, UnsettledTransaction } from './replication/floor.ts';

export interface FoldingParts {
  readonly counters: Counters;
  readonly floor: Floor;
  /** The last seq that is folded already. */
  readonly foldedSeq: number;
  /** Those that changed since they were last asked for. */
  backlogSizes(): readonly BacklogSizeNow[];
  breakers(): readonly BreakerNow[];
  fold(input: FoldInput): Promise<void>;
  /** Fenced, or a bug. */
  onFailure(error: unknown): void;
}

interface Appended {
  readonly seq: number;
  readonly last: Position;
  /** Claims of it that are on their way. Until they are answered it stays: after a crash the ledger tells their range from it. */
  unanswered: number;
}

interface UnstoredConfiguration {
  readonly versions: readonly ConfigurationVersion[];
  readonly transaction: UnsettledTransaction;
}

const everyMs = 900;

export class Folding {
  readonly #parts: FoldingParts;
  readonly #appended = new Fifo<Appended>();
  readonly #unanswered = new Map<number, Appended>();
  #configuration: UnstoredConfiguration[] = [];
  #foldedSeq: number;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | null = null;

  constructor(parts: FoldingParts) {
    this.#parts = parts;
    this.#foldedSeq = parts.foldedSeq;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.#running ??= this.#foldIfNeeded()
        .catch((error: unknown) => {
          clearInterval(this.#timer);
          this.#parts.onFailure(error);
        })
        .finally(() => {
          this.#running = null;
        });
    }, everyMs);
  }

  /** In order of seq, also those found at a takeover, of which nothing is on its way. */
  appended(seq: number, entries: readonly JournalEntry[], unanswered = 0): void {
    let last: Position | undefined;
    for (const { position } of entries) {
      if (last === undefined || comparePositions(position, last) > 0) last = position;
    }
    this.#foldedSeq = Math.max(this.#foldedSeq, seq);
    if (last === undefined) return;
    const appended = { seq, last, unanswered };
    this.#appended.push(appended);
    if (unanswered > 0) this.#unanswered.set(seq, appended);
  }

  /** One of the claims that were appended under this seq has its outcome. */
  answered(seq: number): void {
    const appended = this.#unanswered.get(seq);
    if (appended === undefined) return;
    appended.unanswered -= 1;
    if (appended.unanswered === 0) this.#unanswered.delete(seq);
  }

  /** Versions to store; the floor waits at their transaction until they are. */
  configurationChanged(versions: readonly ConfigurationVersion[], transaction: UnsettledTransaction): void {
    this.#configuration.push({ versions, transaction });
  }

  /** Folds no more, because another process has taken over. */
  abandon(): void {
    clearInterval(this.#timer);
  }

  /** The last fold: whatever is left. Rejects when it cannot be written. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
    await this.#foldIfNeeded();
    // What the first one stored may let the floor pass more of the journal.
    await this.#foldIfNeeded();
  }

  async #foldIfNeeded(): Promise<void> {
    const { counters, floor, fold, backlogSizes, breakers } = this.#parts;
    const position = floor.position;
    const trimSeq = this.#trimmable(position);
    const sizes = backlogSizes();
    const changed = breakers();
    if (
      counters.isEmpty &&
      sizes.length + changed.length === 0 &&
      this.#configuration.length === 0 &&
      trimSeq === 0
    )
      return;
    const configuration = this.#configuration;
    this.#configuration = [];
    await fold({
      ...counters.take(),
      sizes,
      breakers: changed,
      versions: configuration.flatMap(({ versions }) => versions),
      floor: position,
      foldedSeq: this.#foldedSeq,
      trimSeq,
    });
    for (const { transaction } of configuration) floor.configurationStored(transaction);
  }

  #trimmable(floor: FloorPosition): number {
    let trimSeq = 0;
    for (;;) {
      const head = this.#appended.head;
      if (head === undefined || head.unanswered > 0) return trimSeq;
      if (!isAtOrBelow(head.last.commitLsn, head.last.index, floor)) return trimSeq;
      trimSeq = head.seq;
      this.#appended.shift();
    }
  }
}
