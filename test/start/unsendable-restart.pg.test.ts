// What is noted of a transaction that Postgres cannot send stays true to what happens next: `status` shows it, a Postgres that crashed may
// send it again after it was skipped, and one that was sent after all is not skipped.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Check } from '../../src/checks/check.ts';
import { startOwnCluster } from '../chaos/own-cluster.ts';
import { runHere, runJsonHere } from '../cli/cli-here.ts';
import type { CliResult } from '../cli/run-cli.ts';
import { waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';

// Stored in 2 MB, 1.3 GB long when printed.
const bits = `(select x || x || x || x from (select x || x || x || x as x from (select 0::bit(83886080)::varbit as x) x) x)`;
const lsnIn = /rowhook slot skip ([0-9A-F]+\/[0-9A-F]+) --accept-gap/;

function environmentOf(database: InstalledDatabase): Record<string, string> {
  return { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: database.name };
}

async function skip(database: InstalledDatabase, lsn: string): Promise<CliResult> {
  return await runHere(['slot', 'skip', lsn, '--accept-gap'], environmentOf(database));
}

async function shown(database: InstalledDatabase): Promise<Check | undefined> {
  const { json } = await runJsonHere(['status'], environmentOf(database));
  return (json as { checks: Check[] }).checks.find(({ check }) => check === 'unsendable transaction');
}

/** The service starts, and ends at such a transaction; where. */
async function endAt(database: InstalledDatabase): Promise<string | undefined> {
  await using service = startService({ databaseUrl: database.serviceUrl });
  expect(await service.exited).toMatchObject({ code: 3 });
  return lsnIn.exec(service.output)?.[1];
}

test('status shows the transaction until it is passed; after a crash of Postgres that sends it once more, `slot skip` goes on again', async () => {
  await using cluster = await startOwnCluster();
  const { database, postgres } = cluster;
  await using receiver = await startReceiver();
  await database.dba.query(`create table note (id int primary key, "companyId" text, bits varbit)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
  await database
    .appAs('acme')
    .query(
      `insert into rowhook.webhook (name, table_name, url, on_insert) values ('all', 'note', $1, true)`,
      [receiver.url],
    );
  const insert = async (id: number): Promise<void> => {
    await database.app.query(`insert into note values ($1, 'acme')`, [id]);
  };
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await insert(1);
    await waitForCounters(database.admin, { success: 1 });
    await service.kill('SIGTERM');
  }
  expect(await shown(database)).toBeUndefined();
  await database.app.query(`insert into note select 2, 'acme', ${bits}`);
  await insert(3);
  const lsn = (await endAt(database)) ?? '';
  expect(await shown(database)).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining(`cannot send the transaction that committed at ${lsn} (20`) as string,
    remedy: expect.stringMatching(`^rowhook slot skip ${lsn} --accept-gap\n`) as string,
  });
  const slotFile = join(postgres.dataDir, 'pg_replslot', database.name, 'state');
  const before = await readFile(slotFile);
  expect(await skip(database, lsn)).toMatchObject({ exitCode: 0 });
  expect(await shown(database)).toBeUndefined();
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await waitForCounters(database.admin, { success: 2 });
    await service.kill('SIGKILL');
  }
  await postgres.stop('immediate');
  // Postgres writes it now and then: what a crash leaves is the former place.
  await writeFile(slotFile, before);
  await postgres.start();
  const [slot] = await database.admin.query(
    `select confirmed_flush_lsn <= $2::pg_lsn as "isBack" from pg_replication_slots where slot_name = $1`,
    [database.name, lsn],
  );
  expect(slot?.['isBack']).toBe('t');
  expect(await endAt(database)).toBe(lsn);
  expect(await skip(database, lsn)).toMatchObject({ exitCode: 0 });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insert(4);
  await waitForCounters(database.admin, { success: 3 });
  const ids = receiver.requests.map((request) => (request.json() as { record: { id: number } }).record.id);
  expect(ids).toEqual([1, 3, 4]);
  expect(await database.admin.query(`select 1 from rowhook.loss where reason = 'gap'`)).toHaveLength(1);
}, 120_000);

test('what is sent by a later start cannot be skipped any more, also before all of it is', async () => {
  await using database = await createInstalledDatabase();
  await database.dba.query(`create table note (id int primary key, "companyId" text)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    await service.kill('SIGTERM');
  }
  const [row] = await database.admin.query(`select pg_current_wal_insert_lsn()::text as lsn`);
  const lsn = row?.['lsn'] ?? '';
  await database.admin.query(
    `insert into rowhook.setting (name, value)
     select 'unsendable_transaction', jsonb_build_object('epoch', epoch, 'slot', slot, 'commitLsn', $1::text, 'committedAt', now(),
       'xid', 1, 'floorLsn', floor_lsn::text, 'floorIndex', floor_index, 'reason', 'noted by hand') from rowhook.state`,
    [lsn],
  );
  expect(await shown(database)).toMatchObject({ status: 'fail' });
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await service.kill('SIGKILL');
  expect(await shown(database)).toBeUndefined();
  const refused = await skip(database, lsn);
  expect(refused).toMatchObject({ exitCode: 1 });
  expect(refused.stderr).toContain('none is known');
}, 60_000);
