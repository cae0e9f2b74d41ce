/** `rowhook resend`: sends again what the delivery log has: one delivery, a stretch of time of a webhook, or what a loss names. Only `--yes` sends. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { readDelivery } from '../database/logged-delivery.ts';
import { withDatabase, type Database } from '../database/open-database.ts';
import type { Selected } from '../database/resend-selection.ts';
import { createPoster } from '../delivery/post.ts';
import { ExitError } from '../exit-error.ts';
import {
  countResend,
  planResend,
  resend,
  resendPage,
  type ResendMany,
  type ResendParts,
  type Resent,
} from '../resend.ts';
import { shellWord } from '../shell-word.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { outcomes, parseOutcomes } from './outcomes.ts';
import { formatJson, formatTable, type TableColumn, type Terminal } from './output.ts';
import { parseMoment } from './times.ts';

interface Options {
  readonly webhook?: string;
  readonly since?: string;
  readonly until?: string;
  readonly outcome?: readonly string[];
  readonly reason?: string;
  readonly loss?: number;
  readonly yes?: true;
  readonly json?: true;
}

const pageSize = 100;

export function addResend(program: Command, context: CliContext): void {
  const command = program
    .command('resend')
    .description(
      'send deliveries again, marked and counted nowhere: one, those of a webhook in a stretch of time, or what a loss names; ' +
        'without --yes only say how many',
    )
    .argument('[id]', 'one delivery, as `rowhook deliveries` shows it')
    .option('--webhook <id>', 'those of this webhook, with --since')
    .option(
      '--since <time>',
      'that ended from then on: 15m, 6h, 2d or a time such as 2026-01-31T12:00Z',
      parseMoment,
    )
    .option('--until <time>', 'and before then, likewise; now, unless you say otherwise', parseMoment)
    .addOption(
      new Option(
        '--outcome <outcomes>',
        'one or more, separated by commas; all but delivered, unless you say otherwise',
      )
        .choices(outcomes)
        .argParser(parseOutcomes),
    )
    .option('--reason <reason>', 'timeout, refused, interrupted, breaker_open, …')
    .addOption(
      new Option('--loss <id>', 'what this row of `rowhook losses --json` names')
        .argParser(parseLoss)
        .conflicts(['since', 'until', 'outcome', 'reason']),
    )
    .option('--yes', 'send them')
    .action(async (id: string | undefined, options: Options) => {
      const config = readConfiguration(context);
      const wanted = wantedOf(id, options);
      await using poster = createPoster(config);
      const run = (db: Database): Promise<Outcome> => {
        const parts = { within: <T>(use: (db: Database) => Promise<T>) => use(db), poster, isOperator: true };
        return wanted.kind === 'one'
          ? sendOne(parts, wanted.id, options)
          : sendMany(parts, wanted, { options, context });
      };
      const { selected, data } = await withDatabase(config, run);
      if (options.json === true) context.write(formatJson({ done: options.yes === true, ...selected, data }));
      else context.write(describe(selected, data, { id, options, terminal: context }));
      if (data.some(({ isDelivered }) => !isDelivered))
        throw new ExitError('not everything was delivered', { exitCode: 1 });
    });
  addJsonOption(command);
  addExample(
    command,
    'rowhook resend 1769853600000042-7 --yes',
    'rowhook resend --webhook wh_1 --since 2h --outcome failed',
    'rowhook resend --loss 12 --yes',
  );
}

interface Outcome {
  readonly selected: Selected;
  /** Of what was sent; empty without --yes. */
  readonly data: readonly Resent[];
}

type Wanted =
  | { readonly kind: 'one'; readonly id: string }
  | { readonly kind: 'many'; readonly webhook: string | null; readonly wanted: ResendMany };

function wantedOf(id: string | undefined, { webhook, since, until, outcome, reason, loss }: Options): Wanted {
  const isOther = [webhook, since, until, outcome, reason, loss].some((value) => value !== undefined);
  if (id !== undefined && !isOther) return { kind: 'one', id };
  if (id === undefined && loss !== undefined)
    return { kind: 'many', webhook: webhook ?? null, wanted: { loss } };
  if (id === undefined && webhook !== undefined && since !== undefined) {
    const end = until ?? new Date().toISOString();
    return { kind: 'many', webhook, wanted: { since, until: end, outcomes: outcome, reason } };
  }
  throw new ExitError(
    'say what is to be sent again: the id of one delivery, --webhook with --since, or --loss',
    {
      exitCode: 2,
      remedy: 'See: rowhook resend --help',
    },
  );
}

async function sendOne(parts: ResendParts, id: string, { yes }: Options): Promise<Outcome> {
  const { body } = await parts.within((db) => readDelivery(db, id));
  const data = yes === true ? [await resend(parts, id)] : [];
  return { selected: { count: 1, withoutBody: body === null ? 1 : 0 }, data };
}

async function sendMany(
  parts: ResendParts,
  { webhook, wanted }: Extract<Wanted, { kind: 'many' }>,
  { options, context }: { readonly options: Options; readonly context: CliContext },
): Promise<Outcome> {
  const plan = await planResend(parts, webhook, wanted);
  const selected = await countResend(parts, plan);
  const data: Resent[] = [];
  if (options.yes !== true) return { selected, data };
  const signal = context.stopSignal();
  let after: string | null = null;
  do {
    const page = await resendPage(parts, plan, { after, limit: pageSize, signal });
    data.push(...page.data);
    after = page.last;
    if (after !== null && !signal.aborted) context.warn(`${data.length} of ${selected.count}`);
  } while (after !== null && !signal.aborted);
  if (after !== null) context.warn(`stopped; the same command goes on with what did not arrive`);
  return { selected, data };
}

const columns: readonly TableColumn<Resent>[] = [
  { heading: 'DELIVERY', value: ({ deliveryId }) => deliveryId },
  { heading: 'KEY', value: ({ key }) => key ?? '-', isFlexible: true },
  {
    heading: 'OUTCOME',
    value: ({ outcome, refusal }) => outcome ?? `not sent: ${refusal ?? ''}`,
    isFlexible: true,
  },
];

function describe(
  { count, withoutBody }: Selected,
  data: readonly Resent[],
  {
    id,
    options,
    terminal,
  }: { readonly id: string | undefined; readonly options: Options; readonly terminal: Terminal },
): string {
  const what = `${count} ${count === 1 ? 'delivery' : 'deliveries'}`;
  if (options.yes !== true) {
    const lack = withoutBody === 0 ? '' : `; of ${withoutBody} the log has no body`;
    const again = ['rowhook resend', ...words(id, options), '--yes'].join(' ');
    return `${what} would be sent again${lack}\nnothing was sent; to do it: ${again}`;
  }
  const arrived = data.filter(({ isDelivered }) => isDelivered).length;
  const failed = data.filter(({ isDelivered }) => !isDelivered);
  return [
    `${arrived} of ${what} arrived`,
    ...(failed.length === 0 ? [] : [formatTable(columns, failed, terminal)]),
  ].join('\n');
}

// With the moments that were meant: "2h ago" is another one by then.
function words(id: string | undefined, { webhook, since, until, outcome, reason, loss }: Options): string[] {
  const named = { webhook, since, until, outcome: outcome?.join(','), reason, loss: loss?.toString() };
  const options = Object.entries(named).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, shellWord(value)],
  );
  return [...(id === undefined ? [] : [shellWord(id)]), ...options];
}

function parseLoss(value: string): number {
  if (/^[1-9]\d{0,14}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('Use the id of a row of: rowhook losses --json');
}
