// How long to wait before the next attempt at something that may heal by itself.

const firstMs = 100;
const longestMs = 5_000;

/** Doubles from 100 ms up to 5 s, with up to a fifth of jitter so that several processes do not knock together. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const base = Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 10));
  return Math.round(base * (0.8 + 0.2 * random()));
}
