/** `rowhook webhook delete`: POSTs stop at once, what is queued is dropped and stands in the loss ledger. */
import type { Command } from 'commander';
import { withDatabase } from '../../database/open-database.ts';
import { deleteWebhooks } from '../../database/webhooks.ts';
import { addExample, addJsonOption, readConfiguration } from '../context.ts';
import type { CliContext } from '../context.ts';
import { counted } from '../../checks/check.ts';
import { formatJson } from '../output.ts';

export function addDelete(parent: Command, context: CliContext): void {
  const command = parent
    .command('delete')
    .description('delete webhooks, all of them or none; what is queued for them is dropped')
    .argument('<id...>', 'the webhooks, as `rowhook webhook list` shows them')
    .action(async (given: string[], options: { readonly json?: true }) => {
      const { databaseUrl } = readConfiguration(context);
      const ids = [...new Set(given)];
      await withDatabase({ databaseUrl }, (db) => deleteWebhooks(db, ids));
      const text = `deleted ${counted(ids.length, 'webhook')}`;
      context.write(options.json === true ? formatJson({ deleted: ids }) : text);
    });
  addJsonOption(command);
  addExample(command, 'rowhook webhook delete wh_1 wh_2');
}
