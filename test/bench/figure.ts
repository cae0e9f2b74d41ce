// What a figure is: one comparison of ours with a baseline on the same machine, in the same run. Its ratio is what counts;
// the times beside it only say where the machine stands. No figure ever fails a run.
import type { Round } from './rounds.ts';

export interface FigureContext {
  /** A superuser's connection string, of a Postgres that serves this run alone. */
  readonly postgresUrl: string;
  readonly rounds: number;
}

export interface Measurement {
  /** What the numbers of both sides are, such as `µs per change`. */
  readonly unit: string;
  readonly baseline: string;
  readonly ours: string;
  readonly rounds: readonly Round[];
  readonly ratio: {
    /** How it reads, such as `times faster`. */
    readonly meaning: string;
    readonly of: 'baseline ÷ ours' | 'ours ÷ baseline';
    readonly budget: { readonly atLeast: number } | { readonly atMost: number };
  };
  /** What was measured, one line each. */
  readonly facts: Readonly<Record<string, string>>;
}

export interface Figure {
  readonly name: string;
  readonly title: string;
  measure(context: FigureContext): Promise<Measurement>;
}
