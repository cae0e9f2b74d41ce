/** Before the browser tests: the console as `npm run build` makes it. */
import { build } from 'vite';

export async function setup(): Promise<void> {
  await build({ configFile: 'vite.config.ts', logLevel: 'error' });
}
