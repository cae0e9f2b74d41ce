/**
 * Who may use one of the API's connections now: companies share most of them, a single company has a part of those, and a few are the
 * operator's alone. Invariant: nobody waits for a place longer than the limit, and no company's slow or many reads take what others need.
 */
import { ExitError } from '../exit-error.ts';

export interface PlaceLimits {
  readonly ofCompanies: number;
  readonly ofOneCompany: number;
  readonly ofOperators: number;
  /** For a place. */
  readonly waitMs: number;
  /** Of each company; whoever comes when so many of its requests wait is turned away at once, and likewise the operator. */
  readonly maxWaitingOfOneCompany: number;
  readonly maxWaitingOfOperators: number;
}

interface Waiting {
  readonly companyId: string | null;
  readonly enter: () => void;
}

export class ConnectionPlaces {
  readonly #limits: PlaceLimits;
  /** By company; null: operators. */
  readonly #taken = new Map<string | null, number>();
  readonly #waiting = new Set<Waiting>();

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** `companyId` null: an operator. @throws {ExitError} when no place gets free in time. */
  async use<T>(companyId: string | null, action: () => Promise<T>): Promise<T> {
    await this.#enter(companyId);
    try {
      return await action();
    } finally {
      this.#leave(companyId);
    }
  }

  async #enter(companyId: string | null): Promise<void> {
    if (this.#isFree(companyId)) {
      this.#take(companyId);
      return;
    }
    const { waitMs, maxWaitingOfOneCompany, maxWaitingOfOperators } = this.#limits;
    const waitingToo = [...this.#waiting].filter((each) => each.companyId === companyId).length;
    const maxWaiting = companyId === null ? maxWaitingOfOperators : maxWaitingOfOneCompany;
    if (waitingToo >= maxWaiting) throw busy();
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const waiting = { companyId, enter: () => resolve(undefined) };
    this.#waiting.add(waiting);
    const late = setTimeout(() => {
      this.#waiting.delete(waiting);
      reject(busy());
    }, waitMs);
    await promise.finally(() => {
      clearTimeout(late);
    });
  }

  #leave(companyId: string | null): void {
    const left = (this.#taken.get(companyId) ?? 0) - 1;
    if (left > 0) this.#taken.set(companyId, left);
    else this.#taken.delete(companyId);
    for (const waiting of this.#waiting) {
      if (!this.#isFree(waiting.companyId)) continue;
      this.#waiting.delete(waiting);
      this.#take(waiting.companyId);
      waiting.enter();
    }
  }

  #take(companyId: string | null): void {
    this.#taken.set(companyId, (this.#taken.get(companyId) ?? 0) + 1);
  }

  #isFree(companyId: string | null): boolean {
    const { ofCompanies, ofOneCompany, ofOperators } = this.#limits;
    const own = this.#taken.get(companyId) ?? 0;
    if (companyId === null) return own < ofOperators;
    const all = [...this.#taken.values()].reduce((sum, taken) => sum + taken, 0);
    return own < ofOneCompany && all - (this.#taken.get(null) ?? 0) < ofCompanies;
  }
}

function busy(): ExitError {
  return new ExitError('every connection for requests like this one is in use', {
    exitCode: 1,
    refusal: 'busy',
  });
}
