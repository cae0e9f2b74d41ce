// What a figure is: a comparison of ours with a baseline on the same machine, in the same run. Its ratio is what counts;
// the times beside it only say where the machine stands. No figure ever fails a run.
import type { Round } from './rounds.ts';

/** What ROWHOOK_DELIVERY_LOG says. */
export type DeliveryLog = 'all' | 'errors' | 'off';

export interface FigureContext {
  /** A superuser's connection string, of a Postgres that serves this run alone, with fsync on. */
  readonly postgresUrl: string;
  readonly rounds: number;
  /** Those that a figure about sending is measured with. */
  readonly logs: readonly DeliveryLog[];
}

export type Limit = { readonly atLeast: number } | { readonly atMost: number };

export interface Measurement {
  /** Which part of the figure it is, when a figure has several: `p99`, `log off`. */
  readonly part?: string;
  /** What the numbers of both sides are, such as `µs per change`. */
  readonly unit: string;
  readonly baseline: string;
  readonly ours: string;
  readonly rounds: readonly Round[];
  readonly ratio: {
    /** How it reads, such as `times faster`. */
    readonly meaning: string;
    readonly of: 'baseline ÷ ours' | 'ours ÷ baseline';
    /** What it must reach, and what it should: of the same kind. Without them it is there to look at. */
    readonly budget?: Limit;
    readonly aim?: Limit;
  };
  /** What was measured, one line each. */
  readonly facts: Readonly<Record<string, string>>;
}

/** What it lacks on this machine, and how to get it. */
export interface Skipped {
  readonly skipped: string;
}

export interface Figure {
  readonly name: string;
  readonly title: string;
  /** When the command line says nothing; 11 otherwise. Few for a figure whose rounds take long. */
  readonly rounds?: number;
  /** A table of rates over several settings, which runs only when it is asked for. */
  readonly isSweep?: boolean;
  measure(context: FigureContext): Promise<Measurement | readonly Measurement[] | Skipped>;
}
