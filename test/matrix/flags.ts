// The command line of `npm run test:matrix`.
import { Command, InvalidArgumentError } from 'commander';
import { knownMajors } from '../support/postgres-majors.ts';

export interface Flags {
  /** In the order given. */
  readonly majors: readonly string[];
  /** As vitest takes them: parts of file names. None: every file. */
  readonly files: readonly string[];
  readonly workers?: number;
}

/** Prints help or what is wrong, and then ends the process. */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command('npm run test:matrix --')
    .description('Runs every test that needs a Postgres on each major, one after the other; the others once.')
    .option('--postgres <majors>', `these only, separated by commas (default: ${knownMajors.join()})`, chosen)
    .option('--workers <number>', 'how many test files at a time', wholeNumber)
    .argument('[files...]', 'parts of the names of the test files to run')
    .showHelpAfterError('(--help lists the flags)')
    .parse(argv);
  const { postgres: majors = knownMajors, workers } = program.opts<{
    postgres?: readonly string[];
    workers?: number;
  }>();
  return { majors, files: program.args, ...(workers === undefined ? {} : { workers }) };
}

function chosen(list: string): readonly string[] {
  const majors = [...new Set(list.split(',').map((major) => major.trim()))];
  const unknown = majors.find((major) => !knownMajors.includes(major));
  if (unknown === undefined) return majors;
  throw new InvalidArgumentError(`There is no Postgres "${unknown}"; there are ${knownMajors.join(', ')}.`);
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('It takes a whole number from 1 to 99.');
  return Number(text);
}
