// Rounds of two sides in turn, so that whatever slows the machine down for a while slows down both, and their summary.

export interface Round {
  readonly baseline: number;
  readonly ours: number;
}

export interface Sides {
  /** Measures once. */
  baseline(): number | Promise<number>;
  ours(): number | Promise<number>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One after the other; the first `warmUp` rounds are thrown away. */
export async function interleave(sides: Sides, count: { warmUp: number; rounds: number }): Promise<Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round < count.warmUp + count.rounds; round++) {
    rounds.push({ baseline: await sides.baseline(), ours: await sides.ours() });
  }
  return rounds.slice(count.warmUp);
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const low = sorted[Math.floor(middle)] ?? NaN;
  const high = sorted[Math.ceil(middle)] ?? NaN;
  return { median: (low + high) / 2, min: sorted[0] ?? NaN, max: sorted.at(-1) ?? NaN };
}
