// What the checks found and a log has not been told yet: each finding once, and again only after it had gone.
import type { Check } from './check.ts';

export interface FindingNews {
  readonly found: readonly Check[];
  /** As they were when they were found. */
  readonly mended: readonly Check[];
}

export class Findings {
  #told: ReadonlyMap<string, Check> = new Map();

  /** How what is not ok differs from the last call. */
  news(checks: readonly Check[]): FindingNews {
    const before = this.#told;
    const now = new Map(
      checks
        .filter(({ status }) => status !== 'ok')
        .map((check) => [keyOf(check), before.get(keyOf(check)) ?? check]),
    );
    this.#told = now;
    return { found: onlyIn(now, before), mended: onlyIn(before, now) };
  }
}

function onlyIn(one: ReadonlyMap<string, Check>, other: ReadonlyMap<string, Check>): Check[] {
  return [...one].filter(([key]) => !other.has(key)).map(([, check]) => check);
}

// Details count bytes and ages, which change all the time; what to do stays the same.
function keyOf({ check, status, remedy }: Check): string {
  return JSON.stringify([check, status, remedy]);
}
