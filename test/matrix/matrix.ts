// `npm run test:matrix`: the tests that need no Postgres once, the others on each major from npm, one after the other. Ends with a
// table, and with exit code 1 when anything is red.
import { constants } from 'node:os';
import { parseFlags } from './flags.ts';
import { runProject, type ProjectRun } from './run-project.ts';
import { isGreen, summaryText, type MatrixRow } from './summary.ts';

if (process.env['TEST_DATABASE_URL']) {
  throw new Error('TEST_DATABASE_URL names one Postgres, the matrix starts one of each major: unset it.');
}
const { majors, files, workers } = parseFlags(process.argv);
const runs = [
  { title: 'unit', project: 'unit', major: undefined },
  ...majors.map((major) => ({ title: major, project: 'pg', major }) as const),
] as const;

const rows: MatrixRow[] = [];
let running = '';
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    rows.push({ title: running, result: new Error('interrupted') });
    process.stdout.write(`\n${summaryText(rows)}\n`);
    process.exit(128 + constants.signals[signal]);
  });
}
for (const { title, project, major } of runs) {
  running = title;
  process.stdout.write(`\n${major === undefined ? 'Tests that need no Postgres' : `Postgres ${major}`}\n`);
  // For the global setup, and for what the tests start themselves.
  if (major !== undefined) process.env['TEST_POSTGRES'] = major;
  const result = await resultOf({ project, files, workers });
  rows.push({ title, result });
  if (!(result instanceof Error) && result.isInterrupted) break;
}
process.stdout.write(`\n${summaryText(rows)}\n`);
process.exitCode = isGreen(rows) ? 0 : 1;

async function resultOf(run: ProjectRun): Promise<MatrixRow['result']> {
  try {
    return await runProject(run);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
