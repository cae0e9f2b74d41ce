/** The command line: every command in the order of its help. What commander itself refuses is wrong usage. */
import { Command, CommanderError } from 'commander';
import { ExitError } from '../exit-error.ts';
import { packageVersion } from '../package-version.ts';
import type { CliContext } from './context.ts';
import { addCompletion } from './completion.ts';
import { addDeliveries } from './deliveries.ts';
import { addDemo } from './demo-command.ts';
import { addDisable } from './disable.ts';
import { addEnable } from './enable.ts';
import { addForget } from './forget.ts';
import { addInspect } from './inspect.ts';
import { addInstall } from './install.ts';
import { addLosses } from './losses.ts';
import { addResend } from './resend.ts';
import { addSlot } from './slot.ts';
import { addStart } from './start.ts';
import { addStatus } from './status.ts';
import { addToken } from './token.ts';
import { addUninstall } from './uninstall.ts';
import { addWebhook } from './webhook.ts';
import { addWhy } from './why.ts';

export function createProgram(context: CliContext): Command {
  const program = new Command('rowhook')
    .description('Row changes in Postgres become webhooks: at most once, per company, without triggers.')
    .version(packageVersion(), '-V, --version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.write(text.trimEnd()),
      // commander's own words are thrown as an error too; the process' edge prints that one.
      writeErr: () => undefined,
    })
    .addHelpText(
      'after',
      '\nExamples:\n  rowhook demo\n  DATABASE_URL=postgres://user:password@localhost:5432/erp rowhook status',
    );
  addDemo(program, context);
  addStart(program, context);
  addInstall(program, context);
  addUninstall(program, context);
  addEnable(program, context);
  addDisable(program, context);
  addInspect(program, context);
  addStatus(program, context);
  addWebhook(program, context);
  addDeliveries(program, context);
  addResend(program, context);
  addWhy(program, context);
  addLosses(program, context);
  addForget(program, context);
  addToken(program, context);
  addSlot(program, context);
  addCompletion(program, context);
  return program;
}

/** @throws {ExitError} for wrong usage (code 2) and for whatever a command throws. */
export async function runProgram(program: Command, argv: readonly string[]): Promise<void> {
  try {
    await program.parseAsync(argv);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    throw usageError(program, argv, error);
  }
}

/** error: unknown command 'stat' (Did you mean status?); without a command: (outputHelp) */
function usageError(program: Command, argv: readonly string[], error: CommanderError): ExitError {
  const path = commandPath(program, argv.slice(2));
  if (error.code === 'commander.help') {
    return new ExitError('a command is missing', { exitCode: 2, remedy: path.help.trimEnd() });
  }
  const message = error.message.replace(/^error: /, '');
  return new ExitError(message, { exitCode: 2, remedy: `See: ${path.name} --help`, cause: error });
}

function commandPath(program: Command, words: readonly string[]): { name: string; help: string } {
  let command = program;
  let name = program.name();
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word);
    if (next === undefined) break;
    command = next;
    name += ` ${word}`;
  }
  return { name, help: command.helpInformation() };
}
