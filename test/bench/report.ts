// The run's result for people and for machines.
import { machineText, type Machine } from './machine.ts';
import type { Figure, Measurement } from './figure.ts';
import { spread, type Spread } from './rounds.ts';

export interface FigureReport {
  readonly name: string;
  readonly title: string;
  readonly unit: string;
  readonly baseline: Spread & { readonly what: string };
  readonly ours: Spread & { readonly what: string };
  /** Of each round, so that a slow moment of the machine is in both sides of it. */
  readonly ratio: Spread & Measurement['ratio'] & { readonly isWithinBudget: boolean };
  readonly rounds: number;
  readonly facts: Measurement['facts'];
}

export function figureReport({ name, title }: Figure, measurement: Measurement): FigureReport {
  const { unit, rounds, ratio, facts } = measurement;
  const ratios = rounds.map(({ baseline, ours }) =>
    ratio.of === 'baseline ÷ ours' ? baseline / ours : ours / baseline,
  );
  const summary = spread(ratios);
  const { budget } = ratio;
  const isWithinBudget =
    'atLeast' in budget ? summary.median >= budget.atLeast : summary.median <= budget.atMost;
  return {
    name,
    title,
    unit,
    baseline: { what: measurement.baseline, ...spread(rounds.map(({ baseline }) => baseline)) },
    ours: { what: measurement.ours, ...spread(rounds.map(({ ours }) => ours)) },
    ratio: { ...summary, ...ratio, isWithinBudget },
    rounds: rounds.length,
    facts,
  };
}

export function reportText(machine: Machine, reports: readonly FigureReport[]): string {
  return [machineText(machine), ...reports.map(figureText)].join('\n\n');
}

function figureText({ name, title, unit, baseline, ours, ratio, rounds, facts }: FigureReport): string {
  const { budget } = ratio;
  const limit = 'atLeast' in budget ? `budget ≥ ${budget.atLeast}` : `budget ≤ ${budget.atMost}`;
  const table = alignedRows([
    ['', 'median', 'min', 'max', ''],
    [baseline.what, ...numbers(baseline), unit],
    [ours.what, ...numbers(ours), unit],
    [ratio.of, ...numbers(ratio), `${ratio.meaning}, ${limit}: ${ratio.isWithinBudget ? 'met' : 'missed'}`],
  ]);
  const notes = Object.entries({ rounds: `${rounds}, the sides in turn`, ...facts });
  return [`${name}: ${title}`, '', ...table, '', ...notes.map(([key, value]) => `${key}: ${value}`)].join(
    '\n',
  );
}

function numbers({ median, min, max }: Spread): string[] {
  return [median, min, max].map((value) => value.toFixed(2));
}

/** The first and the last column to the left, the numbers between them to the right. */
function alignedRows(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}
