// The command line of `npm run bench`.
import { Command, InvalidArgumentError, Option } from 'commander';
import type { DeliveryLog, Figure } from './figure.ts';
import { figureNamed, figures } from './figures.ts';

export interface Flags {
  readonly only?: readonly Figure[];
  readonly sweep?: boolean;
  readonly rounds?: number;
  readonly log?: readonly DeliveryLog[];
  readonly json?: boolean;
}

const logs: readonly DeliveryLog[] = ['all', 'errors', 'off'];

/** Prints help or what is wrong, and then ends the process. */
export function parseFlags(argv: readonly string[]): Flags {
  return new Command('npm run bench --')
    .description('Measures figures of speed, each as a ratio to a baseline within this run.')
    .addOption(
      new Option('--only <name>', 'this figure and no other; may be repeated').argParser(
        (name, chosen: readonly Figure[] | undefined) => [...(chosen ?? []), figureNamed(name)],
      ),
    )
    .option('--sweep', 'the tables of rates over many settings, and nothing else')
    .option('--rounds <number>', 'how often both sides are measured, in turn', wholeNumber)
    .addOption(
      new Option('--log <setting>', `of the delivery log: ${logs.join(', ')}; may be repeated`).argParser(
        (setting, chosen: readonly DeliveryLog[] | undefined) => [...(chosen ?? []), logSetting(setting)],
      ),
    )
    .option('--json', 'print the result as JSON')
    .addHelpText('after', () => `\n${list('Figures', false)}\n\n${list('Tables of --sweep', true)}`)
    .showHelpAfterError('(--help lists flags and figures)')
    .parse(argv)
    .opts<Flags>();
}

/** What to measure, by what the command line says. */
export function chosenFigures({ only, sweep: isSweep = false }: Flags): readonly Figure[] {
  return only ?? figures.filter((figure) => (figure.isSweep ?? false) === isSweep);
}

function list(heading: string, isSweep: boolean): string {
  const lines = chosenFigures({ sweep: isSweep }).map(({ name, title }) => `  ${name}  ${title}`);
  return `${heading}:\n${lines.join('\n')}`;
}

function logSetting(text: string): DeliveryLog {
  const setting = logs.find((known) => known === text);
  if (setting === undefined) throw new InvalidArgumentError(`It takes ${logs.join(', ')}.`);
  return setting;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number) || number < 1)
    throw new InvalidArgumentError('It takes a whole number from 1.');
  return number;
}
