import { expect, test } from 'vitest';
import { readBacklog, Spool } from '../../src/database/backlog.ts';
import { FencedError } from '../../src/database/fenced.ts';
import { interruptBacklog } from '../../src/database/interrupt-backlog.ts';
import { claimSettings } from '../../src/database/journal.ts';
import type { Session } from '../../src/database/session.ts';
import type { Takeover } from '../../src/database/takeover.ts';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import { claims, journalOf, openBooks, type Books } from './books.ts';

function lockFence(writer: 'claim' | 'spool'): string {
  return `begin; select 1 from rowhook.fence where writer = '${writer}' for update`;
}

function spoolOf(session: Session, { term }: Takeover): Spool {
  return new Spool({ session, term });
}

function deliveries(...commitLsns: bigint[]): Delivery[] {
  return commitLsns.map((commitLsn) => ({
    webhook: { uid: 7n, id: 'orders', companyId: 'acme', name: 'orders' },
    position: { epoch: 1, commitLsn, index: 0, part: 0 },
    change: null,
    type: 'INSERT',
    table: 'orders',
    companyId: 'acme',
    payload: { body: '{}', bytes: 2 },
    keys: ['1'],
    readAtMs: 0,
  }));
}

async function storedLsns(books: Books): Promise<unknown[]> {
  const rows = await books.database.admin.query('select commit_lsn from rowhook.backlog order by commit_lsn');
  return rows.map((row) => row['commit_lsn']);
}

async function seqs(books: Books): Promise<unknown[]> {
  return (await books.database.admin.query('select seq from rowhook.journal order by seq')).map(
    (row) => row['seq'],
  );
}

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => 'done',
    (error: unknown) => error,
  );
}

test('what is stored that waited on a lock while another process took over is not stored', async () => {
  await using books = await openBooks();
  const spool = spoolOf(books.session(), await books.takeOver());
  await spool.store(deliveries(0x30n));
  const other = await books.database.connect();
  await other.query(lockFence('spool'));
  const outcome = outcomeOf(spool.store(deliveries(0x40n)));
  await books.waitForBlocked(1);
  await other.query('update rowhook.fence set term = term + 1; commit');
  expect(await outcome).toBeInstanceOf(FencedError);
  expect(await storedLsns(books)).toEqual(['0/30']);
});

test('a claim from the backlog that waited on a lock while another process took over takes nothing out', async () => {
  await using books = await openBooks();
  const takeover = await books.takeOver();
  await spoolOf(books.session(), takeover).store(deliveries(0x30n));
  const journal = journalOf(books.session(), takeover);
  const other = await books.database.connect();
  await other.query(lockFence('claim'));
  const stored = claims(7n, 0x30n);
  const outcome = outcomeOf(journal.append(stored, stored));
  await books.waitForBlocked(1);
  await other.query('update rowhook.fence set term = term + 1; commit');
  expect(await outcome).toBeInstanceOf(FencedError);
  expect(await storedLsns(books)).toEqual(['0/30']);
  expect(await seqs(books)).toEqual([]);
});

test('a claim from the backlog that waited for one of its rows while another process took over is not made', async () => {
  await using books = await openBooks();
  const takeover = await books.takeOver();
  await spoolOf(books.session(), takeover).store(deliveries(0x30n, 0x40n));
  const journal = journalOf(books.session(), takeover);
  const other = await books.database.connect();
  await other.query(`begin; delete from rowhook.backlog where commit_lsn = '0/40'`);
  const stored = claims(7n, 0x30n, 0x40n);
  const outcome = outcomeOf(journal.append(stored, stored));
  await books.waitForBlocked(1);
  // It holds the fence, so the takeover has to end it first.
  const ended = books.database.admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  );
  const next = await books.takeOver();
  await ended;
  await other.query('rollback');
  expect(await outcome).toBeInstanceOf(FencedError);
  expect(await storedLsns(books)).toEqual(['0/30', '0/40']);
  expect(await seqs(books)).toEqual([]);
  await journalOf(books.session(), next).append(stored, stored);
  expect(await storedLsns(books)).toEqual([]);
});

