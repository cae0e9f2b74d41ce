/** `rowhook deliveries`: the delivery log, newest first. */
import { Option, type Command } from 'commander';
import type { DeliveryFilter } from '../database/deliveries.ts';
import { addBackendOption, openBackend, type BackendOptions } from './backend/open.ts';
import { addExample, addJsonOption } from './context.ts';
import type { CliContext } from './context.ts';
import { formatDeliveries, formatInFull } from './deliveries-view.ts';
import { largestLimit, parseLimit } from './limit.ts';
import { outcomes, parseOutcomes } from './outcomes.ts';
import { formatJson } from './output.ts';
import { parseMoment, parseSince } from './times.ts';

interface Options extends BackendOptions {
  readonly webhook?: string;
  readonly company?: string;
  readonly table?: string;
  readonly key?: string;
  readonly outcome?: readonly string[];
  readonly failed?: true;
  readonly since?: Date;
  readonly before?: string;
  readonly limit: number;
  readonly full?: true;
  readonly json?: true;
}

const defaultLimit = 50;

export function addDeliveries(program: Command, context: CliContext): void {
  const command = program
    .command('deliveries')
    .description('show the delivery log, newest first: what was sent, when, and what came of it')
    .option('--webhook <id>', 'those of one webhook')
    .option('--company <id>', 'those of one company’s webhooks')
    .option('--table <name>', 'those of one table')
    .option('--key <key>', 'those of one record; of several key columns: (a,b)')
    .addOption(
      new Option('--outcome <outcomes>', 'one or more, separated by commas')
        .choices(outcomes)
        .argParser(parseOutcomes),
    )
    .addOption(new Option('--failed', 'all that was not delivered').conflicts('outcome'))
    .option(
      '--since <time>',
      'not older than this: 15m, 6h, 2d or a time such as 2026-01-31T12:00Z',
      parseSince,
    )
    .option(
      '--before <time>',
      'older than this, likewise: the time of the last one shown goes on from there',
      parseMoment,
    )
    .option('--limit <count>', `how many, ${largestLimit} at most`, parseLimit, defaultLimit)
    .option('--full', 'with body and answer, where this login may see them')
    .action(async (options: Options) => {
      const backend = openBackend(context, options);
      const wantsBodies = options.full === true || options.json === true;
      const filter = toFilter(options);
      const deliveries = await backend.listDeliveries(filter, wantsBodies);
      // The log outlives its webhooks: only where it has nothing the id may be a wrong one.
      if (deliveries.length === 0 && filter.webhook !== undefined) await backend.findWebhook(filter.webhook);
      if (options.full === true && deliveries.some(({ body }) => body === undefined)) {
        context.warn('this login may not see bodies and answers: the service’s or a company’s may');
      }
      if (options.json === true) context.write(formatJson(deliveries));
      else if (deliveries.length === 0) context.write(none(options));
      else
        context.write(
          options.full === true ? formatInFull(deliveries, context) : formatDeliveries(deliveries, context),
        );
      const last = deliveries.at(-1);
      if (options.json !== true && last !== undefined && deliveries.length === options.limit) {
        context.warn(`older ones: the same with --before ${last.at}`);
      }
    });
  addJsonOption(addBackendOption(command));
  addExample(
    command,
    'rowhook deliveries --failed --since 1h',
    'rowhook deliveries --table salesOrder --key so1 --full',
    'rowhook deliveries --webhook wh_1 --limit 1000 --json',
  );
}

function toFilter({
  webhook,
  company,
  table,
  key,
  outcome,
  failed,
  since,
  before,
  limit,
}: Options): DeliveryFilter {
  const wanted = failed === true ? outcomes.filter((each) => each !== 'delivered') : outcome;
  return { webhook, company, table, key, outcomes: wanted, since, before, limit };
}

function none(options: Options): string {
  const filters = ['webhook', 'company', 'table', 'key', 'outcome', 'failed', 'since', 'before'] as const;
  return filters.some((name) => options[name] !== undefined)
    ? 'no delivery matches; `rowhook status` says what the log keeps'
    : 'the delivery log has nothing that this login may see; `rowhook status` says what it keeps';
}
