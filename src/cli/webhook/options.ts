/** The options that say what a webhook is, shared by create and update. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { breakerModes, type BreakerMode } from '../../breaker-settings.ts';
import { ExitError } from '../../exit-error.ts';

const operations = ['insert', 'update', 'delete', 'truncate'] as const;

export type Operation = (typeof operations)[number];

/** `insert,update`: commander reports what is thrown here as wrong usage. */
function parseOperations(value: string): Operation[] {
  const words = value.split(',').map((word) => word.trim().toLowerCase());
  const chosen = words.filter((word) => word !== '');
  const known = chosen.map((word) => operations.find((each) => each === word));
  const found = known.filter((each) => each !== undefined);
  if (found.length === 0 || found.length < chosen.length) {
    throw new InvalidArgumentError(`Use one or more of ${operations.join(', ')}, separated by commas.`);
  }
  return found;
}

const breakers = [...breakerModes, 'default'] as const;

export interface SendingOptions {
  readonly breaker?: BreakerMode | 'default';
  readonly concurrency?: number | 'default';
}

/** Those that are named; null: as for every webhook. commander has no options whose value is null. */
export function toSending({ breaker, concurrency }: SendingOptions): {
  breaker?: BreakerMode | null;
  concurrency?: number | null;
} {
  return {
    ...(breaker === undefined ? {} : { breaker: breaker === 'default' ? null : breaker }),
    ...(concurrency === undefined ? {} : { concurrency: concurrency === 'default' ? null : concurrency }),
  };
}

function parseBreaker(value: string): BreakerMode | 'default' {
  const chosen = breakers.find((each) => each === value.toLowerCase());
  if (chosen === undefined) throw new InvalidArgumentError(`Use one of ${breakers.join(', ')}.`);
  return chosen;
}

function parseConcurrency(value: string): number | 'default' {
  if (value.toLowerCase() === 'default') return 'default';
  const count = /^\d{1,3}$/.test(value) ? Number(value) : 0;
  if (count < 1 || count > 100) throw new InvalidArgumentError('Use a number from 1 to 100, or default.');
  return count;
}

/** The same words and meanings for create and update. */
export function addSendingOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--breaker <mode>',
        'after many failures in a row: off sends all the same, default is as ROWHOOK_BREAKER says',
      )
        .choices(breakers)
        .argParser(parseBreaker),
    )
    .option(
      '--concurrency <number>',
      'POSTs at a time, 1 to 100, or default (32); 1: one after the other',
      parseConcurrency,
    );
}

/** `description`: what the chosen ones mean. */
export function operationsOption(description: string): Option {
  return new Option('--on <operations>', description).choices(operations).argParser(parseOperations);
}

export function toTriggers(chosen: readonly Operation[]): {
  onInsert: boolean;
  onUpdate: boolean;
  onDelete: boolean;
  onTruncate: boolean;
} {
  return {
    onInsert: chosen.includes('insert'),
    onUpdate: chosen.includes('update'),
    onDelete: chosen.includes('delete'),
    onTruncate: chosen.includes('truncate'),
  };
}

/** Every missing option at once, with what it is for. */
export function usageError(problems: readonly string[], command: string): ExitError {
  return new ExitError(problems.join('\n'), { exitCode: 2, remedy: `See: ${command} --help` });
}
