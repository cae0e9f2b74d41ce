/** The completion for fish. */
import type { CommandWords, OptionWords } from './words.ts';

export function fishCompletion(commands: readonly CommandWords[]): string {
  const paths = commands.flatMap(({ path }) => (path === '' ? [] : [quoted(path)]));
  const lines = commands.flatMap(({ path, words, options }) => {
    const when = `complete -c rowhook -n ${quoted(`__rowhook_at ${quoted(path)}`)}`;
    return [
      ...words.map(({ text, description }) => `${when} -a ${quoted(text)}${described(description)}`),
      ...options.map((option) => `${when} ${optionOf(option)}${described(option.description)}`),
    ];
  });
  return `# fish completion for rowhook: rowhook completion fish | source
function __rowhook_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        switch "$at $word"
            case ${paths.join(' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c rowhook -f
${lines.join('\n')}`;
}

function optionOf({ flags, takesValue, choices }: OptionWords): string {
  const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const values = choices.length === 0 ? '' : ` -a ${quoted(choices.join(' '))}`;
  return `${names.join(' ')}${takesValue ? ' -x' : ''}${values}`;
}

function described(text: string): string {
  return text === '' ? '' : ` -d ${quoted(text)}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}
