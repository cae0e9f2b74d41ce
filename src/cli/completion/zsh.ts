/** The completion for zsh, to be sourced or kept as _rowhook in a folder of $fpath. */
import type { CommandWords } from './words.ts';
import { choicesByPlace, patterns, quoted, valuePlaces } from './shell.ts';

export function zshCompletion(commands: readonly CommandWords[]): string {
  const all = commands.map(({ path, words, options }) => {
    const described = [
      ...words,
      ...options.flatMap(({ flags, description }) => flags.map((text) => ({ text, description }))),
    ].map(({ text, description }) => quoted(description === '' ? text : `${text}:${description}`));
    return `        ${quoted(path)}) found=(${described.join(' ')}) ;;`;
  });
  const choices = choicesByPlace(commands).map(
    ([place, values]) => `    ${quoted(place)}) compset -P '*,'; found=(${values.map(quoted).join(' ')}) ;;`,
  );
  return `#compdef rowhook
# zsh completion for rowhook: source <(rowhook completion zsh), after compinit
_rowhook() {
  local at='' i previous=$words[CURRENT-1]
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "$at $words[i]" in
      ${patterns(commands)}) at="$at $words[i]" ;;
    esac
  done
  if compset -P '--*='; then previous=\${words[CURRENT]%%=*}; fi
  case "$at $previous" in
${choices.join('\n')}
    ${valuePlaces(commands)}) return 1 ;;
    *)
      case "$at" in
${all.join('\n')}
      esac ;;
  esac
  _describe rowhook found
}
if [ "$funcstack[1]" = _rowhook ]; then _rowhook "$@"; else compdef _rowhook rowhook; fi`;
}
