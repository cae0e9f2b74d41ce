/** `rowhook resend`: sends again what the delivery log has: one delivery, a stretch of time of a webhook, or what a loss names. Only `--yes` sends. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseDeliveryId } from '../delivery-id.ts';
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

type Named = {
  readonly [Name in 'webhook' | 'since' | 'until' | 'outcome' | 'reason' | 'loss']?:
    Options[Name] | undefined;
};

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
      const isSent = options.yes === true;
      const { data, problem } = isSent ? await send(backend, wanted, { selected, context }) : nothing;
      const done = isSent && problem === null;
      if (options.json === true) context.write(formatJson({ done, ...selected, data }));
      else context.write(describe(selected, data, { id, options, terminal: context }));
      if (problem !== null) throw problem;
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

interface Sent {
  readonly data: readonly Resent[];
  /** Why it ended before the last one; null: it did not. */
  readonly problem: Error | null;
}

const nothing: Sent = { data: [], problem: null };

async function send(
  backend: Backend,
  wanted: ToResend,
  { selected, context }: { readonly selected: Selected; readonly context: CliContext },
): Promise<Sent> {
  const data: Resent[] = [];
  const signal = context.stopSignal();
  try {
    const end = await backend.resend(wanted, {
      signal,
      warn: (message) => context.warn(message),
      onPage: (page, hasMore) => {
        data.push(...page);
        if (hasMore && !signal.aborted) context.warn(`${data.length} of ${selected.count}`);
      },
    });
    return { data, problem: end === 'done' ? null : stopped(end, wanted, { data, count: selected.count }) };
  } catch (error) {
    // What was sent before is shown.
    if (data.length > 0 && error instanceof Error) return { data, problem: error };
    throw error;
  }
}

function stopped(
  end: 'stopped' | 'cut',
  wanted: ToResend,
  { data, count }: { readonly data: readonly Resent[]; readonly count: number },
): ExitError {
  const what = `stopped after ${data.length} of ${count}`;
  return new ExitError(what, { exitCode: 1, remedy: wayOn(end, wanted, data.at(-1) ?? null) });
}

function wayOn(end: 'stopped' | 'cut', wanted: ToResend, last: Resent | null): string {
  const range = wanted.kind === 'many' && 'since' in wanted.wanted ? wanted.wanted : null;
  if (wanted.kind !== 'many' || range?.outcomes?.includes('delivered') !== true)
    return 'The same command goes on with what did not arrive.';
  const webhook = wanted.webhook ?? undefined;
  // It would send once more what went out of the page that nobody knows of.
  if (end === 'cut') {
    const log = ['rowhook deliveries', ...words(undefined, { webhook })].join(' ');
    return `Some more may have been sent; see what was, before you send the rest: ${log}`;
  }
  const { until, outcomes: outcome, reason } = range;
  const since = last === null ? range.since : timeBehind(last.deliveryId);
  const rest = words(undefined, { webhook, since, until, outcome, reason });
  return `To go on with the rest: ${['rowhook resend', ...rest, '--yes'].join(' ')}`;
}

// A microsecond behind the row's own.
function timeBehind(id: string): string | undefined {
  const [us, uid] = id.split('-');
  return parseDeliveryId(`${Number(us) + 1}-${uid ?? ''}`)?.at;
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

const nothingLeft =
  'nothing is left to send: the log has nothing of it, or it arrived, or may have, when it was sent again';

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
  if (count === 0 && data.length === 0) return nothingLeft;
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
function words(id: string | undefined, { webhook, since, until, outcome, reason, loss }: Named): string[] {
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
