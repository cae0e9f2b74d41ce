/** How a command that fails ends: what stands on stderr, and the exit code. */
import { ExitError } from '../exit-error.ts';

export function describeFailure(error: unknown): { readonly text: string; readonly exitCode: number } {
  if (error instanceof ExitError) {
    const remedy = error.remedy === undefined ? '' : `\n${error.remedy}`;
    return { text: `rowhook: ${error.message}${remedy}`, exitCode: error.exitCode };
  }
  const stack = error instanceof Error ? error.stack : String(error);
  return { text: `rowhook: unexpected error\n${stack ?? ''}`, exitCode: 1 };
}
