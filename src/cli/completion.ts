/** `rowhook completion`: a script that lets a shell complete commands, options and values, made from the program itself. */
import { Argument, type Command } from 'commander';
import { bashCompletion } from './completion/bash.ts';
import { fishCompletion } from './completion/fish.ts';
import { readWords, type CommandWords } from './completion/words.ts';
import { zshCompletion } from './completion/zsh.ts';
import { addExample, type CliContext } from './context.ts';

const shells = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const satisfies Record<
  string,
  (commands: readonly CommandWords[]) => string
>;

export function addCompletion(program: Command, context: CliContext): void {
  const command = program
    .command('completion')
    .description('print a script that completes commands, options and values in a shell')
    .addArgument(new Argument('<shell>', 'for which shell').choices(Object.keys(shells)))
    .action((shell: keyof typeof shells) => {
      context.write(shells[shell](readWords(program)));
    });
  addExample(
    command,
    'source <(rowhook completion bash)    # in ~/.bashrc; for zsh in ~/.zshrc, after compinit',
    'rowhook completion fish | source     # in ~/.config/fish/config.fish',
  );
}
