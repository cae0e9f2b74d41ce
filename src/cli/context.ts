/** What a command may ask of the process around it, and the environment as commands read it. */
import type { Command } from 'commander';
import { readEnvironment } from '../config.ts';
import type { Config } from '../config.ts';
import type { Terminal } from './output.ts';

export interface CliContext extends Terminal {
  /** Text for stdout, without the final newline. */
  write(text: string): void;
  /** Text for stderr, without the final newline. */
  warn(text: string): void;
  /**
   * For commands that end by themselves when asked to: once called, the first SIGTERM or SIGINT aborts the signal instead
   * of ending the process.
   */
  stopSignal(): AbortSignal;
}

/** @throws {ExitError} code 2 for everything that is wrong with the environment. */
export function readConfiguration(context: CliContext, { needsDatabase = true } = {}): Config {
  const { config, warnings } = readEnvironment({ needsDatabase });
  for (const warning of warnings) context.warn(`warning: ${warning}`);
  return config;
}

export function addExample(command: Command, ...lines: readonly string[]): Command {
  const title = lines.length === 1 ? 'Example:' : 'Examples:';
  return command.addHelpText('after', ['', title, ...lines.map((line) => `  ${line}`)].join('\n'));
}

export function addJsonOption(command: Command): Command {
  return command.option('--json', 'print JSON');
}
