// The command line of `npm run test:oracle`; the environment's variables say the same.

import { Command, InvalidArgumentError, Option } from 'commander';
import { knownMajors } from '../support/postgres-majors.ts';

export interface Flags {
  readonly rows: number;
  readonly seed?: number;
  readonly path?: string;
  readonly postgres?: string;
}

/** Prints help or what is wrong, and then ends the process. */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command('npm run test:oracle --')
    .description('Compares what is posted with to_jsonb, for random tables of random types.')
    .addOption(
      new Option('--rows <n>', 'how many rows at least, each through four changes; a round has about 4 000')
        .env('ROWHOOK_TEST_ROWS')
        .argParser(wholeNumberFrom(1))
        .default(20_000),
    )
    .addOption(
      new Option('--seed <n>', 'what the cases are drawn from (default: another one each time)')
        .env('ROWHOOK_TEST_SEED')
        .argParser(wholeNumberFrom(0)),
    )
    .addOption(
      new Option('--path <path>', "a failing case's place among those of its seed: only it is run")
        .env('ROWHOOK_TEST_PATH')
        .argParser(path),
    )
    .addOption(
      new Option('--postgres <major>', 'which Postgres, from npm (default: 18)')
        .env('TEST_POSTGRES')
        .choices(knownMajors),
    )
    .allowExcessArguments(false)
    .showHelpAfterError('(--help lists the flags)');
  const flags = program.parse(argv).opts<Flags>();
  if (flags.path !== undefined && flags.seed === undefined) {
    program.error('error: --path leads to a case only together with the --seed that it was printed with.');
  }
  return flags;
}

function wholeNumberFrom(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least) {
      throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
    }
    if (number >= 2 ** 31) throw new InvalidArgumentError('It takes a number below 2147483648.');
    return number;
  };
}

function path(text: string): string {
  if (!/^\d+(:\d+)*$/.test(text)) {
    throw new InvalidArgumentError('It takes a path as a failing run prints it, such as 12:0:3.');
  }
  return text;
}
