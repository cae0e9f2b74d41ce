/** `rowhook status`: one look at everything that must hold, each line that is not ok with its remedy. Changes nothing. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { flatChecks, readGroups, readLeading, toStatus } from '../checks/status-report.ts';
import type { CheckGroup } from '../checks/run-checks.ts';
import type { Config } from '../config.ts';
import { withClient } from '../database/with-client.ts';
import { ExitError } from '../exit-error.ts';
import { failOnFailedChecks } from './checks.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatGroups, formatJson } from './output.ts';

interface Look {
  readonly groups: readonly CheckGroup[];
  readonly leading: object;
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
    .action(async (options: { readonly json?: true; readonly watch?: true }) => {
      const config = readConfiguration(context);
      if (options.watch === true) {
        await watch(config, options.json === true, context);
        return;
      }
      const { groups, leading } = await look(config);
      context.write(
        options.json === true ? formatJson(toStatus(groups, leading)) : formatGroups(groups, context.columns),
      );
      failOnFailedChecks(flatChecks(groups));
    });
  addJsonOption(command);
  addExample(command, 'rowhook status', 'rowhook status --watch', 'rowhook status --json');
}

async function look({ databaseUrl, slot }: Config): Promise<Look> {
  return await withClient({ databaseUrl }, async (client) => ({
    groups: await readGroups(client, slot),
    leading: await readLeading(client, slot),
  }));
}

// Over what was shown before where it is a terminal, one after the other elsewhere; as JSON a line each. What is away now is looked for again.
async function watch(config: Config, isJson: boolean, context: CliContext): Promise<void> {
  const stop = context.stopSignal();
  const clear = context.columns === undefined ? '' : clearScreen;
  while (!stop.aborted) {
    try {
      const { groups, leading } = await look(config);
      if (isJson) context.write(JSON.stringify(toStatus(groups, leading)));
      else context.write(`${clear}${new Date().toISOString()}\n\n${formatGroups(groups, context.columns)}\n`);
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      context.warn(`${new Date().toISOString()} ${error.message}`);
    }
    await pause(watchEveryMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
