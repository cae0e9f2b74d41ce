// The benchmark measures what it says it does; how fast is no matter here.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeEach, expect, test } from 'vitest';
import { skipOnOtherMajors } from './support/test-postgres.ts';

beforeEach(skipOnOtherMajors);

test(
  'the encode figure is measured, and both sides have made every payload',
  { timeout: 180_000 },
  async () => {
    const run = promisify(execFile);
    const flags = ['--only', 'encode', '--rounds', '1', '--json'];
    const { stdout } = await run(process.execPath, ['test/bench/bench.ts', ...flags]);
    const report = JSON.parse(stdout) as { reports: { name: string; ratio: { median: number } }[] };
    expect(report.reports).toMatchObject([{ name: 'encode' }]);
    expect(report.reports[0]?.ratio.median).toBeGreaterThan(0);
  },
);
