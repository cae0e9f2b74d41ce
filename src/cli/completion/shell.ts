/** What the completions for bash and zsh share: quoting, and the patterns of their `case`. Places are `' webhook create --breaker'`. */
import type { CommandWords } from './words.ts';

export function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** The paths of all commands. */
export function patterns(commands: readonly CommandWords[]): string {
  return commands.flatMap(({ path }) => (path === '' ? [] : [quoted(path)])).join('|');
}

/** Where a value stands that can be named. */
export function choicesByPlace(commands: readonly CommandWords[]): [string, readonly string[]][] {
  return commands.flatMap(({ path, options }) =>
    options
      .filter(({ choices }) => choices.length > 0)
      .flatMap(({ flags, choices }) =>
        flags.map((flag): [string, readonly string[]] => [`${path} ${flag}`, choices]),
      ),
  );
}

/** Where one stands that only the user knows. */
export function valuePlaces(commands: readonly CommandWords[]): string {
  const places = commands.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue, choices }) => takesValue && choices.length === 0)
      .flatMap(({ flags }) => flags.map((flag) => quoted(`${path} ${flag}`))),
  );
  return places.join('|');
}