test('a claim from the backlog looks only for its own rows, also by a plan that was made while the backlog was empty', async () => {
  await using books = await openBooks();
  await books.database.admin.query('vacuum analyze rowhook.backlog');
  const takeover = await books.takeOver();
  const session = books.session(undefined, { ...claimSettings, plan_cache_mode: 'force_generic_plan' });
  const journal = journalOf(session, takeover);
  await spoolOf(books.session(), takeover).store(deliveries(0x30n, 0x40n, 0x50n));
  const stored = claims(7n, 0x30n, 0x40n);
  await journal.append(stored, stored);
  expect(await storedLsns(books)).toEqual(['0/50']);
  const { rows } = await session.query<{ 'QUERY PLAN': string }>({
    text: `explain execute rowhook_append_from_backlog (${takeover.term}, 9, '', '{7}', '{1}', '{0/50}', '{0}', '{0}')`,
  });
  const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
  expect(plan).toContain('Index Cond: ((uid = k.uid) AND (epoch = k.epoch)');
  expect(plan).toContain('TID Cond:');
  expect(plan).not.toContain('Filter: (uid');
  expect(plan).not.toContain('Join Filter');
});

test('what is stored and whose answer was cut off is stored once', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const spool = spoolOf(books.session(proxy.url), await books.takeOver());
  await spool.store(deliveries(0x30n));
  const cut = proxy.cutAfter({ pattern: 'rowhook_store' });
  await spool.store(deliveries(0x40n, 0x50n));
  await cut;
  expect(await storedLsns(books)).toEqual(['0/30', '0/40', '0/50']);
});

test('a claim from the backlog whose answer was cut off is made once', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const takeover = await books.takeOver();
  await spoolOf(books.session(), takeover).store(deliveries(0x30n, 0x40n));
  const journal = journalOf(books.session(proxy.url), takeover);
  await journal.append(claims(7n, 0x30n), claims(7n, 0x30n));
  const cut = proxy.cutAfter({ pattern: 'rowhook_append_from_backlog' });
  expect((await journal.append(claims(7n, 0x40n), claims(7n, 0x40n))).seq).toBe(2);
  await cut;
  expect(await storedLsns(books)).toEqual([]);
  expect(await seqs(books)).toEqual(['1', '2']);
});

test('what is stored and was cut off while its commit is pending is not stored beside it', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const spool = spoolOf(books.session(proxy.url), await books.takeOver());
  await spool.store(deliveries(0x30n));
  const other = await books.database.connect();
  await other.query(lockFence('spool'));
  const storing = spool.store(deliveries(0x40n));
  const [first] = await books.waitForBlocked(1);
  proxy.cut();
  await waitUntil(async () => !(await books.waitForBlocked(1)).includes(first ?? ''), {
    // Before its own lock_timeout ends it.
    timeoutMs: 4_000,
    describe: `backend ${first} to be ended and another to wait`,
  });
  await other.query('commit');
  await storing;
  expect(await storedLsns(books)).toEqual(['0/30', '0/40']);
});

test('what the process before has stored is not taken for the own', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const spool = spoolOf(books.session(proxy.url), await books.takeOver());
  await spool.store(deliveries(0x30n));
  proxy.cut();
  proxy.refuse();
  const outcome = outcomeOf(spool.store(deliveries(0x40n)));
  const next = await books.takeOver();
  await spoolOf(books.session(), next).store(deliveries(0x40n));
  proxy.pass();
  expect(await outcome).toBeInstanceOf(FencedError);
  const reader = books.session();
  const rows = await readBacklog(reader, { uid: 7n, after: null, limit: 10, maxBytes: 1_000 });
  expect(rows.map(({ position }) => position.commitLsn)).toEqual([0x30n, 0x40n]);
});

test('a backlog that another may have sent is interrupted piece by piece, each row counted and in the ledger once', async () => {
  await using books = await openBooks();
  const { admin } = books.database;
  await admin.query(
    `insert into rowhook.backlog
       (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, keys, payload)
     select uid, 1, '0/30', n, 0, 'wh_' || uid, 'acme', 'orders', 'INSERT', '{}', '{}'
     from generate_series(1, 2) as uid, generate_series(1, 11000) as n`,
  );
  const session = books.session();
  const { term } = await books.takeOver();
  expect(await interruptBacklog(session, { term, detail: 'may have been sent' })).toBe(22_000);
  expect(await admin.query('select count(*) as count from rowhook.backlog')).toEqual([{ count: '0' }]);
  const counted = await admin.query(
    `select c.uid, c.claimed_count, c.error_count, l.count, l.first, l.last
     from rowhook.counter c
     join (select uid, sum(count) as count, min(from_position) as first, max(to_position) as last from rowhook.loss group by uid) l
       using (uid) order by uid`,
  );
  const once = { claimed_count: '11000', error_count: '11000', count: '11000' };
  expect(counted).toMatchObject([
    { uid: '1', ...once },
    { uid: '2', ...once },
  ]);
  await books.takeOver();
  await expect(interruptBacklog(session, { term, detail: '' })).rejects.toBeInstanceOf(FencedError);
});
