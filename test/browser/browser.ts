/** A Chromium that is there already, or the one that playwright's own download left. */
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** The first of these programs on the PATH, or what ROWHOOK_TEST_BROWSER names; null: there is none. */
export function findBrowser(env: NodeJS.ProcessEnv = process.env): string | null {
  const named = env['ROWHOOK_TEST_BROWSER'];
  if (named !== undefined && named !== '') return named;
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const found = folders.flatMap((folder) => names.map((name) => join(folder, name))).find(isProgram);
  if (found !== undefined) return found;
  const downloaded = chromium.executablePath();
  return isProgram(downloaded) ? downloaded : null;
}

/** @throws when there is no browser: it says how to get one. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = findBrowser();
  if (executablePath === null) {
    throw new Error(
      'There is no Chromium or Chrome on the PATH. Install one (apt-get install chromium), name one in ROWHOOK_TEST_BROWSER, ' +
        'or run: npx playwright-core install chromium-headless-shell',
    );
  }
  // Root, as in containers, has no sandbox; the pages are our own. /dev/shm is small there.
  const args = ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'];
  return await chromium.launch({ executablePath, args });
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
