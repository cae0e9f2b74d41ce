/** What is printed at the end of `npm run test:matrix`, and whether it was green: a test without a result is none that passed. */

export interface RunResult {
  readonly files: number;
  readonly passed: number;
  /** Names, with their file. */
  readonly failed: readonly string[];
  readonly skipped: readonly SkippedTest[];
  /** Of the run as a whole, belonging to no test. */
  readonly unhandledErrors: number;
  readonly isInterrupted: boolean;
  /** As the runner says, which knows more than the tests do: of a Postgres that did not start. */
  readonly isRed: boolean;
  readonly seconds: number;
  /** The server's version; undefined where no file needed one. */
  readonly postgres?: string | undefined;
}

export interface SkippedTest {
  readonly file: string;
  readonly name: string;
  readonly reason: string;
}

export interface MatrixRow {
  /** What ran: `unit`, or the major. */
  readonly title: string;
  /** Or why there is none: Postgres could not be installed or started. */
  readonly result: RunResult | Error;
}

export function isGreen(rows: readonly MatrixRow[]): boolean {
  return rows.every(({ result }) => problemsOf(result).length === 0) && rows.some(hasTests);
}

function hasTests({ result }: MatrixRow): boolean {
  return !(result instanceof Error) && result.passed > 0;
}

function problemsOf(result: RunResult | Error): string[] {
  if (result instanceof Error) return [result.message];
  const problems = [
    ...result.failed,
    ...(result.unhandledErrors > 0 ? [`errors outside of the tests: ${result.unhandledErrors}`] : []),
    ...(result.isInterrupted ? ['interrupted'] : []),
  ];
  return result.isRed && problems.length === 0 ? ['the run as a whole, see above'] : problems;
}

export function summaryText(rows: readonly MatrixRow[]): string {
  const lines = [
    ...table([['', 'Postgres', 'files', 'passed', 'failed', 'skipped', 'seconds'], ...rows.map(cellsOf)]),
    ...section('Failed', rows, ({ result }) => problemsOf(result)),
    ...section('Skipped', rows, ({ result }) =>
      result instanceof Error ? [] : skippedLines(result.skipped),
    ),
    '',
    isGreen(rows) ? 'Green.' : rows.some(hasTests) ? 'Red.' : 'Red: no test passed.',
  ];
  return lines.join('\n');
}

/** One line for each reason in a file. */
function skippedLines(skipped: readonly SkippedTest[]): string[] {
  const groups = Map.groupBy(skipped, ({ file, reason }) => `${file}\n${reason}`);
  return [...groups.values()].map((tests) => {
    const [{ file, name, reason } = { file: '', name: '', reason: '' }] = tests;
    return `${file} > ${tests.length === 1 ? name : `${tests.length} tests`}: ${reason}`;
  });
}

function cellsOf({ title, result }: MatrixRow): string[] {
  if (result instanceof Error) return [title, '?', '0', '0', '?', '0', '0'];
  const { files, passed, failed, skipped, seconds, postgres } = result;
  const counts = [files, passed, failed.length, skipped.length, Math.round(seconds)];
  return [title, postgres ?? '-', ...counts.map(String)];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
}

function section(
  title: string,
  rows: readonly MatrixRow[],
  linesOf: (row: MatrixRow) => readonly string[],
): string[] {
  const lines = rows.flatMap((row) => linesOf(row).map((line) => `  ${row.title}: ${line}`));
  return lines.length === 0 ? [] : ['', `${title}:`, ...lines];
}
