// What the service holds in memory while one transaction of 1 000 000 rows passes through it, as a process of its own, with a receiver
// that is another one. The memory is the kernel's count of the whole process, from its start.
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { memoryNowMb, peakMemoryMb } from '../support/peak-memory.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import type { Figure, Measurement } from './figure.ts';
import { startReceiverProcess } from './receiver-process.ts';

const rows = 1_000_000;
const limitMb = 300;
const longestMs = 600_000;

interface Passage {
  readonly atRestMb: number;
  readonly peakMb: number;
  readonly rowsPerSecond: number;
}

interface Wanted {
  /** Every how many-th row the webhook's company owns. */
  readonly everyNth: number;
  readonly endpoint: 'answers' | 'refuses' | 'hangs';
}

export const transaction: Figure = {
  name: 'transaction',
  title: 'memory of the service while one transaction of 1 000 000 rows passes',
  async measure({ postgresUrl, rounds }): Promise<Measurement> {
    const pass = async (wanted: Wanted): Promise<Passage> => await passage(postgresUrl, wanted);
    const whole: Passage[] = [];
    for (let round = 0; round < Math.min(rounds, 3); round++) {
      whole.push(await pass({ everyNth: 1, endpoint: 'answers' }));
    }
    const first = whole[0];
    if (first === undefined) throw new Error('it takes one round at least');
    return {
      unit: 'MB at the peak',
      baseline: 'what it may take',
      ours: 'every row wanted, a fast endpoint',
      rounds: whole.map(({ peakMb }) => ({ baseline: limitMb, ours: peakMb })),
      ratio: { meaning: 'of what it may take', of: 'ours ÷ baseline', budget: { atMost: 1 } },
      facts: {
        'at rest': `${first.atRestMb.toFixed(0)} MB`,
        'every row wanted': whole.map(describe).join('; '),
        '1 % of the rows wanted': describe(await pass({ everyNth: 100, endpoint: 'answers' })),
        'no row wanted': describe(await pass({ everyNth: 0, endpoint: 'answers' })),
        'every row wanted, refused': describe(await pass({ everyNth: 1, endpoint: 'refuses' })),
        'every row wanted, never answered': describe(await pass({ everyNth: 1, endpoint: 'hangs' })),
      },
    };
  },
};

function describe({ peakMb, rowsPerSecond }: Passage): string {
  return `${peakMb.toFixed(0)} MB, ${Math.round(rowsPerSecond)} rows/s`;
}

/** One service, one transaction. */
export async function passage(postgresUrl: string, { everyNth, endpoint }: Wanted): Promise<Passage> {
  await using database = await createInstalledDatabase(postgresUrl);
  await using receiver = await startReceiverProcess();
  await prepare(database, endpoint === 'refuses' ? 'http://127.0.0.1:9/' : `${receiver.url}/${endpoint}`);
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_LOG_LEVEL: 'info' },
  });
  await service.ready();
  const atRestMb = await memoryNowMb(service.pid);
  await database.app.query(
    `insert into erp.bulk
     select n, case when $2 > 0 and n % greatest($2, 1) = 0 then 'acme' else 'globex' end, md5(n::text), now(), n * 1.25
     from generate_series(1, $1::int) as n`,
    [rows, everyNth],
  );
  const beganAt = performance.now();
  const [mark] = await database.admin.query('select pg_current_wal_lsn() as lsn');
  const isPassed = async (): Promise<boolean> => {
    const [slot] = await database.admin.query(
      `select confirmed_flush_lsn >= $2 as is_passed from pg_replication_slots where slot_name = $1`,
      [service.slot, mark?.['lsn']],
    );
    return slot?.['is_passed'] === 't';
  };
  await waitUntil(isPassed, { timeoutMs: longestMs, intervalMs: 100, describe: 'the transaction to pass' });
  const seconds = (performance.now() - beganAt) / 1000;
  const delivered = await receiver.count('/answers');
  const expected = endpoint === 'answers' && everyNth > 0 ? rows / everyNth : 0;
  if (delivered > expected || (expected > 0 && delivered < expected - 1_000))
    throw new Error(`${delivered} deliveries arrived, not ${expected}`);
  return {
    atRestMb,
    peakMb: await peakMemoryMb(service.pid),
    rowsPerSecond: rows / seconds,
  };
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
