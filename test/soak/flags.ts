// The command line of `npm run soak`.
import { Command, InvalidArgumentError, Option } from 'commander';

export interface Flags {
  readonly minutes: number;
  readonly seconds?: number;
  readonly rate?: number;
  readonly webhooks: number;
  readonly deliveryLog?: string;
  readonly json?: boolean;
}

/** Prints help or what is wrong, and then ends the process. */
export function parseFlags(argv: readonly string[]): Flags {
  return new Command('npm run soak --')
    .description(
      'Runs the service under a constant load while some endpoints fail or hang, and checks memory, lag and every counter.',
    )
    .addOption(new Option('--minutes <n>', 'of load').argParser(wholeNumberFrom(1)).default(30))
    .addOption(new Option('--seconds <n>', 'of load, instead of minutes').argParser(wholeNumberFrom(5)))
    .addOption(
      new Option(
        '--rate <n>',
        'changes a second (default: half of what this machine can do, measured first)',
      ).argParser(wholeNumberFrom(1)),
    )
    .addOption(
      new Option('--webhooks <n>', 'of as many companies; of 20 one fails, of 100 one hangs')
        .argParser(wholeNumberFrom(3))
        .default(200),
    )
    .addOption(
      new Option('--delivery-log <which>', 'ROWHOOK_DELIVERY_LOG of the service (default: its own)').choices([
        'all',
        'errors',
        'off',
      ]),
    )
    .option('--json', 'print the result as JSON; progress goes to stderr')
    .allowExcessArguments(false)
    .showHelpAfterError('(--help lists the flags)')
    .parse(argv)
    .opts<Flags>();
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
