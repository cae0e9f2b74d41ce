// What is being sent for callers that wait for it. Invariant: once the service stops nothing more is begun, and what is out is waited for, its answer too, but
// no longer than a POST may take and its outcome to be written.
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from './problem.ts';

const endWithinMs = 11_000;

export class Sends implements AsyncDisposable {
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<unknown>>();

  /** Aborts at a stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  stop(): void {
    this.#stopping.abort();
  }

  /** `answer` resolves when the caller has it. @throws {Problem} 503 once the service stops. */
  async run<T>(answer: () => Promise<T>): Promise<T> {
    if (this.stopping.aborted) {
      const detail = 'The service is stopping, and sends nothing more: ask again in a moment.';
      throw new Problem(503, detail, { headers: { 'retry-after': '2' } });
    }
    const result = answer();
    this.#underWay.add(result);
    try {
      return await result;
    } finally {
      this.#underWay.delete(result);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    const ended = Promise.allSettled(this.#underWay);
    await Promise.race([ended, pause(endWithinMs, undefined, { ref: false })]);
  }
}
