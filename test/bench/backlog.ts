// What an endpoint that never answers costs: how old the log is that Postgres has to keep while 200 000 changes for it are written at 2 000
// a second, and how long after a burst of as many it is free again. Then the endpoint answers, and what its timeouts did not use
// up has to arrive, in order per record; all that with a snapshot open that lets no dead row go, as a dump has it. One that refuses
// has its errors counted.
import { setTimeout as pause } from 'node:timers/promises';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { peakMemoryMb } from '../support/peak-memory.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import type { Figure, Measurement } from './figure.ts';
import { LogAge } from './log-age.ts';
import { startReceiverProcess } from './receiver-process.ts';

const changes = 200_000;
const perSecond = 2_000;
const records = 1_000;
const longestMs = 400_000;
/** How old what Postgres has to keep may be. */
const limitSeconds = 5;

export const backlog: Figure = {
  name: 'backlog',
  title: 'the log held back by an endpoint that never answers, 200 000 changes at 2 000 a second',
  async measure({ postgresUrl }): Promise<Measurement> {
    const held = await hanging(postgresUrl);
    return {
      unit: 's, the oldest log that Postgres had to keep',
      baseline: 'what it may be',
      ours: 'with 200 000 changes that nobody answers',
      rounds: [{ baseline: limitSeconds, ours: held.oldestSeconds }],
      ratio: { meaning: 'of what it may be', of: 'ours ÷ baseline', budget: { atMost: 1 } },
      facts: {
        written: `${Math.round(held.writtenPerSecond)} changes/s`,
        'after a burst of 200 000': `free again ${held.burstSeconds.toFixed(1)} s after its last commit`,
        'once it answers': held.drained,
        'memory at the peak': `${held.peakMb.toFixed(0)} MB`,
        'an endpoint that refuses': await refusing(postgresUrl),
      },
    };
  },
};

interface Held {
  readonly oldestSeconds: number;
  readonly writtenPerSecond: number;
  readonly burstSeconds: number;
  readonly drained: string;
  readonly peakMb: number;
}

async function hanging(postgresUrl: string): Promise<Held> {
  await using database = await createInstalledDatabase(postgresUrl);
  await using receiver = await startReceiverProcess();
  await prepare(database, `${receiver.url}/ordered`);
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_LOG_LEVEL: 'info' },
  });
  await service.ready();
  const dump = await database.connect(database.adminUrl);
  await dump.query('begin isolation level repeatable read');
  await dump.query('select count(*) from erp.job');
  const log = new LogAge(database, service.slot);
  const watching = log.watch();
  const beganAt = performance.now();
  for (let written = 0; written < changes; written += records / 5) {
    await pause(Math.max(0, beganAt + (written / perSecond) * 1000 - performance.now()));
    await update(database, written % records, records / 5);
  }
  const writtenPerSecond = changes / ((performance.now() - beganAt) / 1000);
  await log.waitUntilFree(longestMs);
  const oldestSeconds = await watching.end();

  for (let written = 0; written < changes; written += records) await update(database, 0, records);
  const burstAt = performance.now();
  await log.waitUntilFree(longestMs);
  const burstSeconds = (performance.now() - burstAt) / 1000;

  const before = await counts(database);
  const releasedAt = performance.now();
  await receiver.ask('/ordered/release');
  await waitUntil(async () => (await counts(database)).finished >= 2 * changes, {
    timeoutMs: longestMs,
    intervalMs: 200,
    describe: 'everything to have an outcome',
  });
  const seconds = (performance.now() - releasedAt) / 1000;
  const { success, error } = await counts(database);
  const [arrived, faults] = [await receiver.count('/ordered'), await receiver.ask('/ordered/faults')];
  if (faults !== '0' || arrived < success) throw new Error(`${faults} out of order; ${arrived} arrived`);
  return {
    oldestSeconds,
    writtenPerSecond,
    burstSeconds,
    drained:
      `${success} arrived in order, ${error} were timeouts; ` +
      `${Math.round((2 * changes - before.finished) / seconds)} a second out of the backlog`,
    peakMb: await peakMemoryMb(service.pid),
  };
}

async function refusing(postgresUrl: string): Promise<string> {
  await using database = await createInstalledDatabase(postgresUrl);
  await prepare(database, 'http://127.0.0.1:9/');
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_LOG_LEVEL: 'info' },
  });
  await service.ready();
  const beganAt = performance.now();
  for (let written = 0; written < changes; written += records) await update(database, 0, records);
  await waitUntil(async () => (await counts(database)).finished >= changes, {
    timeoutMs: longestMs,
    intervalMs: 200,
    describe: 'every refusal to be counted',
  });
  const { error } = await counts(database);
  return `${error} errors counted, ${Math.round(changes / ((performance.now() - beganAt) / 1000))} a second`;
}

async function prepare(database: InstalledDatabase, url: string): Promise<void> {
  await database.dba.query(`
    create schema erp;
    create table erp.job (id int primary key, tenant text not null, version int not null default 0, text text)`);
  await database.dba.query(
    `insert into erp.job select n, 'acme', 0, repeat(md5(n::text), 4) from generate_series(1, $1::int) as n`,
    [records],
  );
  await database.dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  await database
    .appAs('acme')
    .query(
      `insert into rowhook.webhook (name, table_name, url, on_update) values ('jobs', 'job', $1, true)`,
      [url],
    );
}

async function update({ app }: InstalledDatabase, after: number, count: number): Promise<void> {
  await app.query(`update erp.job set version = version + 1 where id > $1 and id <= $1 + $2`, [after, count]);
}

async function counts({ admin }: InstalledDatabase): Promise<{
  success: number;
  error: number;
  finished: number;
}> {
  const [row = {}] = await admin.query(
    'select coalesce(sum(success_count), 0) as success, coalesce(sum(error_count), 0) as error from rowhook.counter',
  );
  const [success, error] = [Number(row['success']), Number(row['error'])];
  return { success, error, finished: success + error };
}
