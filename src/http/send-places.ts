// How many sends that callers ask for are under way: few in all, and of one company one at a time, so that nobody makes a cannon of them.
import { Problem } from './problem.ts';

const maxOfAll = 8;

export class SendPlaces {
  readonly #what: string;
  readonly #longestSeconds: number;
  readonly #companies = new Set<string>();
  #taken = 0;

  /** `what`: of a sentence that tells who comes too early, such as "test". */
  constructor(what: string, longestSeconds: number) {
    this.#what = what;
    this.#longestSeconds = longestSeconds;
  }

  /** `companyId`: whose token it is; null: the operator's. @throws {Problem} 429 when there is no place. */
  async use<T>(companyId: string | null, send: () => Promise<T>): Promise<T> {
    const isBusy = companyId !== null && this.#companies.has(companyId);
    if (isBusy || this.#taken >= maxOfAll) {
      const seconds = this.#longestSeconds;
      const detail = `Another ${this.#what} is under way; it takes ${seconds} seconds at most.`;
      throw new Problem(429, detail, { headers: { 'retry-after': String(seconds) } });
    }
    this.#taken += 1;
    if (companyId !== null) this.#companies.add(companyId);
    try {
      return await send();
    } finally {
      this.#taken -= 1;
      if (companyId !== null) this.#companies.delete(companyId);
    }
  }
}
