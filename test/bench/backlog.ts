// What an endpoint that never answers holds back: how old the log is that Postgres has to keep while 200 000 changes for it are written at
// 2 000 a second, and how long after a burst of as many it is free again; all that with a snapshot open that lets no dead row go, as
// a dump has it. What becomes of them once it answers is the figure `neighbours`.
import { setTimeout as pause } from 'node:timers/promises';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { peakMemoryMb } from '../support/peak-memory.ts';
import { startService } from '../support/service-process.ts';
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
  rounds: 1,
  async measure({ postgresUrl, rounds }): Promise<Measurement> {
    const held: Held[] = [];
    for (let round = 0; round < rounds; round++) held.push(await hanging(postgresUrl));
    const each = (words: (held: Held) => string): string => held.map(words).join('; ');
    return {
      unit: 's, the oldest log that Postgres had to keep',
      baseline: 'what it may be',
      ours: 'with 200 000 changes that nobody answers',
      rounds: held.map(({ oldestSeconds }) => ({ baseline: limitSeconds, ours: oldestSeconds })),
      ratio: { meaning: 'of what it may be', of: 'ours ÷ baseline', budget: { atMost: 1 } },
      facts: {
        written: each(({ writtenPerSecond }) => `${Math.round(writtenPerSecond)} changes/s`),
        'after a burst of 200 000': each(
          ({ burstSeconds }) => `free again ${burstSeconds.toFixed(1)} s after its last commit`,
        ),
        'memory at the peak': each(({ peakMb }) => `${peakMb.toFixed(0)} MB`),
      },
    };
  },
};

interface Held {
  readonly oldestSeconds: number;
  readonly writtenPerSecond: number;
  readonly burstSeconds: number;
  readonly peakMb: number;
}

async function hanging(postgresUrl: string): Promise<Held> {
  await using database = await createInstalledDatabase(postgresUrl);
  await using receiver = await startReceiverProcess();
  await prepare(database, `${receiver.url}/hangs`);
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
  return { oldestSeconds, writtenPerSecond, burstSeconds, peakMb: await peakMemoryMb(service.pid) };
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
