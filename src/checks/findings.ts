// What the checks found and a log has not been told yet: each finding once, and again only after it had gone.
import type { Check } from './check.ts';

export class Findings {
  #told = new Set<string>();

  /** Those that are not ok and were not there at the last call. */
  news(checks: readonly Check[]): readonly Check[] {
    const found = new Map(
      checks.filter(({ status }) => status !== 'ok').map((check) => [keyOf(check), check]),
    );
    const news = [...found].filter(([key]) => !this.#told.has(key)).map(([, check]) => check);
    this.#told = new Set(found.keys());
    return news;
  }
}

// Details count bytes and ages, which change all the time; what to do stays the same.
function keyOf({ check, status, remedy }: Check): string {
  return JSON.stringify([check, status, remedy]);
}
