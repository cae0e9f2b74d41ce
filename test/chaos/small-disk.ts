/**
 * A file system of a few megabytes that a test can fill. A shell of its own mounts it, and unmounts it when the pipe to it closes, so
 * that nothing stays mounted, however the test ends. Only where mounting is allowed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SmallDisk extends AsyncDisposable {
  readonly folder: string;
  /** Until there is no room for another byte. */
  fill(): Promise<void>;
  /** All that `fill` took. */
  free(): Promise<void>;
}

const script = `mount -t tmpfs -o "size=$1,uid=$2,gid=$3,mode=700" rowhook-test "$0" || exit 1
echo mounted
read -r _
umount -l "$0" && rmdir "$0"`;

/** Null where this machine does not let us mount. */
export async function mountSmallDisk(
  megabytes: number,
  owner: { readonly uid: number; readonly gid: number },
): Promise<SmallDisk | null> {
  const folder = await mkdtemp(join(tmpdir(), 'rowhook-disk-'));
  const args = [folder, `${megabytes}m`, String(owner.uid), String(owner.gid)];
  const shell = spawn('/bin/sh', ['-c', script, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  const exited = once(shell, 'exit');
  const isMounted = await Promise.race([
    once(shell.stdout, 'data').then(() => true),
    exited.then(() => false),
  ]);
  if (!isMounted) {
    await rm(folder, { recursive: true });
    return null;
  }
  return diskAt(folder, shell, exited);
}

function diskAt(folder: string, shell: ChildProcess, exited: Promise<unknown>): SmallDisk {
  const filler = join(folder, 'filler');
  return {
    folder,
    fill: async () => {
      for (let bytes = 1 << 20; bytes >= 1 << 12;) {
        try {
          await writeFile(filler, Buffer.alloc(bytes), { flag: 'a' });
        } catch {
          bytes /= 2;
        }
      }
    },
    free: async () => await truncate(filler, 0),
    [Symbol.asyncDispose]: async () => {
      shell.stdin?.end('done\n');
      await exited;
    },
  };
}
