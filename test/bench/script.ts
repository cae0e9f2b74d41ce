// A script of this folder as a process of its own, which says its result as one line of JSON at its end.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export interface ScriptOptions {
  readonly env?: Readonly<Record<string, string>>;
}

/** `options` is its only argument, as JSON. */
export async function runScript<T>(
  script: string,
  options: unknown,
  { env = {} }: ScriptOptions = {},
): Promise<T> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [path, JSON.stringify(options)], {
    env: { ...process.env, ...env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return JSON.parse(stdout) as T;
}
