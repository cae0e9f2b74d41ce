// The command line of `npm run bench`.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Figure } from './figure.ts';
import { figureNamed, figures } from './figures.ts';

export interface Flags {
  readonly only?: readonly Figure[];
  readonly rounds: number;
  readonly json?: boolean;
}

/** Prints help or what is wrong, and then ends the process. */
export function parseFlags(argv: readonly string[]): Flags {
  return new Command('npm run bench --')
    .description('Measures figures of speed, each as a ratio to a baseline within this run.')
    .addOption(
      new Option('--only <name>', 'this figure and no other; may be repeated').argParser(
        (name, chosen: readonly Figure[] | undefined) => [...(chosen ?? []), figureNamed(name)],
      ),
    )
    .option('--rounds <number>', 'how often both sides are measured, in turn', wholeNumber, 11)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', `\nFigures:\n${figures.map(({ name, title }) => `  ${name}  ${title}`).join('\n')}`)
    .showHelpAfterError('(--help lists flags and figures)')
    .parse(argv)
    .opts<Flags>();
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It takes a whole number from 1.');
  return number;
}
