// `npm run bench`: measures figures one after another on this machine, in a Postgres of its own. Never a test: the exit code says
// whether it ran, not whether it was fast.
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { chosenFigures, parseFlags } from './flags.ts';
import { describeMachine } from './machine.ts';
import { figureReports, reportText, type Report } from './report.ts';

const defaultRounds = 11;

const flags = parseFlags(process.argv);
await using postgres = await startEmbeddedPostgres({
  dataDir: join(tmpdir(), `rowhook-bench-${randomUUID()}`),
  persistent: false,
  log: (line) => process.stderr.write(`${line}\n`),
});
const machine = await describeMachine(postgres.url);
const reports: Report[] = [];
for (const figure of chosenFigures(flags)) {
  const beganAt = performance.now();
  process.stderr.write(`measuring ${figure.name} …`);
  const context = {
    postgresUrl: postgres.url,
    rounds: flags.rounds ?? figure.rounds ?? defaultRounds,
    logs: flags.log ?? (['all', 'errors', 'off'] as const),
  };
  // The others are worth having without it.
  const result = await figure.measure(context).catch((error: unknown) => {
    process.exitCode = 1;
    return {
      skipped: `it failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    };
  });
  process.stderr.write(` ${Math.round((performance.now() - beganAt) / 1000)} s\n`);
  reports.push(...figureReports(figure, result));
}
process.stdout.write(
  flags.json === true
    ? `${JSON.stringify({ machine, reports }, null, 2)}\n`
    : `${reportText(machine, reports)}\n`,
);
