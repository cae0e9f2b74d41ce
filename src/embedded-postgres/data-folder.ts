/**
 * The data folder of an embedded Postgres: initialised once, as a whole or not at all, reused afterwards, always owned
 * by the user who runs Postgres, and readable by nobody else.
 */
import { randomBytes } from 'node:crypto';
import {
  constants,
  lchown,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ExitError } from '../exit-error.ts';
import type { Binaries } from './binaries.ts';
import type { FolderGuard } from './folder-guard.ts';
import { run, type OsUser } from './os-user.ts';

export interface DataFolderOptions {
  readonly dataDir: string;
  readonly user: OsUser;
  readonly binaries: Binaries;
  /** false: the data need not survive the machine's own crash, not even while it is being made. */
  readonly persistent: boolean;
  /** Of {@link stagingOf} this folder, and of the folder itself where it is not persistent. */
  readonly guard: FolderGuard;
}

const PASSWORD_FILE = 'rowhook-password';
const STAGING_SUFFIX = '.new-';

/** Makes the folder if it is not there, and returns the superuser's password. */
export async function openDataFolder(options: DataFolderOptions): Promise<string> {
  const { dataDir, binaries } = options;
  const entries = await readdir(dataDir).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw unusable(dataDir, String(error));
  });
  if (entries.length === 0) await initialise(options);
  const version = await readOwn(dataDir, 'PG_VERSION');
  if (version !== binaries.major) {
    throw unusable(dataDir, `it was made by Postgres ${version}, the installed one is ${binaries.major}`);
  }
  return readOwn(dataDir, PASSWORD_FILE);
}

async function readOwn(dataDir: string, name: string): Promise<string> {
  try {
    return (await readFile(join(dataDir, name), 'utf8')).trim();
  } catch (error) {
    throw unusable(dataDir, error instanceof Error ? error.message : String(error));
  }
}

/** Beside the folder, and of this process alone: one that was killed may not have ended yet. */
export function stagingOf(dataDir: string): string {
  return `${dataDir}${STAGING_SUFFIX}${process.pid}`;
}

/** Everything happens beside the folder, which gets its name last: a run that is killed here leaves nothing half made. */
async function initialise(options: DataFolderOptions): Promise<void> {
  const { dataDir, user, binaries, persistent, guard } = options;
  const staging = stagingOf(dataDir);
  const cluster = join(staging, 'cluster');
  const passwordFile = join(staging, PASSWORD_FILE);
  await removeLeftovers(dataDir);
  await mkdir(staging, { mode: 0o700 }).catch((error: unknown) => {
    throw unusable(dataDir, String(error));
  });
  try {
    // `wx` and lchown do not follow a link that somebody else may have put there.
    await writeFile(passwordFile, randomBytes(12).toString('hex'), { mode: 0o600, flag: 'wx' });
    if (user !== undefined) {
      await lchown(passwordFile, user.uid, user.gid);
      await lchown(staging, user.uid, user.gid);
    }
    const args = initdbArguments({ cluster, passwordFile, major: Number(binaries.major), persistent });
    const { code, output } = await run(binaries.initdb, args, user, {
      onOwnSession: (pid) => guard.programStarted(pid),
    });
    guard.programEnded();
    if (code !== 0) throw new ExitError(`initdb could not make ${dataDir}: ${output}`, { exitCode: 1 });
    await rename(passwordFile, join(cluster, PASSWORD_FILE));
    if (!persistent) guard.folderMade();
    await rename(cluster, dataDir);
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function initdbArguments(wanted: {
  readonly cluster: string;
  readonly passwordFile: string;
  readonly major: number;
  readonly persistent: boolean;
}): string[] {
  return [
    ...['--pgdata', wanted.cluster, '--username=postgres', '--pwfile', wanted.passwordFile],
    ...['--auth=scram-sha-256', '--encoding=UTF8', '--no-locale'],
    // The built-in locale provider (from Postgres 17 on) gives the same order and case rules on every machine.
    ...(wanted.major >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
    ...(wanted.persistent ? [] : ['--no-sync']),
  ];
}

/** Of a machine that went down meanwhile; after anything else the guard has tidied up, or still does. */
async function removeLeftovers(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}${STAGING_SUFFIX}`;
  for (const name of await readdir(dirname(dataDir)).catch(() => [])) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : NaN;
    if (!Number.isSafeInteger(pid) || (pid !== process.pid && isAlive(pid))) continue;
    await rm(join(dirname(dataDir), name), { recursive: true, force: true });
  }
}

/**
 * A killed run, or a machine that went down, leaves postmaster.pid behind, and its process id may by now be somebody
 * else's: Postgres would then refuse to start. A Postgres that is just stopping is waited for.
 */
export async function clearStalePid(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const graceEndsAt = Date.now() + 2_000;
  for (;;) {
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    const pid = Number(lines[0]);
    if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return;
    if (!(await isPostgresOf(dataDir, pid))) {
      // A Postgres that is ending takes its file away a moment after its process has gone.
      await replacePid(file, lines).catch((error: unknown) => {
        if (!isMissing(error)) throw error;
      });
      return;
    }
    if (lines[7]?.trim() !== 'stopping' && Date.now() > graceEndsAt) {
      throw new ExitError(`Postgres already runs in ${dataDir} (process ${pid}).`, {
        exitCode: 1,
        remedy: `Stop the rowhook that started it; if there is none any more: kill -INT ${pid}`,
      });
    }
    await delay(50);
  }
}

/**
 * Postgres takes its parent's process id for a leftover (CreateLockFile in miscinit.c), and we are the parent. The rest
 * of the file stays: from it Postgres sees whether processes of a crashed server still use the data.
 */
async function replacePid(file: string, lines: readonly string[]): Promise<void> {
  const handle = await open(file, constants.O_WRONLY | constants.O_TRUNC | constants.O_NOFOLLOW);
  try {
    await handle.writeFile([process.pid, ...lines.slice(1)].join('\n'));
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A postmaster's working directory is its data folder (Linux); elsewhere ps tells its command line. */
async function isPostgresOf(dataDir: string, pid: number): Promise<boolean> {
  if (process.platform === 'linux') {
    const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
    return folder !== undefined && folder === (await realpath(dataDir));
  }
  const { output } = await run('ps', ['-o', 'command=', '-p', String(pid)], undefined);
  return output.includes('postgres') && output.includes(dataDir);
}

/** The port of the last run, so that a DATABASE_URL which was copied somewhere stays right. */
export async function lastPort(dataDir: string): Promise<number | undefined> {
  const options = await readFile(join(dataDir, 'postmaster.opts'), 'utf8').catch(() => '');
  const port = /"-p" "(\d+)"/.exec(options)?.[1];
  return port === undefined ? undefined : Number(port);
}

/** Fails early and in plain words where the folder belongs to another user and we are not root. */
export async function checkOwner(dataDir: string): Promise<void> {
  const folder = await stat(dataDir).catch(() => undefined);
  const uid = process.getuid?.();
  if (folder === undefined || uid === undefined || uid === 0 || folder.uid === uid) return;
  throw unusable(dataDir, `it belongs to the user with the id ${folder.uid} (made by a run as root?)`);
}

function unusable(dataDir: string, reason: string): ExitError {
  return new ExitError(`The data folder ${dataDir} cannot be used: ${reason}.`, {
    exitCode: 3,
    remedy: `Move it away or remove it, and a new one is made; or use another copy of ${dirname(dataDir)}.`,
  });
}
