/**
 * Which OS user runs Postgres. Postgres refuses to run as root, so for root it is another user: the owner of data that
 * already exists, else whose copy of rowhook this is, else a `postgres` user of the system, else one that is created.
 * For everybody else it is oneself.
 */
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ExitError } from '../exit-error.ts';
import { heldCommand, letGo } from './held-command.ts';

/** undefined: the user this process runs as. */
export type OsUser = { readonly uid: number; readonly gid: number; readonly name: string } | undefined;

export interface CommandResult {
  readonly code: number | null;
  readonly output: string;
}

const CREATED_USER = 'rowhook';
const KNOWN_USERS = ['postgres', '_postgres', CREATED_USER];

export async function chooseUser(dataDirs: readonly string[], log: (line: string) => void): Promise<OsUser> {
  if (process.getuid?.() !== 0) return undefined;
  for (const dataDir of dataDirs) {
    const existing = await stat(join(dataDir, 'PG_VERSION')).catch(() => undefined);
    if (existing === undefined || existing.uid === 0) continue;
    return { uid: existing.uid, gid: existing.gid, name: await nameOf(existing.uid) };
  }
  const { uid } = await stat(import.meta.dirname);
  const owner = uid === 0 ? undefined : await findUser(await nameOf(uid));
  if (owner !== undefined) return owner;
  for (const name of KNOWN_USERS) {
    const user = await findUser(name);
    if (user !== undefined) return user;
  }
  return createUser(log);
}

export interface RunOptions {
  /** In a session of its own, which Ctrl-C does not reach; told its process id before it begins. */
  readonly onOwnSession?: (pid: number) => void;
}

/** Runs a program to its end; a program that cannot be started is a result like any other. */
export function run(
  file: string,
  args: readonly string[],
  user: OsUser,
  { onOwnSession }: RunOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    // The working directory may be closed to that user, and PG… variables of our caller must not reach Postgres.
    const common = { cwd: '/', env: postgresEnvironment(), ...identity(user) };
    const child =
      onOwnSession === undefined
        ? spawn(file, args, { ...common, stdio: ['ignore', 'pipe', 'pipe'] })
        : spawn(...heldCommand(file, args), { ...common, detached: true, stdio: 'pipe' });
    let output = '';
    const collect = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => resolve({ code, output: output.trim() }));
    if (child.pid !== undefined) onOwnSession?.(child.pid);
    letGo(child);
  });
}

/** Asks the system itself, as that user: every folder above counts, and so do ACLs and mount options. */
export async function canEnter(folder: string, user: OsUser): Promise<boolean> {
  return (await run('/bin/sh', ['-c', 'test -x "$1/."', 'sh', folder], user)).code === 0;
}

export function identity(user: OsUser): { uid?: number; gid?: number } {
  return user === undefined ? {} : { uid: user.uid, gid: user.gid };
}

export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' };
}

async function nameOf(uid: number): Promise<string> {
  const { code, output } = await run('id', ['-un', String(uid)], undefined);
  return code === 0 ? output : `with the id ${uid}`;
}

async function findUser(name: string): Promise<OsUser> {
  const [uid, gid] = [await run('id', ['-u', name], undefined), await run('id', ['-g', name], undefined)];
  if (uid.code !== 0 || gid.code !== 0) return undefined;
  return { uid: Number(uid.output), gid: Number(gid.output), name };
}

async function createUser(log: (line: string) => void): Promise<OsUser> {
  const attempts: readonly (readonly [string, readonly string[]])[] = [
    ['useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/bin/false', CREATED_USER]],
    ['adduser', ['-S', '-D', '-H', '-s', '/bin/false', CREATED_USER]],
  ];
  const failures: string[] = [];
  for (const [command, args] of attempts) {
    const { output } = await run(command, args, undefined);
    const user = await findUser(CREATED_USER);
    if (user !== undefined) {
      log(
        `Postgres refuses to run as root and there is no user postgres: created the system user ${CREATED_USER}.`,
      );
      return user;
    }
    failures.push(`${command}: ${output}`);
  }
  throw new ExitError(
    `Postgres refuses to run as root, and no user for it could be created (${failures.join('; ')}).`,
    {
      exitCode: 1,
      remedy: 'Create a user named postgres, or run this as an ordinary user.',
    },
  );
}
