/** Chance that can be repeated: the same seed gives the same choices. */

export interface Random {
  /** From 0 to below 1. */
  next(): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  /** One of the values; undefined when there is none. */
  pick<T>(values: readonly T[]): T | undefined;
  /** The same values in another order. */
  shuffle<T>(values: readonly T[]): T[];
}

/** Mulberry32: 32 bits of state, more than enough to choose a customer. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(values: readonly T[]): T | undefined => values[between(0, values.length - 1)];
  const shuffle = <T>(values: readonly T[]): T[] =>
    values
      .map((value) => ({ value, order: next() }))
      .sort((a, b) => a.order - b.order)
      .map(({ value }) => value);
  return { next, between, pick, shuffle };
}
