/** The command line in this process, for tests of what it says that need no process of their own: many of them in little time. */
import { describeFailure } from '../../src/cli/failure.ts';
import { createProgram, runProgram } from '../../src/cli/program.ts';
import type { CliContext } from '../../src/cli/context.ts';
import { asJson, type CliResult } from './run-cli.ts';

let isRunning = false;

/** One at a time: the environment is the process' own. Nothing of the developer's ROWHOOK_… and PG… variables reaches it. */
export async function runHere(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  terminal: Partial<CliContext> = {},
): Promise<CliResult> {
  if (isRunning) throw new Error('one command at a time, for the environment is the process’ own');
  let [stdout, stderr] = ['', ''];
  const program = createProgram({
    columns: undefined,
    hasColors: false,
    write: (text) => (stdout += `${text}\n`),
    warn: (text) => (stderr += `${text}\n`),
    stopSignal: () => new AbortController().signal,
    ...terminal,
  });
  const own = process.env;
  process.env = { ...env };
  isRunning = true;
  try {
    await runProgram(program, ['node', 'rowhook', ...args]);
    return { exitCode: 0, stdout, stderr };
  } catch (error) {
    const { text, exitCode } = describeFailure(error);
    return { exitCode, stdout, stderr: `${stderr}${text}\n` };
  } finally {
    process.env = own;
    isRunning = false;
  }
}

/** With `--json`: what was printed; throws with stderr when there is no JSON. */
export async function runJsonHere(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; json: unknown }> {
  return asJson(await runHere([...args, '--json'], env));
}
