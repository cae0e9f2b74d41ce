// Keeps the gate less than a second behind the table: from the log while that is current, by looking at the rows while it is not
// (a long queue, a reader that is held, a burst). When nothing waits to be sent, nothing is asked.
import type { Poll } from './gate.ts';

export interface GateWatchParts {
  /** Deliveries that are not claimed yet. */
  waiting(): number;
  waitingUids(): readonly bigint[];
  oldestReadAtMs(): number;
  isReaderHeld(): boolean;
  /** How old the newest transaction read was when it was read. */
  lagMs(): number;
  poll(uids: readonly bigint[] | null): Promise<Poll>;
  learn(poll: Poll): void;
  onTrouble(error: unknown): void;
  now(): number;
}

const tickMs = 250;
const behindAfterMs = 500;
const pollEveryMs = 500;
const staleAfterMs = 1_000;

export class GateWatch {
  readonly #parts: GateWatchParts;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #polledAt = -Infinity;
  #newsAt = -Infinity;
  #polling: Promise<void> | null = null;
  /** As of the last measurement: looking through all lanes at every claim would cost more than the claim. */
  #isWaitingLong = false;

  constructor(parts: GateWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.measure();
      if (this.#isBehind() && this.#parts.now() - this.#polledAt >= pollEveryMs) void this.#poll();
    }, tickMs);
  }

  /** How old is what waits? On a timer, and when something old begins to wait. */
  measure(): void {
    const { now, waiting, oldestReadAtMs } = this.#parts;
    this.#isWaitingLong = waiting() > 0 && now() - oldestReadAtMs() > behindAfterMs;
  }

  /** Nobody waits for a look any more. */
  stop(): void {
    clearInterval(this.#timer);
    this.#isStopped = true;
  }

  /** The log tells of a webhook that the gate does not know: no look until now says whether it is still there. */
  lookAgain(): void {
    this.#newsAt = this.#parts.now();
  }

  /** Resolves at once unless the log is behind and the last look is over a second old, or older than the log's news. */
  async fresh(): Promise<void> {
    while (!this.#isStopped && this.#isBehind() && !this.#hasLooked()) await this.#poll();
  }

  #hasLooked(): boolean {
    return this.#polledAt > this.#newsAt && this.#parts.now() - this.#polledAt < staleAfterMs;
  }

  #isBehind(): boolean {
    const { waiting, lagMs, isReaderHeld } = this.#parts;
    return waiting() > 0 && (isReaderHeld() || lagMs() > behindAfterMs || this.#isWaitingLong);
  }

  async #poll(): Promise<void> {
    this.#polling ??= this.#look().finally(() => (this.#polling = null));
    await this.#polling;
  }

  async #look(): Promise<void> {
    const { now, lagMs, isReaderHeld, waitingUids, poll, learn, onTrouble } = this.#parts;
    const startedAt = now();
    const everything = isReaderHeld() || lagMs() > behindAfterMs;
    try {
      learn(await poll(everything ? null : waitingUids()));
      this.#polledAt = startedAt;
    } catch (error) {
      onTrouble(error);
      // Nothing can be claimed either while the database is away.
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
