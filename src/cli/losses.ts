/** `rowhook losses`: what was never delivered, and why, newest first. */
import type { Command } from 'commander';
import type { LossJson } from '../http/shapes.ts';
import { addBackendOption, openBackend, type BackendOptions } from './backend/open.ts';
import { addExample, addJsonOption } from './context.ts';
import type { CliContext } from './context.ts';
import { largestLimit, parseLimit } from './limit.ts';
import { formatJson, formatTable, type TableColumn } from './output.ts';
import { parseSince } from './times.ts';

interface Options extends BackendOptions {
  readonly webhook?: string;
  readonly company?: string;
  readonly table?: string;
  readonly reason?: string;
  readonly since?: Date;
  readonly limit: number;
  readonly json?: true;
}

export function addLosses(program: Command, context: CliContext): void {
  const command = program
    .command('losses')
    .description('show the ledger of what was never delivered, newest first')
    .option('--webhook <id>', 'of one webhook')
    .option('--company <id>', 'of one company')
    .option('--table <name>', 'of one table')
    .option('--reason <reason>', 'timeout, interrupted, deleted, …')
    .option(
      '--since <time>',
      'not older than this: 15m, 6h, 2d or a time such as 2026-01-31T12:00Z',
      parseSince,
    )
    .option('--limit <count>', `how many, ${largestLimit} at most`, parseLimit, 50)
    .action(async ({ json, api, ...filter }: Options) => {
      const backend = openBackend(context, { ...(api !== undefined && { api }) });
      const found = await backend.listLosses(filter);
      // The ledger outlives its webhooks: only where it has nothing the id may be a wrong one.
      if (found.length === 0 && filter.webhook !== undefined) await backend.findWebhook(filter.webhook);
      if (json === true) context.write(formatJson(found));
      else context.write(found.length === 0 ? 'no loss matches' : formatTable(columns, found, context));
      if (json !== true && found.length === filter.limit)
        context.warn('there may be more: use a larger --limit');
    });
  addJsonOption(addBackendOption(command));
  addExample(command, 'rowhook losses --since 1d', 'rowhook losses --webhook wh_1 --json');
}

const columns: readonly TableColumn<LossJson>[] = [
  { heading: 'ID', value: ({ id }) => String(id) },
  { heading: 'AT', value: ({ at }) => at.replace(/\.\d+Z$/, 'Z') },
  { heading: 'COUNT', value: ({ count }) => (count === null ? 'unknown' : String(count)) },
  { heading: 'REASON', value: ({ reason }) => reason },
  { heading: 'WEBHOOK', value: ({ webhookId }) => webhookId ?? '-' },
  { heading: 'COMPANY', value: ({ companyId }) => companyId ?? '-', isFlexible: true },
  { heading: 'TABLE', value: ({ table }) => table ?? '-' },
  { heading: 'FROM', value: ({ fromPosition }) => fromPosition ?? '-' },
  { heading: 'TO', value: ({ toPosition }) => toPosition ?? '-' },
  { heading: 'DETAIL', value: ({ detail }) => detail ?? '', isFlexible: true },
];
