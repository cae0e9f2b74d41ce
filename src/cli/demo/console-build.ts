// The console for a clone that runs its sources: built when it is missing, or older than what it is made of. The package has it already.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');
const built = join(root, 'dist/console/index.html');
const sources = join(root, 'src/http/console');

/** Without it the demo goes on: what is missing is said, and so it is by the service. */
export async function buildConsole(write: (line: string) => void): Promise<void> {
  if (!isStale()) return;
  write('Building the console, its web page.');
  try {
    const { build } = await import('vite');
    await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'error' });
  } catch (error) {
    write(`The console could not be built: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function isStale(): boolean {
  const newest = newestIn(sources);
  if (newest === null) return false;
  const page = statSync(built, { throwIfNoEntry: false });
  return page === undefined || page.mtimeMs < newest;
}

/** Null: the sources are not here. */
function newestIn(folder: string): number | null {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return null;
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...files.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}
