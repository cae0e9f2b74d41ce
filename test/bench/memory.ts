// What the service holds in memory at most, as a process of its own, with a receiver that is another one: while one transaction of
// 1 000 000 rows passes through it, and while 1 000 000 changes are committed for an endpoint that is dead. The memory is the
// kernel's count of the whole process, from its start.
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { memoryNowMb, peakMemoryMb } from '../support/peak-memory.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { buildService } from './built.ts';
import type { Figure, Measurement } from './figure.ts';
import { LogAge } from './log-age.ts';
import { startReceiverProcess } from './receiver-process.ts';

const rows = 1_000_000;
const limitMb = 300;
/** 200 MB. */
const aimShare = 0.67;
const longestMs = 1_800_000;

interface Passage {
  readonly atRestMb: number;
  readonly peakMb: number;
  readonly rowsPerSecond: number;
}

interface Wanted {
  readonly endpoint: 'answers' | 'refuses' | 'hangs';
  /** Every how many-th row the webhook's company owns; 0: none. */
  readonly everyNth?: number;
  readonly perTransaction?: number;
}

export const memory: Figure = {
  name: 'memory',
  title: 'memory of the service while 1 000 000 changes pass',
  rounds: 1,
  async measure({ postgresUrl, rounds }): Promise<Measurement[]> {
    const main = await buildService();
    const pass = async (wanted: Wanted): Promise<Passage> => await passage({ postgresUrl, main }, wanted);
    const measured = async (
      part: string,
      wanted: Wanted,
      others: Record<string, Wanted>,
    ): Promise<Measurement> => {
      const passages: Passage[] = [];
      for (let round = 0; round < rounds; round++) passages.push(await pass(wanted));
      const facts: Record<string, string> = {};
      for (const [name, other] of Object.entries(others)) facts[name] = describe(await pass(other));
      return {
        part,
        unit: 'MB at the peak',
        baseline: 'what it may take',
        ours: part,
        rounds: passages.map(({ peakMb }) => ({ baseline: limitMb, ours: peakMb })),
        ratio: {
          meaning: 'of what it may take',
          of: 'ours ÷ baseline',
          budget: { atMost: 1 },
          aim: { atMost: aimShare },
        },
        facts: {
          'at rest': `${passages[0]?.atRestMb.toFixed(0)} MB`,
          'each round': passages.map(describe).join('; '),
          ...facts,
        },
      };
    };
    return [
      await measured(
        'one transaction',
        { endpoint: 'answers' },
        {
          '1 % of its rows wanted': { endpoint: 'answers', everyNth: 100 },
          'no row wanted': { endpoint: 'answers', everyNth: 0 },
        },
      ),
      await measured(
        'an endpoint that hangs',
        { endpoint: 'hangs', perTransaction: 100 },
        {
          'the same in one transaction': { endpoint: 'hangs' },
          'one that refuses': { endpoint: 'refuses', perTransaction: 100 },
        },
      ),
    ];
  },
};

function describe({ peakMb, rowsPerSecond }: Passage): string {
  return `${peakMb.toFixed(0)} MB, ${Math.round(rowsPerSecond)} rows/s`;
}

/** One service, 1 000 000 rows. */
async function passage(
  { postgresUrl, main }: { readonly postgresUrl: string; readonly main: string },
  { endpoint, everyNth = 1, perTransaction = rows }: Wanted,
): Promise<Passage> {
  await using database = await createInstalledDatabase(postgresUrl);
  await using receiver = await startReceiverProcess();
  await prepare(database, endpoint === 'refuses' ? 'http://127.0.0.1:9/' : `${receiver.url}/${endpoint}`);
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_LOG_LEVEL: 'info' },
    main,
    keepsLine: ({ msg }) => msg !== 'delivery.attempted',
  });
  await service.ready();
  const atRestMb = await memoryNowMb(service.pid);
  const beganAt = performance.now();
  for (let from = 1; from <= rows; from += perTransaction) {
    await database.app.query(
      `insert into erp.bulk
       select n, case when $3 > 0 and n % greatest($3, 1) = 0 then 'acme' else 'globex' end, md5(n::text), now(), n * 1.25
       from generate_series($1::int, $2::int) as n`,
      [from, from + perTransaction - 1, everyNth],
    );
  }
  await new LogAge(database, service.slot).waitUntilFree(longestMs);
  const delivered = endpoint === 'answers' && everyNth > 0 ? rows / everyNth : 0;
  await waitUntil(async () => (await receiver.count('/answers')) >= delivered, {
    timeoutMs: longestMs,
    intervalMs: 100,
    describe: 'everything to arrive',
  });
  const seconds = (performance.now() - beganAt) / 1000;
  return { atRestMb, peakMb: await peakMemoryMb(service.pid), rowsPerSecond: rows / seconds };
}

async function prepare(database: InstalledDatabase, url: string): Promise<void> {
  await database.dba.query(`
    create schema erp;
    create table erp.bulk (id int primary key, tenant text not null, text text, at timestamptz, amount numeric)`);
  await database.dba.query(`select rowhook.enable_table('erp.bulk', company_column => 'tenant')`);
  await database
    .appAs('acme')
    .query(
      `insert into rowhook.webhook (name, table_name, url, on_insert) values ('bulk', 'bulk', $1, true)`,
      [url],
    );
}
