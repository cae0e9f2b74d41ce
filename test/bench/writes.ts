// What rowhook costs the application's writes: INSERTs of pgbench into a table that rowhook watches while the service runs, against the same
// table that nobody watches and no service. On a machine with few cores the service and Postgres' sender take time from the
// writers when these take all they can get; hence also the latency at half of that rate.
import { startService } from '../support/service-process.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import type { Figure, FigureContext, Measurement, Skipped } from './figure.ts';
import { LogAge } from './log-age.ts';
import { runPgbench, type PgbenchResult } from './pgbench.ts';
import { startRawReceiver } from './raw-receiver-process.ts';
import { missingTool } from './tool.ts';

const seconds = 8;
const longestMs = 120_000;

interface Pass {
  readonly plain: PgbenchResult;
  readonly enabled: PgbenchResult;
  readonly subscribed: PgbenchResult;
  readonly plainPaced: PgbenchResult;
  readonly enabledPaced: PgbenchResult;
}

export const writes: Figure = {
  name: 'writes',
  title: "the application's own INSERTs while its table is watched",
  rounds: 5,
  async measure({ postgresUrl, rounds }: FigureContext): Promise<readonly Measurement[] | Skipped> {
    const missing = await missingTool('pgbench');
    if (missing !== null) return missing;
    await using database = await createInstalledDatabase(postgresUrl);
    await using receiver = await startRawReceiver();
    await prepare(database, `${receiver.url}/rows`);
    const passes: Pass[] = [];
    for (let round = 0; round < rounds; round++) passes.push(await pass(database));
    const facts = {
      clients: 'four connections, an INSERT in each transaction',
      'with a webhook for every row': passes.map(({ subscribed }) => describe(subscribed)).join('; '),
    };
    const sides = { baseline: 'no rowhook', ours: 'the table enabled, the service runs' };
    return [
      {
        part: 'as fast as it goes',
        unit: 'INSERTs/s',
        ...sides,
        rounds: passes.map(({ plain, enabled }) => ({
          baseline: plain.perSecond,
          ours: enabled.perSecond,
        })),
        ratio: {
          meaning: 'of the throughput without',
          of: 'ours ÷ baseline',
          budget: { atLeast: 0.95 },
          aim: { atLeast: 0.98 },
        },
        facts,
      },
      {
        part: 'at half of that',
        unit: 'ms, the median latency of an INSERT',
        ...sides,
        rounds: passes.map(({ plainPaced, enabledPaced }) => ({
          baseline: plainPaced.latencyMs,
          ours: enabledPaced.latencyMs,
        })),
        ratio: { meaning: 'times the latency without', of: 'ours ÷ baseline' },
        facts: { rate: passes.map(({ plainPaced }) => describe(plainPaced)).join('; ') },
      },
    ];
  },
};

async function pass(database: InstalledDatabase): Promise<Pass> {
  const plain = await insert(database, 'erp.plain');
  const rate = Math.floor(plain.perSecond / 2);
  const plainPaced = await insert(database, 'erp.plain', rate);
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_LOG_LEVEL: 'info' },
  });
  await service.ready();
  // It has to catch up with what was written without it.
  await new LogAge(database, service.slot).waitUntilFree(longestMs);
  const enabled = await insert(database, 'erp.watched');
  const enabledPaced = await insert(database, 'erp.watched', rate);
  const subscribed = await insert(database, 'erp.subscribed');
  await service.kill('SIGTERM');
  return { plain, plainPaced, enabled, enabledPaced, subscribed };
}

async function insert({ appUrl }: InstalledDatabase, table: string, rate?: number): Promise<PgbenchResult> {
  const script = `insert into ${table} (tenant, state, amount, text)
    values ('acme', 'new', random() * 1000, repeat('x', 300))`;
  return await runPgbench({ url: appUrl, script: script.replaceAll('\n', ' '), clients: 4, seconds, rate });
}

function describe({ perSecond, latencyMs }: PgbenchResult): string {
  return `${Math.round(perSecond)}/s, ${latencyMs.toFixed(2)} ms`;
}

async function prepare({ dba, admin }: InstalledDatabase, url: string): Promise<void> {
  await dba.query('create schema erp');
  for (const table of ['plain', 'watched', 'subscribed']) {
    await dba.query(
      `create table erp.${table} (
         id bigint generated always as identity primary key, tenant text not null, state text not null,
         amount numeric not null, text text, created_at timestamptz not null default now())`,
    );
    if (table === 'plain') continue;
    await dba.query(`select rowhook.enable_table($1, company_column => 'tenant')`, [`erp.${table}`]);
  }
  await admin.query(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
     values ('acme', 'rows', 'subscribed', $1, true)`,
    [url],
  );
}
