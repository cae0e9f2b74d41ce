/** What may stand on the command line, read from the program itself: for each command its subcommands, options and values. Pure. */
import type { Command, Option } from 'commander';

export interface Word {
  readonly text: string;
  readonly description: string;
}

export interface OptionWords {
  /** `--json`, or `-h` and `--help`. */
  readonly flags: readonly string[];
  readonly description: string;
  readonly takesValue: boolean;
  /** Empty where only the user knows the value. */
  readonly choices: readonly string[];
}

export interface CommandWords {
  /** The words that lead to it, each after a blank: `' webhook create'`; the program's own is empty. */
  readonly path: string;
  /** Subcommands, or the values of its first argument. */
  readonly words: readonly Word[];
  readonly options: readonly OptionWords[];
}

/** The program first. */
export function readWords(command: Command, path = ''): CommandWords[] {
  const help = command.createHelp();
  const commands = help.visibleCommands(command);
  const names = commands.map((each) => ({
    text: each.name(),
    description: firstSentence(each.description()),
  }));
  const choices = command.registeredArguments[0]?.argChoices ?? [];
  const own: CommandWords = {
    path,
    words: [...names, ...choices.map((text) => ({ text, description: '' }))],
    options: help.visibleOptions(command).map(toOption),
  };
  const others = commands.flatMap((each): CommandWords[] => {
    const at = `${path} ${each.name()}`;
    // What commander adds by itself: `rowhook help webhook`.
    return each.name() === 'help' ? [{ path: at, words: names, options: [] }] : readWords(each, at);
  });
  return [own, ...others];
}

function toOption({ short, long, description, required, optional, argChoices }: Option): OptionWords {
  return {
    flags: [short, long].filter((flag) => flag !== undefined),
    description: firstSentence(description),
    takesValue: required || optional,
    choices: argChoices ?? [],
  };
}

function firstSentence(text: string): string {
  return text.split(/[;:(]/, 1)[0]?.trim() ?? '';
}
