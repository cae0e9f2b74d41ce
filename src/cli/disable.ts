/** `rowhook disable`: a table is watched no longer; its webhooks stay as they are. */
import type { Command } from 'commander';
import { withDatabase } from '../database/open-database.ts';
import { disableTable } from '../database/tables.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatJson } from './output.ts';

export function addDisable(program: Command, context: CliContext): void {
  const command = program
    .command('disable')
    .description('stop watching a table; its webhooks stay and its replica identity is restored')
    .argument('<relation>', 'the table, as for enable')
    .action(async (relation: string, options: { readonly json?: true }) => {
      const { databaseUrl } = readConfiguration(context);
      const access = { databaseUrl, onNotice: (message: string) => context.warn(message) };
      await withDatabase(access, (db) => disableTable(db, relation));
      const result = { relation, enabled: false };
      context.write(
        options.json === true ? formatJson(result) : `disabled ${relation}; its webhooks are kept`,
      );
    });
  addJsonOption(command);
  addExample(command, 'rowhook disable erp.salesOrder');
}
