import { expect, test } from 'vitest';
import { isGreen, summaryText, type MatrixRow, type RunResult } from './summary.ts';

const passed: RunResult = {
  files: 2,
  passed: 70,
  failed: [],
  skipped: [],
  unhandledErrors: 0,
  isInterrupted: false,
  isRed: false,
  seconds: 1.2,
};

function pg(major: number, result: Partial<RunResult> | Error): MatrixRow {
  return {
    title: String(major),
    result: result instanceof Error ? result : { ...passed, postgres: `${major}.4`, ...result },
  };
}

test('a green matrix is a table and a word', () => {
  const rows = [{ title: 'unit', result: passed }, pg(14, { files: 93, passed: 612, seconds: 301.7 })];
  expect(isGreen(rows)).toBe(true);
  expect(summaryText(rows)).toBe(
    [
      '      Postgres  files  passed  failed  skipped  seconds',
      'unit  -             2      70       0        0        1',
      '14    14.4         93     612       0        0      302',
      '',
      'Green.',
    ].join('\n'),
  );
});

test('a test that is skipped is named with its reason, many of a file are counted, and none makes the matrix red', () => {
  const [file, reason] = ['a.pg.test.ts', 'came with 18'];
  const skipped = [
    { file, name: 'a virtual column', reason },
    { file: 'b.pg.test.ts', name: 'one', reason },
    { file: 'b.pg.test.ts', name: 'two', reason },
  ];
  const rows = [pg(14, { skipped })];
  expect(isGreen(rows)).toBe(true);
  expect(summaryText(rows)).toContain(
    '\nSkipped:\n  14: a.pg.test.ts > a virtual column: came with 18\n  14: b.pg.test.ts > 2 tests: came with 18\n',
  );
});

test.each<readonly [string, Partial<RunResult> | Error, string]>([
  ['a test that failed', { failed: ['a.pg.test.ts > holds'] }, '14: a.pg.test.ts > holds'],
  ['an error outside of the tests', { unhandledErrors: 2 }, '14: errors outside of the tests: 2'],
  [
    'a Postgres that did not start',
    { files: 0, passed: 0, isRed: true },
    '14: the run as a whole, see above',
  ],
  ['a run that was interrupted', { isInterrupted: true }, '14: interrupted'],
  ['a Postgres that could not be installed', new Error('npm install failed'), '14: npm install failed'],
])('%s makes it red, and is named', (_, result, line) => {
  const rows = [pg(14, result), pg(18, passed)];
  expect(isGreen(rows)).toBe(false);
  expect(summaryText(rows)).toContain(`\nFailed:\n  ${line}\n\nRed.`);
});

test('a matrix in which no test passed is red', () => {
  const rows = [pg(14, { files: 0, passed: 0 })];
  expect(isGreen(rows)).toBe(false);
  expect(summaryText(rows)).toMatch(/Red: no test passed\.$/);
});
