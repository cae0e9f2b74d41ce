/** The options that say what a webhook is, shared by create and update. */
import { InvalidArgumentError } from 'commander';
import { ExitError } from '../../exit-error.ts';

const operations = ['insert', 'update', 'delete', 'truncate'] as const;

export type Operation = (typeof operations)[number];

/** `insert,update`: commander reports what is thrown here as wrong usage. */
export function parseOperations(value: string): Operation[] {
  const words = value.split(',').map((word) => word.trim().toLowerCase());
  const chosen = words.filter((word) => word !== '');
  const known = chosen.map((word) => operations.find((each) => each === word));
  const found = known.filter((each) => each !== undefined);
  if (found.length === 0 || found.length < chosen.length) {
    throw new InvalidArgumentError(`Use one or more of ${operations.join(', ')}, separated by commas.`);
  }
  return found;
}

export function toTriggers(chosen: readonly Operation[]): {
  on_insert: boolean;
  on_update: boolean;
  on_delete: boolean;
  on_truncate: boolean;
} {
  return {
    on_insert: chosen.includes('insert'),
    on_update: chosen.includes('update'),
    on_delete: chosen.includes('delete'),
    on_truncate: chosen.includes('truncate'),
  };
}

/** Every missing option at once, with what it is for. */
export function usageError(problems: readonly string[], command: string): ExitError {
  return new ExitError(problems.join('\n'), { exitCode: 2, remedy: `See: ${command} --help` });
}
