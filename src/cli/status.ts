/** `rowhook status`: one look at everything that must hold, each line that is not ok with its remedy. Changes nothing. */
import type { Command } from 'commander';
import { flatChecks, readGroups, readLeading, toStatus } from '../checks/status-report.ts';
import { withClient } from '../database/with-client.ts';
import { failOnFailedChecks } from './checks.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatGroups, formatJson } from './output.ts';

export function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .description(
      'check server, slot, publication, tables, webhooks and losses; exit code 1 when a check fails',
    )
    .action(async (options: { readonly json?: true }) => {
      const { databaseUrl, slot } = readConfiguration(context);
      const { groups, leading } = await withClient({ databaseUrl }, async (client) => ({
        groups: await readGroups(client, slot),
        leading: options.json === true ? await readLeading(client, slot) : {},
      }));
      context.write(
        options.json === true ? formatJson(toStatus(groups, leading)) : formatGroups(groups, context.columns),
      );
      failOnFailedChecks(flatChecks(groups));
    });
  addJsonOption(command);
  addExample(command, 'rowhook status', 'rowhook status --json');
}
