import { expect, test } from 'vitest';
import { FencedError } from '../../src/database/fenced.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import { claims, journalOf, openBooks } from './books.ts';

const lockFence = `begin; select 1 from rowhook.fence where writer = 'claim' for update`;

test('appends under consecutive numbers', async () => {
  await using books = await openBooks();
  const journal = journalOf(books.session(), await books.takeOver());
  expect((await journal.append(claims(1n, 0x30n))).seq).toBe(1);
  expect((await journal.append(claims(1n, 0x40n, 0x50n))).seq).toBe(2);
  const rows = await books.database.admin.query('select seq from rowhook.journal order by seq');
  expect(rows).toEqual([{ seq: '1' }, { seq: '2' }]);
});

test.each([
  ['a claim', 'append'],
  ['a check of the term', 'checkTerm'],
] as const)('%s that waited on a lock while another process took over writes nothing', async (_, what) => {
  await using books = await openBooks();
  const journal = journalOf(books.session(), await books.takeOver());
  await journal.checkTerm();
  const other = await books.database.connect();
  await other.query(lockFence);
  const held = what === 'append' ? journal.append(claims(1n, 0x30n)) : journal.checkTerm();
  const outcome = held.then(
    () => 'done',
    (error: unknown) => error,
  );
  await books.waitForBlocked(1);
  await other.query('update rowhook.fence set term = term + 1; commit');
  expect(await outcome).toBeInstanceOf(FencedError);
  expect(await books.database.admin.query('select seq from rowhook.journal')).toEqual([]);
});

test('a claim whose answer was cut off is made once, under the same number', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const journal = journalOf(books.session(proxy.url), await books.takeOver());
  await journal.append(claims(1n, 0x30n));
  // The statement goes out in one piece, so the server has all of it.
  const cut = proxy.cutAfter({ pattern: 'rowhook_append' });
  const append = await journal.append(claims(1n, 0x40n));
  await cut;
  expect(append.seq).toBe(2);
  expect((await journal.append(claims(1n, 0x50n))).seq).toBe(3);
  const rows = await books.database.admin.query('select seq from rowhook.journal order by seq');
  expect(rows).toEqual([{ seq: '1' }, { seq: '2' }, { seq: '3' }]);
});

test('a claim that was cut off while its commit is pending is not repeated beside it', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const journal = journalOf(books.session(proxy.url), await books.takeOver());
  await journal.checkTerm();
  const other = await books.database.connect();
  await other.query(lockFence);
  const appending = journal.append(claims(1n, 0x30n));
  const [first] = await books.waitForBlocked(1);
  proxy.cut();
  // The first backend still waits and would insert as soon as the lock is free: it has to be ended first.
  await waitUntil(async () => !(await books.waitForBlocked(1)).includes(first ?? ''), {
    // Before its own lock_timeout ends it.
    timeoutMs: 4_000,
    describe: `backend ${first} to be ended and another to wait`,
  });
  await other.query('commit');
  expect((await appending).seq).toBe(1);
  const rows = await books.database.admin.query('select seq from rowhook.journal');
  expect(rows).toEqual([{ seq: '1' }]);
});

test('the same claim under the same number by another process is not taken for the own one', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const journal = journalOf(books.session(proxy.url), await books.takeOver());
  await journal.checkTerm();
  proxy.cut();
  proxy.refuse();
  const outcome = journal.append(claims(1n, 0x30n)).then(
    () => 'done',
    (error: unknown) => error,
  );
  const next = await books.takeOver();
  await journalOf(books.session(), next).append(claims(1n, 0x30n));
  proxy.pass();
  expect(await outcome).toBeInstanceOf(FencedError);
});
