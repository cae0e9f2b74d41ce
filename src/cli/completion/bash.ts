/** The completion for bash, 3.2 and newer. Values that are separated by commas are completed one by one. */
import type { CommandWords } from './words.ts';
import { choicesByPlace, patterns, quoted, valuePlaces } from './shell.ts';

export function bashCompletion(commands: readonly CommandWords[]): string {
  const all = commands.map(({ path, words, options }) => {
    const texts = [...words.map(({ text }) => text), ...options.flatMap(({ flags }) => flags)];
    return `        ${quoted(path)}) words=${quoted(texts.join(' '))} ;;`;
  });
  const choices = choicesByPlace(commands).map(
    ([place, values]) => `    ${quoted(place)}) words=${quoted(values.join(' '))} ;;`,
  );
  return `# bash completion for rowhook: source <(rowhook completion bash)
_rowhook() {
  local cur=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} at='' words='' i
  # bash takes --option=value apart.
  if [ "$cur" = '=' ]; then cur=''
  elif [ "$previous" = '=' ]; then previous=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${patterns(commands)}) at="$at \${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $previous" in
${choices.join('\n')}
    ${valuePlaces(commands)}) return ;;
    *)
      case "$at" in
${all.join('\n')}
      esac ;;
  esac
  COMPREPLY=($(compgen -P "\${cur%"\${cur##*,}"}" -W "$words" -- "\${cur##*,}"))
}
complete -F _rowhook rowhook`;
}
