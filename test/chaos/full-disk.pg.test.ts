import { chown, cp, readdir, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import type { InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService, type LogLine } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { postmasterPid, waitUntilGone } from './crash.ts';
import { balance, createOrders, createWebhook, insertOneByOne, insertOrders, repeated } from './orders.ts';
import { startOwnCluster } from './own-cluster.ts';
import { mountSmallDisk } from './small-disk.ts';

const isNoSpace = ({ msg }: LogLine): boolean => msg.includes('No space left on device');
const why = 'this machine does not let the test mount a small file system';

test('no room for the books: the service claims nothing, and goes on by itself when there is room again', async ({
  skip,
}) => {
  await using cluster = await startOwnCluster();
  const { database, postgres } = cluster;
  await using disk = await mountSmallDisk(16, await stat(postgres.dataDir));
  if (disk === null) return skip(why);
  await database.admin.query(`create tablespace small location '${disk.folder}'`);
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await database.admin.query('alter table rowhook.journal set tablespace small');
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  await disk.fill();
  // A page or two may have room left.
  await insertOrders(database, 2, 5_000);
  await service.waitForLog(isNoSpace);
  await waitUntil(() => service.logs.filter(isNoSpace).length > 2, { describe: 'two more attempts' });
  expect(receiver.requests.length).toBeLessThan(5_000);
  await disk.free();
  const { interrupted } = await balance(database, receiver, { committed: 5_000 });
  expect(interrupted).toBe(0);
});

test('no room for the WAL: Postgres ends, and what was delivered before is not delivered again after', async ({
  skip,
}) => {
  await using cluster = await startOwnCluster({ max_wal_size: '32MB', restart_after_crash: 'off' });
  const { database, postgres } = cluster;
  await using disk = await mountSmallDisk(96, await stat(postgres.dataDir));
  if (disk === null) return skip(why);
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await postgres.stop();
  await moveWal(postgres.dataDir, disk.folder);
  await postgres.start();
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOneByOne(database, 1, 50);
  await waitForCounters(database.admin, { success: 50 });
  const postmaster = await postmasterPid(postgres);
  await disk.fill();
  await writeUntilItEnds(database);
  await waitUntilGone(postmaster);
  await waitUntil(() => service.logs.some(({ level }) => level === 'warn'), {
    describe: 'the service to notice',
  });
  await disk.free();
  await postgres.start();
  await service.ready();
  await insertOrders(database, 51);
  await waitForCounters(database.admin, { success: 51, error: 0 });
  expect(repeated(receiver.requests)).toEqual([]);
});

async function moveWal(dataDir: string, folder: string): Promise<void> {
  const [wal, moved] = [join(dataDir, 'pg_wal'), join(folder, 'wal')];
  const { uid, gid } = await stat(wal);
  await cp(wal, moved, { recursive: true });
  for (const name of ['', ...(await readdir(moved, { recursive: true }))])
    await chown(join(moved, name), uid, gid);
  await rm(wal, { recursive: true });
  await symlink(moved, wal);
}

/** In a table that no webhook watches. */
async function writeUntilItEnds(database: InstalledDatabase): Promise<void> {
  await database.admin.query('create table ballast (text text)');
  const isOver = async (): Promise<boolean> =>
    database.admin
      .query(`insert into ballast select repeat(md5(i::text), 30) from generate_series(1, 10000) i`)
      .then(
        () => false,
        () => true,
      );
  await waitUntil(isOver, { intervalMs: 1, describe: 'Postgres to end' });
}
