// The whole overview in one line: what fails, what waits, what rests, and whether the service itself is well.
import { amount, counted } from './amounts.ts';
import { duration } from './times.ts';

export interface Health {
  readonly health: string;
  readonly count: number;
}

export interface ServiceState {
  /** How many checks of the service itself fail, and how many warn. */
  readonly failing: number;
  readonly warning: number;
  /** Milliseconds; null: not known. */
  readonly lagMs: number | null;
}

// How old a change is when it is read, before people should hear of it.
const lateMs = 10_000;

const states: readonly (readonly [string, (count: number) => string])[] = [
  ['failing', (count) => (count === 1 ? 'fails' : 'fail')],
  ['breaker open', (count) => (count === 1 ? 'is held by its breaker' : 'are held by their breakers')],
  [
    'table disabled',
    (count) => (count === 1 ? 'watches a table that is disabled' : 'watch tables that are disabled'),
  ],
  ['catching up', (count) => (count === 1 ? 'is catching up' : 'are catching up')],
  ['paused', (count) => (count === 1 ? 'is paused' : 'are paused')],
];

export function inAll(healths: readonly Health[]): number {
  return healths.reduce((sum, { count }) => sum + count, 0);
}

/** `2 webhooks fail, 1 is catching up.` */
export function summaryOfWebhooks(healths: readonly Health[]): string {
  const total = inAll(healths);
  if (total === 0) return 'There is no webhook yet.';
  const found = states.flatMap(([name, verb]) => {
    const count = healths.find(({ health }) => health === name)?.count ?? 0;
    return count === 0 ? [] : [{ count, verb: verb(count) }];
  });
  const [first, ...others] = found;
  if (first === undefined)
    return total === 1 ? 'The only webhook does not fail.' : `None of the ${amount(total)} webhooks fails.`;
  const parts = [
    `${counted(first.count, 'webhook')} ${first.verb}`,
    ...others.map(({ count, verb }) => `${count} ${verb}`),
  ];
  return `${parts.join(', ')}.`;
}

/** `The service itself is well.` */
export function summaryOfService({ failing, warning, lagMs }: ServiceState): string {
  if (failing > 0)
    return `The service itself is not well: ${counted(failing, 'check fails', 'checks fail')}.`;
  if (lagMs !== null && lagMs > lateMs)
    return `The service is late: it reads changes that are ${duration(lagMs)} old.`;
  if (warning > 0) return `The service itself works; ${counted(warning, 'check warns', 'checks warn')}.`;
  return 'The service itself is well.';
}
