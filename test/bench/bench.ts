// `npm run bench`: measures figures one after another on this machine, in a Postgres of its own. Never a test: the exit code says
// whether it ran, not whether it was fast.
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { figures } from './figures.ts';
import { parseFlags } from './flags.ts';
import { describeMachine } from './machine.ts';
import { figureReport, reportText, type FigureReport } from './report.ts';

const { only: chosen = figures, rounds, json: isJson = false } = parseFlags(process.argv);
await using postgres = await startEmbeddedPostgres({
  dataDir: join(tmpdir(), `rowhook-bench-${randomUUID()}`),
  persistent: false,
  log: (line) => process.stderr.write(`${line}\n`),
});
const machine = await describeMachine(postgres.url);
const reports: FigureReport[] = [];
for (const figure of chosen) {
  if (!isJson) process.stderr.write(`measuring ${figure.name} …\n`);
  reports.push(figureReport(figure, await figure.measure({ postgresUrl: postgres.url, rounds })));
}
process.stdout.write(
  isJson ? `${JSON.stringify({ machine, reports }, null, 2)}\n` : `${reportText(machine, reports)}\n`,
);
