/** The command line of `npm run test:chaos`. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { knownMajors } from '../../support/postgres-majors.ts';

export interface Flags {
  readonly minutes: number;
  readonly kills: number;
  readonly rate: number;
  readonly seed?: number;
  readonly postgres?: string;
}

/** Prints help or what is wrong, and then ends the process. */
export function parseFlags(argv: readonly string[]): Flags {
  const program = new Command('npm run test:chaos --')
    .description('Kills service, Postgres and endpoint at random under load, and draws the balance.')
    .addOption(new Option('--minutes <n>', 'at most so long').argParser(wholeNumberFrom(1)).default(10))
    .addOption(
      new Option('--kills <n>', 'at most so many')
        .argParser(wholeNumberFrom(1))
        .default(100_000, 'any number'),
    )
    .addOption(new Option('--rate <n>', 'changes a second').argParser(wholeNumberFrom(1)).default(550))
    .addOption(
      new Option('--seed <n>', 'what the faults are drawn from (default: another one each time)').argParser(
        wholeNumberFrom(0),
      ),
    )
    .addOption(
      new Option('--postgres <major>', 'which Postgres, from npm (default: 18)')
        .env('TEST_POSTGRES')
        .choices(knownMajors),
    )
    .allowExcessArguments(false)
    .showHelpAfterError('(--help lists the flags)');
  return program.parse(argv).opts<Flags>();
}

function wholeNumberFrom(least: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d+$/.test(text) || number < least || number >= 2 ** 31) {
      throw new InvalidArgumentError(`It takes a whole number from ${least}.`);
    }
    return number;
  };
}
