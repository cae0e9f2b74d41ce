/** `rowhook webhook delete`: POSTs stop at once, what is queued is dropped and stands in the loss ledger. */
import type { Command } from 'commander';
import { addBackendOption, openBackend, type BackendOptions } from '../backend/open.ts';
import { addExample, addJsonOption } from '../context.ts';
import type { CliContext } from '../context.ts';
import { counted } from '../../checks/check.ts';
import { formatJson } from '../output.ts';

export function addDelete(parent: Command, context: CliContext): void {
  const command = parent
    .command('delete')
    .description(
      'delete webhooks, all of them or none (over the API one by one); what is queued for them is dropped',
    )
    .argument('<id...>', 'the webhooks, as `rowhook webhook list` shows them')
    .action(async (given: string[], options: BackendOptions & { readonly json?: true }) => {
      const ids = [...new Set(given)];
      await openBackend(context, options).deleteWebhooks(ids);
      const text = `deleted ${counted(ids.length, 'webhook')}`;
      context.write(options.json === true ? formatJson({ deleted: ids }) : text);
    });
  addJsonOption(addBackendOption(command));
  addExample(command, 'rowhook webhook delete wh_1 wh_2');
}
