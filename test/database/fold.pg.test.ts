import { expect, test } from 'vitest';
import { foldSettings } from '../../src/database/fold.ts';
import { FencedError } from '../../src/database/fenced.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import { claims, foldOf, folderOf, journalOf, openBooks, type Books } from './books.ts';

async function counted(books: Books): Promise<unknown> {
  return await books.database.admin.query(
    'select uid, claimed_count as claimed, success_count as success from rowhook.counter order by uid',
  );
}

test('adds up what each fold brings', async () => {
  await using books = await openBooks();
  const folder = folderOf(books.session(), await books.takeOver());
  await folder.fold(foldOf(7n, { claimed: 3, success: 1 }));
  await folder.fold(foldOf(7n, { success: 2 }));
  expect(await counted(books)).toEqual([{ uid: '7', claimed: '3', success: '3' }]);
});

test('a fold that waited on a lock while another process took over writes nothing', async () => {
  await using books = await openBooks();
  const folder = folderOf(books.session(), await books.takeOver());
  const other = await books.database.connect();
  await other.query(`begin; select 1 from rowhook.fence where writer = 'fold' for update`);
  const outcome = folder.fold(foldOf(7n, { claimed: 1 })).then(
    () => 'done',
    (error: unknown) => error,
  );
  await books.waitForBlocked(1);
  await other.query('update rowhook.fence set term = term + 1; commit');
  expect(await outcome).toBeInstanceOf(FencedError);
  expect(await counted(books)).toEqual([]);
});

test('a fold whose answer was cut off counts once', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const folder = folderOf(books.session(proxy.url), await books.takeOver());
  await folder.fold(foldOf(7n, { claimed: 1 }));
  const cut = proxy.cutAfter({ pattern: 'rowhook_fold' });
  await folder.fold(foldOf(7n, { claimed: 1, success: 2 }));
  await cut;
  await folder.fold(foldOf(7n, { claimed: 1 }));
  expect(await counted(books)).toEqual([{ uid: '7', claimed: '3', success: '2' }]);
});

test('a fold that was cut off before it reached the server counts once', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const folder = folderOf(books.session(proxy.url), await books.takeOver());
  await folder.fold(foldOf(7n, { claimed: 1 }));
  const { connectionCount } = proxy;
  proxy.cutAfterBytes('toServer', 10);
  const folding = folder.fold(foldOf(7n, { claimed: 1 }));
  await waitUntil(() => proxy.connectionCount > connectionCount, { describe: 'the next connection' });
  proxy.pass();
  await folding;
  expect(await counted(books)).toEqual([{ uid: '7', claimed: '2', success: '0' }]);
});

test('a takeover is not taken for the own fold, though it counts as one', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const folder = folderOf(books.session(proxy.url), await books.takeOver());
  await folder.fold(foldOf(7n, { claimed: 1 }));
  const other = await books.database.connect();
  await other.query(`begin; select 1 from rowhook.fence where writer = 'fold' for update`);
  const outcome = folder.fold(foldOf(7n, { claimed: 1, success: 1 })).then(
    () => 'done',
    (error: unknown) => error,
  );
  await books.waitForBlocked(1);
  proxy.refuse();
  proxy.cut();
  await books.database.admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  );
  await other.query('rollback');
  await books.takeOver();
  proxy.pass();
  expect(await outcome).toBeInstanceOf(FencedError);
});

test('only what lies at or below the stored floor leaves the journal', async () => {
  await using books = await openBooks();
  const takeover = await books.takeOver();
  const session = books.session();
  const journal = journalOf(session, takeover);
  for (const lsn of [0x30n, 0x40n, 0x50n]) await journal.append(claims(7n, lsn));
  const folder = folderOf(session, takeover);
  await folder.fold(foldOf(7n, { claimed: 3 }, { foldedSeq: 3, trimSeq: 2 }));
  await folder.fold(foldOf(7n, { success: 3 }, { foldedSeq: 3 }));
  expect(await books.database.admin.query('select seq from rowhook.journal')).toEqual([{ seq: '3' }]);
  const [state] = await books.database.admin.query('select folded_seq, trimmed_seq from rowhook.state');
  expect(state).toEqual({ folded_seq: '3', trimmed_seq: '2' });
});

test('a fold is never done by a plan that was made while there was less', async () => {
  await using books = await openBooks();
  await books.database.admin.query('vacuum analyze');
  const session = books.session(undefined, foldSettings);
  const folder = folderOf(session, await books.takeOver());
  for (let i = 0; i < 9; i++) await folder.fold(foldOf(7n, { claimed: 1, success: 1 }));
  const { rows } = await session.query({
    text: `select generic_plans from pg_prepared_statements where name = 'rowhook_fold'`,
  });
  expect(rows).toEqual([{ generic_plans: '0' }]);
});

test('what an endpoint answered stops no fold in a database that cannot write it', async () => {
  await using books = await openBooks('WIN1252');
  const { admin } = books.database;
  const folder = folderOf(books.session(), await books.takeOver());
  const { counters, ...rest } = foldOf(7n, { claimed: 1, error: 1 });
  const lastError = 'rejected 500 \u65e5\u672c \u2026 \u00e9';
  const loss = {
    uid: 7n,
    webhookId: 'wh',
    companyId: 'acme',
    tableName: 'orders',
    reason: 'reset',
    count: 1,
  };
  await folder.fold({
    ...rest,
    counters: counters.map((counter) => ({ ...counter, lastError })),
    losses: [{ ...loss, fromPosition: null, toPosition: null, detail: lastError }],
  });
  expect(await admin.query('select last_error from rowhook.counter')).toEqual([
    { last_error: 'rejected 500 ?? ? ?' },
  ]);
  expect(await admin.query('select detail from rowhook.loss')).toEqual([{ detail: 'rejected 500 ?? ? ?' }]);
});
