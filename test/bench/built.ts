// The service as it is installed from its package: JavaScript that is built beforehand. From its sources Node also holds what turns
// TypeScript into that, about 30 MB.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../..');

/** Builds `dist/`, as `npm run build` does; returns what Node has to run. */
export async function buildService(): Promise<string> {
  const tsc = resolve(root, 'node_modules/typescript/bin/tsc');
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json'], { cwd: root });
  return resolve(root, 'dist/main.js');
}
