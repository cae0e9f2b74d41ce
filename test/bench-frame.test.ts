// The frame of the benchmark; what it measures is nothing that a test could assert.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Figure, Measurement } from './bench/figure.ts';
import { figureNamed } from './bench/figures.ts';
import { chosenFigures } from './bench/flags.ts';
import { percentile } from './bench/percentile.ts';
import { figureReport, figureReports, reportText } from './bench/report.ts';
import { interleave, spread } from './bench/rounds.ts';

const bench = fileURLToPath(new URL('bench/bench.ts', import.meta.url));

const machine = {
  cpu: 'A CPU',
  cores: 2,
  memoryGiB: 4,
  system: 'Linux x64',
  node: '24.1.0',
  postgres: '18.4',
};

function figure(measurement: Partial<Measurement>): { figure: Figure; measurement: Measurement } {
  const whole: Measurement = {
    unit: 'µs per change',
    baseline: 'the other one',
    ours: 'ours',
    rounds: [
      { baseline: 10, ours: 2 },
      { baseline: 30, ours: 3 },
      { baseline: 12, ours: 2 },
    ],
    ratio: { meaning: 'times less time', of: 'baseline ÷ ours', budget: { atLeast: 4 } },
    facts: { changes: '7 INSERT' },
    ...measurement,
  };
  return {
    figure: { name: 'some', title: 'Some figure', measure: () => Promise.resolve(whole) },
    measurement: whole,
  };
}

test.each([
  { values: [3, 1, 2], expected: { median: 2, min: 1, max: 3 } },
  { values: [10, 9, 2, 1], expected: { median: 5.5, min: 1, max: 10 } },
  { values: [7], expected: { median: 7, min: 7, max: 7 } },
])('the median of $values is $expected.median', ({ values, expected }) => {
  expect(spread(values)).toEqual(expected);
});

test.each([
  { percent: 50, expected: 50 },
  { percent: 99, expected: 99 },
  { percent: 100, expected: 100 },
])('of 1 to 100, $percent in a hundred do not exceed $expected', ({ percent, expected }) => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  expect(percentile(values, percent)).toBe(expected);
});

test('both sides are measured in turn, and the rounds to warm up are left out', async () => {
  const order: string[] = [];
  const side = (name: string) => () => order.push(name);
  const rounds = await interleave(
    { baseline: side('baseline'), ours: side('ours') },
    { warmUp: 1, rounds: 2 },
  );
  expect(order).toEqual(['baseline', 'ours', 'baseline', 'ours', 'baseline', 'ours']);
  expect(rounds).toEqual([
    { baseline: 3, ours: 4 },
    { baseline: 5, ours: 6 },
  ]);
});

test('the ratio is that of each round, not that of the medians', () => {
  const { figure: some, measurement } = figure({});
  expect(figureReport(some, measurement)).toMatchObject({
    baseline: { median: 12, min: 10, max: 30 },
    ours: { median: 2, min: 2, max: 3 },
    ratio: { median: 6, min: 5, max: 10, isWithinBudget: true },
  });
});

test('a ratio beyond its budget is said to miss it', () => {
  const { figure: some, measurement } = figure({
    ratio: { meaning: 'as long', of: 'ours ÷ baseline', budget: { atMost: 0.1 } },
  });
  const report = figureReport(some, measurement);
  expect(report.ratio.isWithinBudget).toBe(false);
  expect(reportText(machine, [report])).toMatch(/≤ 0.1 +missed$/);
});

test.each([
  { aim: 6.5, says: 'budget met' },
  { aim: 6, says: 'aim met' },
])('a ratio of 6 with the aim $aim is said to have its $says', ({ aim, says }) => {
  const { figure: some, measurement } = figure({
    ratio: {
      meaning: 'times less time',
      of: 'baseline ÷ ours',
      budget: { atLeast: 4 },
      aim: { atLeast: aim },
    },
  });
  expect(
    reportText(machine, [figureReport(some, measurement)])
      .split('\n')
      .at(-1),
  ).toContain(says);
});

test('a ratio without a budget has no verdict', () => {
  const { figure: some, measurement } = figure({
    ratio: { meaning: 'as long', of: 'ours ÷ baseline' },
  });
  const report = figureReport(some, measurement);
  expect(report.ratio).not.toHaveProperty('isWithinBudget');
  expect(reportText(machine, [report])).not.toMatch(/met|missed/);
});

test('each part of a figure has a line of its own in the table at the end', () => {
  const { figure: some, measurement } = figure({});
  const parts = ['p50', 'p99'].map((part) => ({ ...measurement, part }));
  const lines = reportText(machine, figureReports(some, parts)).split('\n').slice(-2);
  expect(lines).toEqual([expect.stringMatching(/^some, p50 /), expect.stringMatching(/^some, p99 /)]);
});

test('a figure that lacks a tool is skipped with the words how to get it', () => {
  const { figure: some } = figure({});
  const reports = figureReports(some, { skipped: 'install pgbench' });
  expect(reports).toEqual([{ name: 'some', title: 'Some figure', skipped: 'install pgbench' }]);
  expect(reportText(machine, reports)).toContain('skipped: install pgbench');
});

test('sweeps run when they are asked for, and nothing else then', () => {
  const isSweep = (some: Figure): boolean => some.isSweep === true;
  expect(chosenFigures({}).filter(isSweep)).toEqual([]);
  expect(chosenFigures({ sweep: true }).filter((some) => !isSweep(some))).toEqual([]);
});

test('the report shows the machine and a table of both sides', () => {
  const { figure: some, measurement } = figure({});
  expect(reportText(machine, [figureReport(some, measurement)])).toBe(
    `A CPU, 2 cores, 4 GiB, Linux x64, Node 24.1.0, Postgres 18.4

some: Some figure

                 median    min    max
the other one     12.00  10.00  30.00  µs per change
ours               2.00   2.00   3.00  µs per change
baseline ÷ ours    6.00   5.00  10.00  times less time

rounds: 3, the sides in turn
changes: 7 INSERT

ratio  median   min    max  budget  aim
some     6.00  5.00  10.00     ≥ 4       budget met`,
  );
});

test('a figure is found by its name', () => {
  expect(figureNamed('encode').name).toBe('encode');
});

test('a name that no figure has is refused before anything is started, with the names that there are', async () => {
  const run = promisify(execFile)(process.execPath, [bench, '--only', 'encod']);
  await expect(run).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'There is no figure "encod". Did you mean encode? Known: encode',
    ) as string,
  });
});
