/** `rowhook status`: one look at everything that must hold, each line that is not ok with its remedy. Changes nothing. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Status } from '../checks/status-report.ts';
import { ExitError } from '../exit-error.ts';
import type { Backend } from './backend/backend.ts';
import { addBackendOption, openBackend, type BackendOptions } from './backend/open.ts';
import { failOnFailedChecks } from './checks.ts';
import { addExample, addJsonOption } from './context.ts';
import type { CliContext } from './context.ts';
import { formatGroups, formatJson, type Terminal } from './output.ts';

interface Options extends BackendOptions {
  readonly json?: true;
  readonly watch?: true;
}

const watchEveryMs = 2_000;
const clearScreen = '\u001b[2J\u001b[H';

export function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .description(
      'check server, slot, publication, tables, webhooks and losses; exit code 1 when a check fails',
    )
    .option('--watch', 'look again every two seconds, until Ctrl-C')
    .action(async (options: Options) => {
      const backend = openBackend(context, options);
      if (options.watch === true) {
        await watch(backend, options.json === true, context);
        return;
      }
      const status = await backend.status();
      context.write(options.json === true ? formatJson(status) : formatStatus(status, context));
      failOnFailedChecks(status.checks);
    });
  addJsonOption(addBackendOption(command));
  addExample(command, 'rowhook status', 'rowhook status --watch', 'rowhook status --json');
}

function formatStatus({ checks }: Status, terminal: Terminal): string {
  const titles = [...new Set(checks.map(({ group }) => group))];
  const groups = titles.map((title) => ({ title, checks: checks.filter(({ group }) => group === title) }));
  return formatGroups(groups, terminal);
}

// Over what was shown before where it is a terminal, one after the other elsewhere; as JSON a line each. What is away now is looked for again.
async function watch(backend: Backend, isJson: boolean, context: CliContext): Promise<void> {
  const stop = context.stopSignal();
  const stopped = new Promise<null>((done) => {
    stop.addEventListener('abort', () => done(null));
  });
  const clear = context.columns === undefined ? '' : clearScreen;
  while (!stop.aborted) {
    try {
      // A look that hangs does not keep anybody from leaving.
      const status = await Promise.race([backend.status(), stopped]);
      if (status === null) return;
      if (isJson) context.write(JSON.stringify(status));
      else context.write(`${clear}${new Date().toISOString()}\n\n${formatStatus(status, context)}\n`);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      context.warn(`${new Date().toISOString()} ${error.message}`);
    }
    await pause(watchEveryMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
