/** The demo's webhooks across restarts, in a database with rowhook's schema; no service is involved. */
import { expect, test } from 'vitest';
import { demoWebhooks } from '../../src/cli/demo/webhooks.ts';
import { createSampleErp, enableSampleTables, openDemoDatabase } from '../../src/database/demo-database.ts';
import type { DemoDatabase } from '../../src/database/demo-database.ts';
import { ensureWebhooks } from '../../src/database/demo-webhooks.ts';
import { install } from '../../src/database/install.ts';
import { createDatabase } from '../support/database.ts';
import { waitUntil } from '../support/wait.ts';

const firstReceiver = { receiverUrl: 'http://127.0.0.1:4480', webhooks: demoWebhooks };
const nextReceiver = { receiverUrl: 'http://127.0.0.1:23456', webhooks: demoWebhooks };

async function prepared(databaseUrl: string): Promise<DemoDatabase> {
  await install({ databaseUrl, log: () => undefined });
  const database = await openDemoDatabase(databaseUrl);
  await createSampleErp(database);
  await enableSampleTables(database);
  return database;
}

async function urlsByName(database: DemoDatabase): Promise<Map<string, string>> {
  const rows = await database.query('select name, url from rowhook.webhook');
  return new Map(rows.map(({ name, url }) => [String(name), String(url)]));
}

test('enables the 13 tables, with full identity, and again without a change', async () => {
  await using testDatabase = await createDatabase();
  await using database = await prepared(testDatabase.url);
  const enabled = (): Promise<unknown> =>
    database.query(
      `select name, module, label, company_column from rowhook.subscribable_table where enabled order by name`,
    );
  const before = await enabled();

  await enableSampleTables(database);

  expect(before).toHaveLength(13);
  expect(await enabled()).toEqual(before);
  const identities = await database.query(
    `select relname from pg_class where relnamespace = 'erp'::regnamespace and relreplident = 'f'`,
  );
  expect(identities).toHaveLength(13);
});

test('makes each webhook once, for two companies and one for all, however often it starts', async () => {
  await using testDatabase = await createDatabase();
  await using database = await prepared(testDatabase.url);

  for (const receiver of [firstReceiver, firstReceiver, nextReceiver])
    await ensureWebhooks(database, receiver);

  const companies = await database.query(
    `select company_id as company, all_companies as "all", count(*)::int > 2 as several
     from rowhook.webhook group by 1, 2 order by 1`,
  );
  expect(companies).toEqual([
    { company: 'company-a', all: false, several: true },
    { company: 'company-b', all: false, several: true },
    { company: null, all: true, several: false },
  ]);
  expect((await urlsByName(database)).size).toBe(demoWebhooks.length);
});

test('leads every webhook of the last receiver to the new one, and no other', async () => {
  await using testDatabase = await createDatabase();
  await using database = await prepared(testDatabase.url);
  await ensureWebhooks(database, firstReceiver);
  await database.query(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
     values ('company-b', 'Mine', 'item', 'http://127.0.0.1:4480/mine?a=1', true),
       ('company-b', 'Elsewhere', 'item', 'http://127.0.0.1:44801/mine', true)`,
  );

  await ensureWebhooks(database, nextReceiver);

  const urls = await urlsByName(database);
  expect(urls.get('Mine')).toBe('http://127.0.0.1:23456/mine?a=1');
  expect(urls.get('Elsewhere')).toBe('http://127.0.0.1:44801/mine');
  expect(urls.get('User directory')).toBe('http://127.0.0.1:23456/all-companies/user-directory');
});

test('keeps what was changed beside the demo, and brings back what was deleted', async () => {
  await using testDatabase = await createDatabase();
  await using database = await prepared(testDatabase.url);
  await ensureWebhooks(database, firstReceiver);
  await database.query(`update rowhook.webhook set active = false where name = 'Supplier audit'`);
  await database.query(`delete from rowhook.webhook where name = 'Goods-in screen'`);

  await ensureWebhooks(database, nextReceiver);

  const inactive = await database.query('select name from rowhook.webhook where not active');
  expect(inactive).toEqual([{ name: 'Supplier audit' }]);
  expect(await urlsByName(database)).toHaveProperty('size', demoWebhooks.length);
});

test('goes on with a new connection when its own was lost', async () => {
  await using testDatabase = await createDatabase();
  await using database = await openDemoDatabase(testDatabase.url);
  const [before] = await database.query('select pg_backend_pid() as pid');
  await testDatabase.query('select pg_terminate_backend($1)', [before?.['pid']]);

  const after = await waitUntil(
    async () => (await database.query('select pg_backend_pid() as pid').catch(() => []))[0],
    { describe: 'a query on a new connection' },
  );

  expect(after['pid']).not.toBe(before?.['pid']);
});
