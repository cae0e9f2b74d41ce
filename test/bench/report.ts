// The run's result for people and for machines.
import { machineText, type Machine } from './machine.ts';
import type { Figure, Limit, Measurement, Skipped } from './figure.ts';
import { spread, type Spread } from './rounds.ts';

export interface FigureReport {
  readonly name: string;
  /** Which part of the figure it is, when a figure has several. */
  readonly part?: string;
  readonly title: string;
  readonly unit: string;
  readonly baseline: Spread & { readonly what: string };
  readonly ours: Spread & { readonly what: string };
  /** Of each round, so that a slow moment of the machine is in both sides of it. */
  readonly ratio: Spread &
    Measurement['ratio'] & { readonly isWithinBudget?: boolean; readonly isWithinAim?: boolean };
  readonly rounds: number;
  readonly facts: Measurement['facts'];
}

export interface SkippedReport extends Skipped {
  readonly name: string;
  readonly title: string;
}

export type Report = FigureReport | SkippedReport;

export function figureReports(
  figure: Figure,
  result: Measurement | readonly Measurement[] | Skipped,
): Report[] {
  if ('skipped' in result) return [{ name: figure.name, title: figure.title, skipped: result.skipped }];
  return ('unit' in result ? [result] : result).map((part) => figureReport(figure, part));
}

export function figureReport({ name, title }: Figure, measurement: Measurement): FigureReport {
  const { part, unit, rounds, ratio, facts } = measurement;
  const ratios = rounds.map(({ baseline, ours }) =>
    ratio.of === 'baseline ÷ ours' ? baseline / ours : ours / baseline,
  );
  const summary = spread(ratios);
  const { budget, aim } = ratio;
  return {
    name,
    ...(part === undefined ? {} : { part }),
    title,
    unit,
    baseline: { what: measurement.baseline, ...spread(rounds.map(({ baseline }) => baseline)) },
    ours: { what: measurement.ours, ...spread(rounds.map(({ ours }) => ours)) },
    ratio: {
      ...summary,
      ...ratio,
      ...(budget === undefined ? {} : { isWithinBudget: isWithin(summary.median, budget) }),
      ...(aim === undefined ? {} : { isWithinAim: isWithin(summary.median, aim) }),
    },
    rounds: rounds.length,
    facts,
  };
}

function isWithin(value: number, limit: Limit): boolean {
  return 'atLeast' in limit ? value >= limit.atLeast : value <= limit.atMost;
}

export function reportText(machine: Machine, reports: readonly Report[]): string {
  return [machineText(machine), ...reports.map(figureText), summaryText(reports)].join('\n\n');
}

function figureText(report: Report): string {
  if ('skipped' in report) return `${report.name}: ${report.title}\n\nskipped: ${report.skipped}`;
  const { title, unit, baseline, ours, ratio, rounds, facts } = report;
  const table = alignedRows([
    ['', 'median', 'min', 'max', ''],
    [baseline.what, ...numbers(baseline), unit],
    [ours.what, ...numbers(ours), unit],
    [ratio.of, ...numbers(ratio), ratio.meaning],
  ]);
  const notes = Object.entries({ rounds: `${rounds}, the sides in turn`, ...facts });
  return [
    `${wholeName(report)}: ${title}`,
    '',
    ...table,
    '',
    ...notes.map(([key, value]) => `${key}: ${value}`),
  ].join('\n');
}

/** Every ratio in one table, with what it must reach and what it should. */
function summaryText(reports: readonly Report[]): string {
  const rows = reports.map((report) => {
    if ('skipped' in report) return [report.name, '', '', '', '', '', 'skipped'];
    const { ratio } = report;
    const verdict =
      ratio.isWithinBudget === undefined
        ? ''
        : ratio.isWithinAim === true
          ? 'aim met'
          : ratio.isWithinBudget
            ? 'budget met'
            : 'missed';
    return [wholeName(report), ...numbers(ratio), limitText(ratio.budget), limitText(ratio.aim), verdict];
  });
  return alignedRows([['ratio', 'median', 'min', 'max', 'budget', 'aim', ''], ...rows]).join('\n');
}

function wholeName({ name, part }: FigureReport): string {
  return part === undefined ? name : `${name}, ${part}`;
}

function limitText(limit: Limit | undefined): string {
  if (limit === undefined) return '';
  return 'atLeast' in limit ? `≥ ${limit.atLeast}` : `≤ ${limit.atMost}`;
}

function numbers({ median, min, max }: Spread): string[] {
  return [median, min, max].map((value) => (Math.abs(value) >= 1_000 ? value.toFixed(0) : value.toFixed(2)));
}

/** The first and the last column to the left, the others between them to the right. */
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
