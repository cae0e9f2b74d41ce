/** What a process of rowhook gets that a test starts: nothing of the developer's own ROWHOOK_… and PG… variables. */
import { resolve } from 'node:path';

/** Node keeps there what it has compiled, for the next process: most tests start several, and each loads the same modules. */
const compileCache = resolve(import.meta.dirname, '../../node_modules/.cache/rowhook-tests');

export function childEnvironment(
  own: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> {
  return { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: compileCache, ...own };
}
