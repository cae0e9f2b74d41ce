/** What a test can do to processes: end all of a Postgres as a crash would, and see one that is frozen. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { waitUntil } from '../support/wait.ts';

/** SIGKILL for the postmaster and everything it started, at once; start it again with `postgres.start()`. */
export async function crashPostgres(postgres: EmbeddedPostgres): Promise<void> {
  const postmaster = await postmasterPid(postgres);
  const children = await readFile(`/proc/${postmaster}/task/${postmaster}/children`, 'utf8');
  for (const pid of [postmaster, ...children.trim().split(' ').map(Number)]) kill(pid);
  await waitUntilGone(postmaster);
}

export async function postmasterPid({ dataDir }: EmbeddedPostgres): Promise<number> {
  const [pid = ''] = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n');
  return Number(pid);
}

/** As whoever starts another in its place has to, lest it finds the first still there. */
export async function waitUntilGone(pid: number): Promise<void> {
  await waitUntil(async () => (await stateOf(pid)) === null, { describe: `process ${pid} to be gone` });
}

/** SIGKILL, for one that may be gone already. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** Until the process has stopped itself (state T). */
export async function waitUntilFrozen(pid: number): Promise<void> {
  await waitUntil(async () => await isFrozen(pid), {
    intervalMs: 5,
    describe: `process ${pid} to be frozen`,
  });
}

export async function isFrozen(pid: number): Promise<boolean> {
  return (await stateOf(pid)) === 'T';
}

/** As in proc_pid_stat(5); null when there is no such process. */
async function stateOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  // The name stands in parentheses and may hold some itself.
  return stat?.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) ?? null;
}
