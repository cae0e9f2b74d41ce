/** `rowhook uninstall`: shows what it would do; only `--yes` does it. */
import type { Command } from 'commander';
import { planUninstall, uninstall } from '../database/uninstall.ts';
import { withClient } from '../database/with-client.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

interface Options {
  readonly yes?: true;
  readonly json?: true;
}

export function addUninstall(program: Command, context: CliContext): void {
  const command = program
    .command('uninstall')
    .description(
      'remove slot, publication, schema and roles, and restore replica identities; without --yes only show it',
    )
    .option(
      '--yes',
      'do it: webhooks, counters, the ledger of losses and the delivery log are gone afterwards',
    )
    .action(async (options: Options) => {
      const { databaseUrl } = readConfiguration(context);
      const access = { databaseUrl, onNotice: (message: string) => context.warn(message) };
      const isDone = options.yes === true;
      const act = isDone ? uninstall : planUninstall;
      const lines = await withClient(access, (client) => act(client));
      if (options.json === true) context.write(formatJson({ done: isDone, steps: lines }));
      else context.write(describe(lines, isDone));
    });
  addJsonOption(command);
  addExample(command, 'rowhook uninstall', 'rowhook uninstall --yes');
}

function describe(lines: readonly string[], isDone: boolean): string {
  if (lines.length === 0) return 'rowhook is not installed in this database: nothing to remove';
  if (isDone) return lines.join('\n');
  return [
    'this would be done:',
    ...lines.map((line) => `  ${line}`),
    'nothing was changed; to do it: rowhook uninstall --yes',
  ].join('\n');
}
