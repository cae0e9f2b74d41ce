/** The one place of the tests that lets time pass: asks again until a condition holds, or says what it waited for. */
import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
  /** Said when the time is over: what was expected, and what there was instead. */
  readonly describe: string | (() => string);
}

export const DEFAULT_TIMEOUT_MS = 20_000;

/** Resolves with the first result of `condition` that is neither false, null nor undefined. */
export async function waitUntil<T>(
  condition: () => T | Promise<T>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, intervalMs = 20, describe }: WaitOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const endsAt = Date.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result !== false && result !== null && result !== undefined) {
      return result as Exclude<T, false | null | undefined>;
    }
    if (Date.now() >= endsAt) {
      throw new Error(`waited ${timeoutMs} ms for ${typeof describe === 'string' ? describe : describe()}`);
    }
    await delay(intervalMs);
  }
}

/** Waits for a promise, but not for ever. */
export async function within<T>(
  promise: Promise<T>,
  { timeoutMs = DEFAULT_TIMEOUT_MS, describe }: WaitOptions,
): Promise<T> {
  const timer = new AbortController();
  const tooLate = delay(timeoutMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`waited ${timeoutMs} ms for ${typeof describe === 'string' ? describe : describe()}`);
  });
  try {
    return await Promise.race([promise, tooLate]);
  } finally {
    timer.abort();
    tooLate.catch(() => undefined);
  }
}
