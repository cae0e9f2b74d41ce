/**
 * `npm run bench:console`: what the console takes with 1 000 webhooks, 100 000 logged deliveries and live traffic. Prints the time to the
 * first view and until a failing endpoint is at the top, the long tasks while the list scrolls, and the heap over the minutes
 * (`-- --minutes 10`). The bounds are judged by a reader.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { launchBrowser } from './browser.ts';

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '2' } } });
const minutes = Number(values.minutes);
const webhooks = 1_000;
const logged = 100_000;
const trafficEveryMs = 50;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Runs in the page. */
const watchLongTasks = `
  globalThis.longTasks = [];
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTasks.push(Math.round(duration));
  }).observe({ type: 'longtask', buffered: true });
`;

await build({ configFile: 'vite.config.ts', logLevel: 'error' });
await using postgres = await startTestPostgres();
await using database = await createInstalledDatabase(postgres.url);
await using receiver = await startReceiver();
await fill(database, receiver.url);
await using service = startService({
  databaseUrl: database.serviceUrl,
  env: { ROWHOOK_LOG_LEVEL: 'info' },
  keepsLine: ({ msg }) => msg === 'listening',
});
say(`${webhooks} webhooks, ${logged} logged deliveries, a change every ${trafficEveryMs} ms`);
const stop = new AbortController();
await service.ready();
const url = service.httpUrl;
const traffic = write(database, stop.signal);
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  await page.addInitScript(watchLongTasks);
  say(
    `first view of the overview: ${await firstView(page, `${url}/#/`, '.problems li, .note.empty, .tiles li')} ms`,
  );
  say(`first view of the webhooks: ${await firstView(page, `${url}/#/webhooks`, '.rows .row')} ms`);
  say(`an endpoint that begins to fail is at the top of the list after ${await timeToTheTop(page)} ms`);
  say(`long tasks while the list scrolls, and its next page comes: ${await scroll(page)}`);
  await watchHeap(page, minutes);
} finally {
  stop.abort();
  await traffic;
  await browser.close();
}

async function fill({ dba, admin }: InstalledDatabase, receiverUrl: string): Promise<void> {
  await dba.query(`create schema erp; create table erp.item (id bigint generated always as identity primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item')`);
  await admin.query(
    `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert)
     select 'wh_' || n, 'company-' || n % 100, 'Webhook ' || n, 'item', $1 || '/' || n, true from generate_series(1, $2::int) n`,
    [receiverUrl, webhooks],
  );
  await admin.query('select rowhook.make_delivery_partition((now() at time zone $$UTC$$)::date)');
  await admin.query(
    `insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome, status, total_ms, body_bytes, body)
     select now() - n * interval '1 millisecond', w.uid, w.id, w.company_id, '1-0-' || n, 'item', n::text, 'INSERT', 1, 'delivered', 200, 3, 600, repeat('x', 600)
     from generate_series(1, $1::int) n join rowhook.webhook w on w.id = 'wh_' || (n % $2::int + 1)
     where now() - n * interval '1 millisecond' >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'`,
    [logged, webhooks],
  );
}

async function write({ app }: InstalledDatabase, until: AbortSignal): Promise<void> {
  for (let n = 0; !until.aborted; n++) {
    await app.query(`insert into erp.item ("companyId") values ('company-${n % 100}')`);
    await pause(trafficEveryMs);
  }
}

/** Milliseconds from asking for the page until what it is about is there. */
async function firstView(page: Page, address: string, selector: string): Promise<number> {
  await page.goto('about:blank');
  const beganAtMs = performance.now();
  await page.goto(address);
  await page.waitForSelector(selector);
  return Math.round(performance.now() - beganAtMs);
}

/** Milliseconds from the commit of the change that its endpoint refuses. */
async function timeToTheTop(page: Page): Promise<number> {
  receiver.behave({ status: 503 }, '/1');
  await database.app.query(`insert into erp.item ("companyId") values ('company-1')`);
  const committedAtMs = performance.now();
  await page.locator('.rows .row').first().getByText('Failing').waitFor();
  return Math.round(performance.now() - committedAtMs);
}

async function scroll(page: Page): Promise<string> {
  await pause(2_000);
  await page.evaluate('longTasks.length = 0');
  await page.mouse.move(700, 600);
  for (let step = 0; step < 200; step++) {
    await page.mouse.wheel(0, 600);
    await pause(30);
  }
  await page.getByRole('link', { name: /^Next/ }).click();
  await page.getByRole('link', { name: /^Previous/ }).waitFor();
  const tasks = await page.evaluate<number[]>('longTasks');
  return tasks.length === 0 ? 'none over 50 ms' : `${tasks.length}, the longest ${Math.max(...tasks)} ms`;
}

async function watchHeap(page: Page, forMinutes: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  for (let minute = 0; minute <= forMinutes; minute++) {
    if (minute > 0) await pause(60_000);
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    say(`heap after ${minute} min: ${(usedSize / 1024 ** 2).toFixed(1)} MB`);
  }
}
