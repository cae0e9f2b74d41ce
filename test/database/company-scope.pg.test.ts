// The API's sessions behind a line that stalls: what one use leaves unanswered or open reaches no later use.
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  defaultScopedLimits,
  openScopedDatabase,
  type ScopedDatabase,
} from '../../src/database/company-scope.ts';
import type { Database } from '../../src/database/open-database.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';

let open: AsyncDisposableStack;
let database: InstalledDatabase;
let proxy: TcpProxy;
let scoped: ScopedDatabase;

beforeEach(async () => {
  open = new AsyncDisposableStack();
  database = open.use(await createInstalledDatabase());
  proxy = open.use(await startTcpProxy(database.serviceUrl));
  scoped = open.use(openScopedDatabase(proxy.url, { ...defaultScopedLimits, statementMs: 300 }));
  await database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item')`);
});
afterEach(async () => {
  await open.disposeAsync();
});

const noAnswer = /the database did not answer in time/;

/** A use whose `begin` is still on its way when it gives up, and arrives later. */
async function leaveBeginUnanswered(): Promise<void> {
  const left = scoped.within(null, async (db) => {
    proxy.stall('toServer');
    await db.transaction().execute((transaction) => sql`select 1`.execute(transaction));
  });
  await expect(left).rejects.toThrow(noAnswer);
  const before = proxy.bytes.toServer;
  proxy.pass();
  await waitUntil(async () => proxy.bytes.toServer > before || (await sessions()).length === 0, {
    describe: 'the begin to arrive, or its session to be gone',
  });
}

async function sessions(): Promise<string[]> {
  const rows = await database.admin.query(`
    select state from pg_stat_activity where application_name = 'rowhook-api' and datname = current_database()`);
  return rows.map((row) => row['state'] ?? '');
}

async function createWebhook(db: Database, companyId: string): Promise<void> {
  await sql`insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert)
            values (${`wh_${companyId}`}, ${companyId}, 'w', 'item', 'https://hooks.example.com/', true)`.execute(
    db,
  );
}

async function idsOf(db: Database): Promise<string[]> {
  return (await db.selectFrom('webhook').select('id').orderBy('id').execute()).map(({ id }) => id);
}

test('what is answered as written is there, after a begin that got no answer', async () => {
  await leaveBeginUnanswered();
  await scoped.within('abc', (db) => createWebhook(db, 'abc'));
  expect(await database.admin.query('select id from rowhook.webhook')).toEqual([{ id: 'wh_abc' }]);
});

test('a company stays in its scope, after a begin that got no answer and a statement that took too long', async () => {
  await scoped.within(null, async (db) => {
    for (const company of ['abc', 'other']) await createWebhook(db, company);
  });
  await leaveBeginUnanswered();
  const seen = await scoped.within('abc', async (db) => {
    const slow = db.transaction().execute(async (transaction) => {
      await sql`set local statement_timeout = 20`.execute(transaction);
      await sql`select pg_sleep(1)`.execute(transaction);
    });
    await expect(slow).rejects.toThrow(/statement timeout/);
    return await idsOf(db);
  });
  expect(seen).toEqual(['wh_abc']);
});

test.each(['begin', 'begin; select 1'])(
  'a use that ends after "%s" leaves nobody its transaction',
  async (left) => {
    await scoped.within(null, (db) => sql.raw(left).execute(db));
    await scoped.within('abc', (db) => createWebhook(db, 'abc'));
    expect(await database.admin.query('select id from rowhook.webhook')).toEqual([{ id: 'wh_abc' }]);
    await waitUntil(async () => !(await sessions()).includes('idle in transaction'), {
      describe: 'no session to be inside a transaction',
    });
  },
);

test('a line that is dead is used once, and then there is a new one', async () => {
  const ask = async (): Promise<number> => await scoped.within(null, async (db) => (await idsOf(db)).length);
  const askAside = async (): Promise<number> =>
    await scoped.aside(async (db) => (await db.query({ text: 'select 1' })).rows.length);
  expect([await ask(), await askAside()]).toEqual([0, 1]);
  proxy.stall('toClient', 'rowhook-api');
  await expect(ask()).rejects.toThrow(noAnswer);
  await expect(askAside()).rejects.toThrow(noAnswer);
  expect([await ask(), await askAside()]).toEqual([0, 1]);
});
