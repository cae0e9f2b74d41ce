/**
 * The folder of Postgres' user for what root's clone below a closed folder cannot offer: under the system's place for
 * the data of services, with a name that is the same at every start of this copy of rowhook.
 */
import { createHash } from 'node:crypto';
import { chmod, lchown, mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { OsUser } from './os-user.ts';

export function systemFolder(): string {
  const ourselves = resolve(import.meta.dirname, '../..');
  const id = createHash('sha256').update(ourselves).digest('hex').slice(0, 8);
  return join(process.platform === 'linux' ? '/var/lib' : '/var/db', `rowhook-${id}`);
}

export async function makeSystemFolder(user: NonNullable<OsUser>): Promise<string> {
  const folder = systemFolder();
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o755);
  await lchown(folder, user.uid, user.gid);
  return folder;
}
