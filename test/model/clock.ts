// Time that a schedule moves: timers, immediates and both clocks stand still until it says so. Invariant: after `settle` nothing is left
// to run but what waits for time, or for an answer that the schedule has not given.
import { vi } from 'vitest';

interface Timer {
  readonly everyMs: number | null;
  atMs: number;
  run(): void;
}

const turn = setImmediate;
/** Any moment will do. */
const wallAtStartMs = Date.UTC(2026, 0, 1);

export class Clock implements Disposable {
  nowMs = 0;
  readonly #timers = new Map<number, Timer>();
  #immediates: (() => void)[] = [];
  #lastTimer = 0;

  constructor() {
    const set = (isRepeated: boolean) => (run: () => void, ms: number) => this.#set(run, ms, isRepeated);
    const clear = (id: number | undefined): void => {
      if (id !== undefined) this.#timers.delete(id);
    };
    vi.stubGlobal('setTimeout', set(false));
    vi.stubGlobal('setInterval', set(true));
    vi.stubGlobal('clearTimeout', clear);
    vi.stubGlobal('clearInterval', clear);
    vi.stubGlobal('setImmediate', (run: () => void) => this.#immediates.push(run));
    vi.stubGlobal('performance', { now: () => this.nowMs });
    vi.spyOn(Date, 'now').mockImplementation(() => this.wallMs);
  }

  get wallMs(): number {
    return wallAtStartMs + this.nowMs;
  }

  /** Runs everything that can run without time passing. */
  async settle(): Promise<void> {
    do {
      const immediates = this.#immediates;
      this.#immediates = [];
      for (const run of immediates) run();
      await new Promise((resolve) => turn(resolve));
    } while (this.#immediates.length > 0);
  }

  async pass(ms: number): Promise<void> {
    const until = this.nowMs + ms;
    for (let next = this.#next(until); next !== null; next = this.#next(until)) {
      const [id, timer] = next;
      this.nowMs = timer.atMs;
      if (timer.everyMs === null) this.#timers.delete(id);
      else timer.atMs += timer.everyMs;
      timer.run();
      await this.settle();
    }
    this.nowMs = until;
  }

  [Symbol.dispose](): void {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  }

  #set(run: () => void, ms: number, isRepeated: boolean): number {
    this.#lastTimer += 1;
    this.#timers.set(this.#lastTimer, { atMs: this.nowMs + ms, everyMs: isRepeated ? ms : null, run });
    return this.#lastTimer;
  }

  #next(until: number): [number, Timer] | null {
    let next: [number, Timer] | null = null;
    for (const [id, timer] of this.#timers) {
      if (timer.atMs <= until && (next === null || timer.atMs < next[1].atMs)) next = [id, timer];
    }
    return next;
  }
}
