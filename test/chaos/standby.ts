/**
 * A streaming standby of a test's own Postgres, and the address under which clients find whichever of the two is the primary. The
 * programs from npm have no pg_basebackup: the files are copied between pg_backup_start and pg_backup_stop.
 */
import { execFile } from 'node:child_process';
import { chmod, lchown, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { connect, QueryPool } from '../support/queryable.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { newDataFolder, ownMajor, startTestPostgres } from '../support/test-postgres.ts';
import { waitUntil } from '../support/wait.ts';

export interface Pair extends AsyncDisposable {
  readonly primary: EmbeddedPostgres;
  readonly standby: EmbeddedPostgres;
  /** In front of the primary, whichever that is. */
  readonly address: TcpProxy;
  /** Found by that address, so that it outlives a promotion. */
  readonly database: InstalledDatabase;
  /** Until the standby has all that the primary has written so far. */
  caughtUp(): Promise<void>;
  /** Until the standby's copy of the slot is one that a promotion keeps. From 17 on. */
  slotSynchronised(slot: string): Promise<void>;
  /** From now on nothing reaches the standby. */
  freeze(): void;
  /** Makes the standby the primary, and the address lead to it. */
  promote(): Promise<void>;
  /** Stops the primary once the standby has all of it, and promotes that. */
  switchOver(): Promise<void>;
}

const quiet = { autovacuum: 'off', checkpoint_timeout: '1h' };
const standbySlot = 'standby';
const notCopied = new Set(['pg_wal', 'pg_replslot', 'postmaster.pid', 'postmaster.opts']);

export async function startPair(): Promise<Pair> {
  await using open = new AsyncDisposableStack();
  const primary = open.use(await startTestPostgres({ settings: quiet }));
  const address = open.use(await startTcpProxy(primary.url));
  const database = await createInstalledDatabase(address.url);
  const line = open.use(await startTcpProxy(primary.url));
  const dataDir = await copyForStandby(primary);
  const connection = new URL(line.url);
  const conninfo =
    `host=127.0.0.1 port=${connection.port} user=postgres password=${connection.password} ` +
    `dbname=${database.name} application_name=${standbySlot}`;
  const settings = {
    ...quiet,
    primary_conninfo: conninfo,
    primary_slot_name: standbySlot,
    hot_standby_feedback: 'on',
    wal_receiver_status_interval: '1s',
    wal_retrieve_retry_interval: '200ms',
  };
  const standby = open.use(await startTestPostgres({ dataDir, settings }));
  const standbyUrl = new URL(standby.url);
  standbyUrl.pathname = `/${database.name}`;
  const onStandby = open.use(new QueryPool(standbyUrl.href));
  const promote = async (): Promise<void> => {
    await onStandby.query('select pg_promote()');
    address.pointTo(standby.url);
    address.cut();
    // Their pools may still hand out a connection that was cut.
    for (const login of [database.admin, database.dba, database.app]) {
      const isThere = (): Promise<boolean> =>
        login.query('select 1').then(
          () => true,
          () => false,
        );
      await waitUntil(isThere, { describe: `${login.url} to lead to the new primary` });
    }
  };
  const kept = open.move();
  return {
    primary,
    standby,
    address,
    database,
    caughtUp: async () => {
      const [row] = await database.admin.query('select pg_current_wal_lsn()::text as lsn');
      await waitUntil(
        async () => {
          const [there] = await onStandby.query(`select pg_last_wal_replay_lsn() >= $1::pg_lsn as is_there`, [
            row?.['lsn'],
          ]);
          return there?.['is_there'] === 't';
        },
        { describe: `the standby to have ${row?.['lsn']}` },
      );
    },
    slotSynchronised: async (slot) => {
      await waitUntil(
        async () => {
          await database.admin.query('select pg_log_standby_snapshot()');
          await onStandby.query('select pg_sync_replication_slots()');
          const [row] = await onStandby.query(
            `select 1 from pg_replication_slots where slot_name = $1 and synced and not temporary`,
            [slot],
          );
          return row !== undefined;
        },
        { intervalMs: 100, describe: `the slot ${slot} to be synchronised` },
      );
    },
    freeze: () => {
      line.refuse();
      line.cut();
    },
    promote,
    switchOver: async () => {
      await primary.stop('fast');
      await promote();
    },
    [Symbol.asyncDispose]: async () => {
      await kept.disposeAsync();
    },
  };
}
async function copyForStandby(primary: EmbeddedPostgres): Promise<string> {
  const dataDir = newDataFolder();
  await using server = await connect(primary.url);
  await server.query(`select pg_create_physical_replication_slot('${standbySlot}', true)`);
  const [start, stop] =
    ownMajor >= 15
      ? [`pg_backup_start('standby', true)`, 'pg_backup_stop(false)']
      : [`pg_start_backup('standby', true, false)`, 'pg_stop_backup(false, false)'];
  await server.query(`select ${start}`);
  const { uid, gid } = await stat(primary.dataDir);
  await mkdir(dataDir, { mode: 0o700 });
  const names = (await readdir(primary.dataDir)).filter((name) => !notCopied.has(name));
  await promisify(execFile)('cp', ['-a', ...names.map((name) => join(primary.dataDir, name)), dataDir]);
  for (const name of ['pg_wal', 'pg_replslot']) {
    await mkdir(join(dataDir, name), { mode: 0o700 });
    await lchown(join(dataDir, name), uid, gid);
  }
  const [label] = await server.query(`select labelfile from ${stop}`);
  const files = { backup_label: label?.['labelfile'] ?? '', 'standby.signal': '' };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(dataDir, name), text, { mode: 0o600 });
    await lchown(join(dataDir, name), uid, gid);
  }
  await lchown(dataDir, uid, gid);
  await chmod(dataDir, 0o700);
  return dataDir;
}
