/** `rowhook resend`: sends again what the delivery log has: one delivery, a stretch of time of a webhook, or what a loss names. Only `--yes` sends. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { Selected } from '../database/resend-selection.ts';
import { ExitError } from '../exit-error.ts';
import type { Resent } from '../resend.ts';
import { shellWord } from '../shell-word.ts';
import type { Backend, ToResend } from './backend/backend.ts';
import { addBackendOption, openBackend, type BackendOptions } from './backend/open.ts';
import { addExample, addJsonOption } from './context.ts';
import type { CliContext } from './context.ts';
import { outcomes, parseOutcomes } from './outcomes.ts';
import { formatJson, formatTable, type TableColumn, type Terminal } from './output.ts';
import { parseMoment } from './times.ts';

interface Options extends BackendOptions {
  readonly webhook?: string;
  readonly since?: string;
  readonly until?: string;
  readonly outcome?: readonly string[];
  readonly reason?: string;
  readonly loss?: number;
  readonly yes?: true;
  readonly json?: true;
}

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
      const wanted = wantedOf(id, options);
      const backend = openBackend(context, options);
      const selected = await backend.countResend(wanted);
      const data = options.yes === true ? await send(backend, wanted, { selected, context }) : [];
      if (options.json === true) context.write(formatJson({ done: options.yes === true, ...selected, data }));
      else context.write(describe(selected, data, { id, options, terminal: context }));
      if (data.some(isFailed)) throw new ExitError('not everything was delivered', { exitCode: 1 });
    });
  addJsonOption(addBackendOption(command));
  addExample(
    command,
    'rowhook resend 1769853600000042-7 --yes',
    'rowhook resend --webhook wh_1 --since 2h --outcome failed',
    'rowhook resend --loss 12 --yes',
  );
}

function wantedOf(
  id: string | undefined,
  { webhook, since, until, outcome, reason, loss }: Options,
): ToResend {
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

async function send(
  backend: Backend,
  wanted: ToResend,
  { selected, context }: { readonly selected: Selected; readonly context: CliContext },
): Promise<Resent[]> {
  const data: Resent[] = [];
  const signal = context.stopSignal();
  const end = await backend.resend(wanted, {
    signal,
    onPage: (page, hasMore) => {
      data.push(...page);
      if (hasMore && !signal.aborted) context.warn(`${data.length} of ${selected.count}`);
    },
  });
  if (end === 'stopped') context.warn('stopped; the same command goes on with what did not arrive');
  return data;
}

function isFailed({ isDelivered, isSentElsewhere }: Resent): boolean {
  return !isDelivered && !isSentElsewhere;
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
  const failed = data.filter(isFailed);
  const elsewhere = data.filter(({ isSentElsewhere }) => isSentElsewhere).length;
  return [
    `${arrived} of ${what} arrived${elsewhere === 0 ? '' : `; another resend had ${elsewhere} of them meanwhile`}`,
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
