/** `rowhook webhook list`: every webhook with its counters. */
import type { Command } from 'commander';
import type { WebhookJson } from '../../http/shapes.ts';
import { addBackendOption, openBackend, type BackendOptions } from '../backend/open.ts';
import { addExample, addJsonOption } from '../context.ts';
import type { CliContext } from '../context.ts';
import { formatJson, printable } from '../output.ts';
import { formatWebhooks } from './view.ts';

interface Options extends BackendOptions {
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
      const filter = { companyId: options.company, table: options.table };
      const backend = openBackend(context, options);
      const webhooks = sorted(await backend.listWebhooks(filter));
      if (options.json === true) context.write(formatJson(webhooks));
      else if (webhooks.length > 0) context.write(formatWebhooks(webhooks, context));
      else context.write(none(options, await backend.describeSight()));
    });
  addJsonOption(addBackendOption(command));
  addExample(
    command,
    'rowhook webhook list --company abc123',
    'rowhook webhook list --table salesOrder --json',
  );
}

/** By company and name, those of all companies last. */
function sorted(webhooks: readonly WebhookJson[]): WebhookJson[] {
  const place = ({ companyId, name, id }: WebhookJson): string[] =>
    companyId === null ? ['1', name, id] : ['0', companyId, name, id];
  return webhooks.toSorted((a, b) => compare(place(a), place(b)));
}

function compare(a: readonly string[], b: readonly string[]): number {
  const index = a.findIndex((part, each) => part !== b[each]);
  return index === -1 ? 0 : (a[index] ?? '') < (b[index] ?? '') ? -1 : 1;
}

function none(options: Options, sight: string | null): string {
  if (sight !== null)
    return `this login sees no webhooks${isFiltered(options) ? ' that match' : ''}: ${printable(sight)}`;
  return isFiltered(options) ? 'no webhook matches' : 'no webhooks yet; see: rowhook webhook create --help';
}

function isFiltered({ company, table }: Options): boolean {
  return company !== undefined || table !== undefined;
}
