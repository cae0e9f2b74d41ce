/** `rowhook webhook create`. Its URL passes the same guard that every POST passes. */
import type { Command } from 'commander';
import type { NewWebhookJson } from '../../http/shapes.ts';
import { addBackendOption, openBackend, type BackendOptions } from '../backend/open.ts';
import { addExample, addJsonOption } from '../context.ts';
import type { CliContext } from '../context.ts';
import { formatJson } from '../output.ts';
import { addSendingOptions, operationsOption, toSending, toTriggers, usageError } from './options.ts';
import type { Operation, SendingOptions } from './options.ts';
import { formatWebhooks } from './view.ts';

interface Options extends SendingOptions, BackendOptions {
  readonly company?: string;
  readonly allCompanies?: true;
  readonly name?: string;
  readonly table?: string;
  readonly url?: string;
  readonly on?: readonly Operation[];
  readonly inactive?: true;
  readonly json?: true;
}

export function addCreate(parent: Command, context: CliContext): void {
  const command = addSendingOptions(parent.command('create'))
    .description('create a webhook for a company, or for all of them')
    .option('--company <id>', 'the company whose rows it receives')
    .option('--all-companies', 'receive the rows of every company, and those without one')
    .option('--name <name>', 'unique in the company')
    .option('--table <name>', 'an enabled table, by the name it was enabled under')
    .option('--url <url>', 'where changes are POSTed to')
    .addOption(operationsOption('one or more, separated by commas'))
    .option('--inactive', 'create it paused')
    .action(async (options: Options) => {
      const backend = openBackend(context, options);
      const created = await backend.createWebhook(toWebhook(options, backend.knowsCompany));
      context.write(options.json === true ? formatJson(created) : formatWebhooks([created], context));
    });
  addJsonOption(addBackendOption(command));
  addExample(
    command,
    'rowhook webhook create --company abc123 --name orders --table salesOrder --on insert,update --url https://example.com/hook',
    'rowhook webhook create --all-companies --name audit --table item --on delete --url https://example.com/audit',
  );
}

/** Everything that is missing is reported at once. */
function toWebhook(options: Options, knowsCompany: boolean): NewWebhookJson {
  const { company, name, table, url, on } = options;
  const problems: string[] = [];
  if (company !== undefined && options.allCompanies === true) {
    problems.push('give either --company or --all-companies, not both');
  }
  const isLeftToToken = knowsCompany && company === undefined;
  if ((company ?? '') === '' && options.allCompanies !== true && !isLeftToToken) {
    problems.push('for which company? give --company <id>, or --all-companies for every one');
  }
  if (name === undefined || name === '') problems.push('--name is missing: how people recognise the webhook');
  if (table === undefined || table === '')
    problems.push('--table is missing: the table whose rows it receives');
  if (url === undefined || url === '') problems.push('--url is missing: where changes are POSTed to');
  if (on === undefined)
    problems.push('no trigger is chosen: give --on with insert, update, delete, truncate or several of them');
  if (
    name === undefined ||
    table === undefined ||
    url === undefined ||
    on === undefined ||
    problems.length > 0
  ) {
    throw usageError(problems, 'rowhook webhook create');
  }
  return {
    ...(company !== undefined && { companyId: company }),
    ...(options.allCompanies === true && { allCompanies: true }),
    name,
    table,
    url,
    ...toTriggers(on),
    active: options.inactive !== true,
    ...toSending(options),
  };
}
