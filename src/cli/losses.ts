/** `rowhook losses`: what was never delivered, and why, newest first. */
import type { Command } from 'commander';
import { listLosses, type ListedLoss } from '../database/losses.ts';
import { withDatabase } from '../database/open-database.ts';
import { lossJson } from '../http/shapes.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { largestLimit, parseLimit } from './limit.ts';
import { formatJson, formatTable } from './output.ts';
import { parseSince } from './times.ts';

interface Options {
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
    .action(async ({ json, ...filter }: Options) => {
      const { databaseUrl } = readConfiguration(context);
      const found = await withDatabase({ databaseUrl }, (db) => listLosses(db, { ...filter, before: null }));
      if (json === true) context.write(formatJson(found.map(lossJson)));
      else context.write(found.length === 0 ? 'no loss matches' : formatLosses(found));
      if (json !== true && found.length === filter.limit)
        context.warn('there may be more: use a larger --limit');
    });
  addJsonOption(command);
  addExample(command, 'rowhook losses --since 1d', 'rowhook losses --webhook wh_1 --json');
}

function formatLosses(losses: readonly ListedLoss[]): string {
  const headings = ['AT', 'COUNT', 'REASON', 'WEBHOOK', 'COMPANY', 'TABLE', 'FROM', 'TO', 'DETAIL'];
  return formatTable(
    headings,
    losses.map((loss) => [
      loss.at.toISOString().replace(/\.\d+Z$/, 'Z'),
      loss.count === null ? 'unknown' : String(loss.count),
      loss.reason,
      loss.webhook_id ?? '-',
      loss.company_id ?? '-',
      loss.table_name ?? '-',
      loss.from_position ?? '-',
      loss.to_position ?? '-',
      loss.detail ?? '',
    ]),
  );
}
