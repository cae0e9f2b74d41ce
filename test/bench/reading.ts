// How fast changes are read that nobody wants, against a reader that does nothing but receive the same log from a copy of the same slot:
// pg_recvlogical, with the options that the service uses, into /dev/null. Postgres decodes for both, which is most of the work. Each
// side counts from the moment in which its slot is in use until what was written last is received, or confirmed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import type { Figure, Measurement, Skipped } from './figure.ts';
import { createItems, createItemWebhooks, insertItems, type ItemChanges } from './items.ts';
import { interleave } from './rounds.ts';
import { missingTool } from './tool.ts';

const patience = { timeoutMs: 300_000, intervalMs: 5 };
const copiedSlot = 'rowhook_bench_reading';

const parts: readonly (ItemChanges & { readonly part: string; readonly othersWebhooks: number })[] = [
  { part: 'small transactions', count: 200_000, perTransaction: 1, othersWebhooks: 0 },
  { part: 'large transactions', count: 600_000, perTransaction: 1_000, othersWebhooks: 0 },
  { part: "other companies' webhooks", count: 600_000, perTransaction: 1_000, othersWebhooks: 1_000 },
];

export const reading: Figure = {
  name: 'reading',
  title: 'changes that nobody subscribed to, read from the log',
  rounds: 3,
  async measure({ postgresUrl, rounds }): Promise<Measurement[] | Skipped> {
    const missing = await missingTool('pg_recvlogical');
    if (missing !== null) return missing;
    const measurements: Measurement[] = [];
    for (const { part, othersWebhooks, ...changes } of parts) {
      await using database = await createInstalledDatabase(postgresUrl);
      const slot = await prepare(database, othersWebhooks);
      const sides = {
        baseline: async () => {
          await writeUnread(database, slot, changes);
          return await receive(database);
        },
        ours: async () => await read(database, slot),
      };
      measurements.push({
        part,
        unit: 'changes/s',
        baseline: 'pg_recvlogical into /dev/null',
        ours: 'rowhook',
        rounds: (await interleave(sides, { warmUp: 0, rounds })).map(({ baseline, ours }) => ({
          baseline: changes.count / baseline,
          ours: changes.count / ours,
        })),
        ratio: {
          meaning: 'of the bare reader',
          of: 'ours ÷ baseline',
          budget: { atLeast: 0.8 },
          aim: { atLeast: 0.95 },
        },
        facts: {
          changes: `${changes.count}, ${changes.perTransaction} per transaction`,
          'webhooks at the table': othersWebhooks === 0 ? 'none' : `${othersWebhooks}, of other companies`,
        },
      });
    }
    return measurements;
  },
};

/** The service has run once, so that it has a slot; returns its name. */
async function prepare(database: InstalledDatabase, othersWebhooks: number): Promise<string> {
  await createItems(database);
  await createItemWebhooks(database, { url: 'http://127.0.0.1:9/', companies: othersWebhooks });
  await using service = startQuietly(database);
  await service.ready();
  await service.kill('SIGTERM');
  return service.slot;
}

function startQuietly(database: InstalledDatabase): ReturnType<typeof startService> {
  return startService({ databaseUrl: database.serviceUrl, env: { ROWHOOK_LOG_LEVEL: 'info' } });
}

/** The copy of the slot stands where the service's does. */
async function writeUnread(database: InstalledDatabase, slot: string, changes: ItemChanges): Promise<void> {
  await insertItems(database, { ...changes, companies: 0 });
  await database.admin.query('select pg_copy_logical_replication_slot($1, $2, false)', [slot, copiedSlot]);
}

/** Seconds. */
async function receive(database: InstalledDatabase): Promise<number> {
  const { admin, adminUrl } = database;
  const [row = {}] = await admin.query('select pg_current_wal_lsn() as lsn');
  const options = ['--option=proto_version=1', '--option=publication_names=rowhook'];
  const files = ['--file=/dev/null', '--fsync-interval=0', '--no-loop'];
  const args = ['--start', `--slot=${copiedSlot}`, `--dbname=${adminUrl}`, `--endpos=${row['lsn']}`];
  const received = promisify(execFile)('pg_recvlogical', [...args, ...options, ...files]);
  const beganAt = await startOfUse(database, copiedSlot);
  await received;
  const seconds = (performance.now() - beganAt) / 1000;
  await admin.query('select pg_drop_replication_slot($1)', [copiedSlot]);
  return seconds;
}

/** Seconds. */
async function read(database: InstalledDatabase, slot: string): Promise<number> {
  const { admin } = database;
  const [mark = {}] = await admin.query('select pg_current_wal_lsn() as lsn');
  await using service = startQuietly(database);
  const beganAt = await startOfUse(database, slot);
  await waitUntil(
    async () => {
      const [row = {}] = await admin.query(
        'select confirmed_flush_lsn >= $2 as is_past from pg_replication_slots where slot_name = $1',
        [slot, mark['lsn']],
      );
      return row['is_past'] === 't';
    },
    { ...patience, describe: 'the service to have read everything' },
  );
  const seconds = (performance.now() - beganAt) / 1000;
  await service.kill('SIGTERM');
  return seconds;
}

async function startOfUse({ admin }: InstalledDatabase, slot: string): Promise<number> {
  return await waitUntil(
    async () => {
      const [row = {}] = await admin.query('select active from pg_replication_slots where slot_name = $1', [
        slot,
      ]);
      return row['active'] === 't' ? performance.now() : null;
    },
    { ...patience, describe: `the slot ${slot} to be in use` },
  );
}
