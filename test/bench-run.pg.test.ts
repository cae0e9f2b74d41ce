// The benchmark measures what it says it does; how fast is no matter here.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

test('the encode figure is measured, and both sides have made every payload', async () => {
  const run = promisify(execFile);
  const flags = ['--only', 'encode', '--rounds', '1', '--json'];
  const { stdout } = await run(process.execPath, ['test/bench/bench.ts', ...flags]);
  const report = JSON.parse(stdout) as { reports: { name: string; ratio: { median: number } }[] };
  expect(report.reports).toMatchObject([{ name: 'encode' }]);
  expect(report.reports[0]?.ratio.median).toBeGreaterThan(0);
});
