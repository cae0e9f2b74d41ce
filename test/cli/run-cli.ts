/** The command line as people meet it: a process of its own, with its streams and its exit code. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { childEnvironment } from '../support/child-environment.ts';

export interface CliResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const root = resolve(import.meta.dirname, '../..');

/** Nothing of the developer's own ROWHOOK_… and PG… variables reaches it. */
export function runCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd = root,
): Promise<CliResult> {
  return new Promise((done) => {
    const options = { cwd, env: childEnvironment(env) };
    const child = execFile(process.execPath, ['src/main.ts', ...args], options, (_error, stdout, stderr) => {
      done({ exitCode: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

/** Runs with `--json` and returns what was printed; throws with stderr when there is no JSON. */
export async function runJson(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ exitCode: number; json: unknown }> {
  return asJson(await runCli([...args, '--json'], env));
}

export function asJson({ exitCode, stdout, stderr }: CliResult): { exitCode: number; json: unknown } {
  if (stdout === '') throw new Error(`nothing on stdout (exit code ${exitCode}): ${stderr}`);
  return { exitCode, json: JSON.parse(stdout) as unknown };
}
