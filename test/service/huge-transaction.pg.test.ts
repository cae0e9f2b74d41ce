// One transaction of 1 000 000 rows, of which one in a hundred is wanted: all of those arrive, and the service holds next to nothing of
// the rest. docs/performance.md has the memory of the other cases.
import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { peakMemoryMb } from '../support/peak-memory.ts';
import { startReceiver } from '../support/receiver.ts';
import { report } from '../support/report.ts';
import { startService } from '../support/service-process.ts';

const rows = 1_000_000;
const wanted = rows / 100;
const limitMb = 300;

test(
  'of a transaction of 1 000 000 rows every wanted one arrives, and the service stays below 300 MB',
  { timeout: 120_000 },
  async () => {
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver();
    await database.dba.query(`create table entry (id int primary key, tenant text, note text)`);
    await database.dba.query(`select rowhook.enable_table('entry', company_column => 'tenant')`);
    await database
      .appAs('acme')
      .query(
        `insert into rowhook.webhook (name, table_name, url, on_insert) values ('all', 'entry', $1, true)`,
        [receiver.url],
      );
    await using service = startService({
      databaseUrl: database.serviceUrl,
      env: { ROWHOOK_LOG_LEVEL: 'info' },
    });
    await service.ready();
    await database.app.query(
      `insert into entry select n, case when n % 100 = 0 then 'acme' else 'globex' end, md5(n::text)
     from generate_series(1, $1::int) as n`,
      [rows],
    );
    await receiver.waitFor(wanted, { timeoutMs: 90_000 });
    await waitForCounters(database.admin, { success: wanted });
    const ids = receiver.requests.map((request) => (request.json() as { record: { id: number } }).record.id);
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: wanted }, (_, i) => (i + 1) * 100));
    if (process.platform !== 'linux') return;
    const peakMb = await peakMemoryMb(service.pid);
    report({ rows, wanted, peakMb: Math.round(peakMb) });
    expect(peakMb).toBeLessThan(limitMb);
  },
);
