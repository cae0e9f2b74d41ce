// What one webhook may have waiting has limits; past them its oldest deliveries are dropped, and each of them is told of.
import { expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { heldAnswers } from './scene.ts';

const inFlight = 32;
const rows = 1_000;

interface Totals {
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
  readonly stored: number;
  readonly ledger: string;
}

async function createJobs(database: InstalledDatabase, receiver: Receiver): Promise<void> {
  await database.dba.query(`
    create schema erp;
    create table erp.job (id int primary key, tenant text not null)`);
  await database.dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  await database
    .appAs('acme')
    .query(
      `insert into rowhook.webhook (id, name, table_name, url, on_insert) values ('jobs', 'jobs', 'job', $1, true)`,
      [receiver.url],
    );
}

interface HeldJobs extends AsyncDisposable {
  readonly database: InstalledDatabase;
  readonly receiver: Receiver;
  readonly answers: ReturnType<typeof heldAnswers>;
  readonly service: ServiceProcess;
}

/** A thousand jobs for an endpoint that does not answer yet. */
async function openHeldJobs(env: Readonly<Record<string, string>>): Promise<HeldJobs> {
  const open = new AsyncDisposableStack();
  const database = open.use(await createInstalledDatabase());
  const receiver = open.use(await startReceiver());
  const answers = heldAnswers();
  receiver.behave(answers.behaviour);
  await createJobs(database, receiver);
  const service = open.use(startService({ databaseUrl: database.serviceUrl, env }));
  await service.ready();
  await database.app.query(`insert into erp.job select n, 'acme' from generate_series(1, $1) as n`, [rows]);
  return {
    database,
    receiver,
    answers,
    service,
    [Symbol.asyncDispose]: async () => {
      await open.disposeAsync();
    },
  };
}

async function totals({ admin }: InstalledDatabase): Promise<Totals> {
  const [row = {}] = await admin.query(
    `select c.claimed_count, c.success_count, c.error_count, c.backlog_count, (select count(*) from rowhook.backlog) as stored,
            (select string_agg(reason || ' ' || n, ', ' order by reason)
             from (select reason, sum(count) as n from rowhook.loss group by reason) l) as ledger
     from rowhook.counter c join rowhook.webhook w using (uid) where w.id = 'jobs'`,
  );
  const [claimed, success, error] = ['claimed_count', 'success_count', 'error_count'].map((name) =>
    Number(row[name] ?? 0),
  );
  return {
    claimed: claimed ?? 0,
    success: success ?? 0,
    error: error ?? 0,
    stored: Number(row['stored'] ?? 0),
    ledger: row['ledger'] ?? '',
  };
}

async function waitForTotals(database: InstalledDatabase, wanted: Totals): Promise<void> {
  let last = '';
  await waitUntil(async () => (last = JSON.stringify(await totals(database))) === JSON.stringify(wanted), {
    describe: () => `${JSON.stringify(wanted)}; last ${last}`,
  });
}

function ids({ requests }: Receiver): number[] {
  return requests.map(({ body }) => (JSON.parse(body) as { record: { id: number } }).record.id);
}

test('past the limit of rows the oldest are dropped, counted and in the ledger, and the newest go out in order', async () => {
  await using held = await openHeldJobs({ ROWHOOK_BACKLOG_MAX_ROWS: '100' });
  const { database, receiver, answers, service } = held;
  const dropped = rows - inFlight - 100;
  const claimed = inFlight + dropped;
  await waitForTotals(database, {
    claimed,
    success: 0,
    error: dropped,
    stored: 100,
    ledger: `backlog_full ${dropped}`,
  });
  const told = await service.waitForLog('backlog.dropping');
  expect(told['outcome']).toContain('ROWHOOK_BACKLOG_MAX_ROWS');
  answers.release();
  await waitForTotals(database, {
    claimed: rows,
    success: inFlight + 100,
    error: dropped,
    stored: 0,
    ledger: `backlog_full ${dropped}`,
  });
  expect(new Set(ids(receiver).slice(inFlight))).toEqual(
    new Set(Array.from({ length: 100 }, (_, i) => rows - 99 + i)),
  );
});

test('what has waited for too long is dropped, of a paused webhook, too', async () => {
  await using held = await openHeldJobs({ ROWHOOK_BACKLOG_MAX_AGE_MS: '1500' });
  const { database, receiver, answers } = held;
  await receiver.waitFor(inFlight);
  await database.appAs('acme').query(`update rowhook.webhook set active = false where id = 'jobs'`);
  const dropped = rows - inFlight;
  await waitUntil(async () => (await totals(database)).ledger === `backlog_too_old ${dropped}`, {
    describe: 'all that waits to be too old',
  });
  answers.release();
  await waitForTotals(database, {
    claimed: rows,
    success: inFlight,
    error: dropped,
    stored: 0,
    ledger: `backlog_too_old ${dropped}`,
  });
});
