/** `rowhook webhook update`. A webhook's id and company never change; everything else may. */
import { Option } from 'commander';
import type { Command } from 'commander';
import type { WebhookChangesJson } from '../../http/shapes.ts';
import { addBackendOption, openBackend, type BackendOptions } from '../backend/open.ts';
import { addExample, addJsonOption } from '../context.ts';
import type { CliContext } from '../context.ts';
import { formatJson } from '../output.ts';
import { addSendingOptions, operationsOption, toSending, toTriggers, usageError } from './options.ts';
import type { Operation, SendingOptions } from './options.ts';
import { formatWebhooks } from './view.ts';

interface Options extends SendingOptions, BackendOptions {
  readonly name?: string;
  readonly table?: string;
  readonly url?: string;
  readonly on?: readonly Operation[];
  readonly active?: true;
  readonly paused?: true;
  readonly json?: true;
}

export function addUpdate(parent: Command, context: CliContext): void {
  const command = addSendingOptions(parent.command('update'))
    .description('change a webhook; what is not named stays as it is')
    .argument('<id>', 'the webhook, as `rowhook webhook list` shows it')
    .option('--name <name>', 'unique in the company')
    .option('--table <name>', 'an enabled table, by the name it was enabled under')
    .option('--url <url>', 'where changes are POSTed to')
    .addOption(operationsOption('exactly these from now on, separated by commas'))
    .addOption(new Option('--active', 'send again, and what waited too').conflicts('paused'))
    .option('--paused', 'stop sending at once; changes made meanwhile are counted as missed')
    .action(async (id: string, options: Options) => {
      const changes = toChanges(options);
      const updated = await openBackend(context, options).updateWebhook(id, changes);
      context.write(options.json === true ? formatJson(updated) : formatWebhooks([updated], context));
    });
  addJsonOption(addBackendOption(command));
  addExample(
    command,
    'rowhook webhook update wh_1 --paused',
    'rowhook webhook update wh_1 --on insert,update,delete',
    'rowhook webhook update wh_1 --breaker wait --concurrency 4',
  );
}

function toChanges({ name, table, url, on, active, paused, ...rest }: Options): WebhookChangesJson {
  const changes: WebhookChangesJson = {
    ...(name === undefined ? {} : { name }),
    ...(table === undefined ? {} : { table }),
    ...(url === undefined ? {} : { url }),
    ...(on === undefined ? {} : toTriggers(on)),
    ...(active === true ? { active: true } : {}),
    ...(paused === true ? { active: false } : {}),
    ...toSending(rest),
  };
  if (Object.keys(changes).length > 0) return changes;
  throw usageError(
    ['nothing to change: give --name, --table, --url, --on, --active, --paused, --breaker or --concurrency'],
    'rowhook webhook update',
  );
}
