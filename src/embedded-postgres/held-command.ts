/**
 * A program that begins only when it is told to: in between its process id is given to whoever ends it should we be
 * killed, so that there is no moment in which it runs and nobody knows of it. When we are gone before that, it never begins.
 */
import type { ChildProcess } from 'node:child_process';

/** For spawn, with a pipe as stdin; the process id stays the same. */
export function heldCommand(file: string, args: readonly string[]): readonly [string, readonly string[]] {
  return ['/bin/sh', ['-c', 'read -r _ && exec "$0" "$@" </dev/null', file, ...args]];
}

export function letGo({ stdin }: ChildProcess): void {
  stdin?.on('error', () => undefined);
  stdin?.end('begin\n');
}
