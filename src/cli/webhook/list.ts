/** `rowhook webhook list`: every webhook with its counters. */
import type { Command } from 'commander';
import { withDatabase } from '../../database/open-database.ts';
import { listWebhooks } from '../../database/webhooks.ts';
import { addExample, addJsonOption, readConfiguration } from '../context.ts';
import type { CliContext } from '../context.ts';
import { formatJson } from '../output.ts';
import { webhookJson } from '../../http/shapes.ts';
import { formatWebhooks } from './view.ts';

interface Options {
  readonly company?: string;
  readonly table?: string;
  readonly json?: true;
}

export function addList(parent: Command, context: CliContext): void {
  const command = parent
    .command('list')
    .description('list webhooks with their counters')
    .option('--company <id>', 'those of one company')
    .option('--table <name>', 'those of one table')
    .action(async (options: Options) => {
      const { databaseUrl } = readConfiguration(context);
      const filter = { companyId: options.company, table: options.table };
      const webhooks = await withDatabase({ databaseUrl }, (db) => listWebhooks(db, filter));
      if (options.json === true) context.write(formatJson(webhooks.map(webhookJson)));
      else context.write(webhooks.length === 0 ? none(options) : formatWebhooks(webhooks));
    });
  addJsonOption(command);
  addExample(
    command,
    'rowhook webhook list --company abc123',
    'rowhook webhook list --table salesOrder --json',
  );
}

function none(options: Options): string {
  const isFiltered = options.company !== undefined || options.table !== undefined;
  return isFiltered ? 'no webhook matches' : 'no webhooks yet; see: rowhook webhook create --help';
}
