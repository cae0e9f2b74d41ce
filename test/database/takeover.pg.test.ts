import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { FencedError } from '../../src/database/fenced.ts';
import { thisProcess, type NamedProcess } from '../../src/database/leader.ts';
import type { JournalEntry } from '../../src/database/journal-body.ts';
import { takeOver, writerName } from '../../src/database/takeover.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { claims, foldOf, folderOf, journalOf, openBooks, slot, type Books } from './books.ts';

async function counterOf(books: Books, uid: number): Promise<unknown> {
  const [row] = await books.database.admin.query(
    `select claimed_count as claimed, success_count as success, error_count as error, missed_count as missed
       from rowhook.counter where uid = $1`,
    [uid],
  );
  return row;
}

async function ledger(books: Books): Promise<unknown> {
  return await books.database.admin.query(
    `select uid, reason, count, from_position as from, to_position as to from rowhook.loss order by uid, reason`,
  );
}

test('two takeovers at the same time get terms of their own', async () => {
  await using books = await openBooks();
  const [one, two] = [books.session(), books.session()];
  await Promise.all([one.query({ text: 'select 1' }), two.query({ text: 'select 1' })]);
  const other = await books.database.connect();
  await other.query('begin; select 1 from rowhook.fence for update');
  const both = Promise.all([takeOver(one, slot), takeOver(two, slot)]);
  await books.waitForBlocked(2);
  await other.query('commit');
  const terms = (await both).map(({ term }) => term);
  expect(terms.sort()).toEqual([1, 2]);
});

test('claims without an outcome become interrupted, with their range, and are settled', async () => {
  await using books = await openBooks();
  const before = await books.takeOver();
  const session = books.session();
  const journal = journalOf(session, before);
  await journal.append(claims(7n, 0x30n, 0x40n, 0x50n));
  await folderOf(session, before).fold(foldOf(7n, { claimed: 3, success: 2 }, { foldedSeq: 1 }));
  await journal.append([...claims(7n, 0x60n), ...claims(8n, 0x60n, 0x70n)]);

  const { state, lastSeq, settled, interrupted } = await books.takeOver();

  expect({ interrupted, lastSeq, foldedSeq: state.foldedSeq }).toEqual({
    interrupted: 4,
    lastSeq: 2,
    foldedSeq: 2,
  });
  expect(settled.map(({ seq, entries }) => [seq, entries.length])).toEqual([
    [1, 3],
    [2, 3],
  ]);
  expect(await counterOf(books, 7)).toEqual({ claimed: '4', success: '2', error: '2', missed: '0' });
  expect(await counterOf(books, 8)).toEqual({ claimed: '2', success: '0', error: '2', missed: '0' });
  expect(await ledger(books)).toEqual([
    { uid: '7', reason: 'interrupted', count: '2', from: '1-0000000000000030-0', to: '1-0000000000000060-0' },
    { uid: '8', reason: 'interrupted', count: '2', from: '1-0000000000000060-0', to: '1-0000000000000070-0' },
  ]);
  expect(await books.database.admin.query('select distinct detail from rowhook.loss')).toEqual([
    {
      detail:
        'claimed, and no outcome was recorded: it may or may not have arrived, and is not repeated by itself',
    },
  ]);
});

test('a takeover closes every breaker, for the next process begins without them', async () => {
  await using books = await openBooks();
  const folder = folderOf(books.session(), await books.takeOver());
  const breakers = [
    { uid: 7n, openMs: 5_000, probeInMs: 1_000 },
    { uid: 8n, openMs: 5_000, probeInMs: null },
  ];
  await folder.fold({ ...foldOf(7n, { claimed: 1, error: 1 }), breakers });
  const shown = async (): Promise<unknown> =>
    await books.database.admin.query(
      `select uid, breaker_since < now() - interval '4 s' as since, breaker_probe_at > breaker_since as probe
         from rowhook.counter order by uid`,
    );
  const open = [
    { uid: '7', since: 't', probe: 't' },
    { uid: '8', since: 't', probe: null },
  ];
  expect(await shown()).toEqual(open);
  await folder.fold(foldOf(7n, { claimed: 1, error: 1 }));
  expect(await shown()).toEqual(open);
  await books.takeOver();
  expect(await shown()).toEqual(open.map(({ uid }) => ({ uid, since: null, probe: null })));
});

test('what was dropped, missed or undecidable and not folded yet is counted once, however often somebody takes over', async () => {
  await using books = await openBooks();
  const journal = journalOf(books.session(), await books.takeOver());
  const at = { epoch: 1, commitLsn: 0x30n, index: 2, part: 0 } as const;
  const entries: JournalEntry[] = [
    { kind: 'dropped', uid: 7n, position: at, note: 'deleted' },
    { kind: 'dropped', uid: 7n, position: { ...at, index: 3 }, note: 'too_large' },
    { kind: 'missed', uid: 8n, position: at },
    { kind: 'undecidable', uid: 0n, position: at, note: 'orders' },
  ];
  await journal.append(entries);
  for (const _ of [1, 2, 3]) await books.takeOver();
  expect(await counterOf(books, 7)).toEqual({ claimed: '2', success: '0', error: '2', missed: '0' });
  expect(await counterOf(books, 8)).toEqual({ claimed: '0', success: '0', error: '0', missed: '1' });
  expect(await books.database.admin.query('select last_error from rowhook.counter where uid = 7')).toEqual([
    { last_error: 'too_large more than 16 MiB' },
  ]);
  const where = '1-0000000000000030-2';
  expect(await ledger(books)).toEqual([
    { uid: '7', reason: 'deleted', count: '1', from: where, to: where },
    {
      uid: '7',
      reason: 'too_large',
      count: '1',
      from: where.replace(/2$/, '3'),
      to: where.replace(/2$/, '3'),
    },
    { uid: null, reason: 'undecidable', count: '1', from: where, to: where },
  ]);
});

test('the connections of an earlier term are ended, also when they hold a claim open', async () => {
  await using books = await openBooks();
  const before = await books.takeOver();
  const stuck = books.session();
  await stuck.query({ text: 'select 1' });
  await stuck.rename(writerName(slot, 'claim', before.term));
  await stuck.query({ text: 'begin' });
  await stuck.query({ text: `select 1 from rowhook.fence where writer = 'claim' for no key update` });
  const { term } = await books.takeOver();
  expect(term).toBe(before.term + 1);
});

test('a takeover that lost its connection half-way has changed nothing', async () => {
  await using books = await openBooks();
  const before = await books.takeOver();
  await journalOf(books.session(), before).append(claims(7n, 0x30n));
  const other = await books.database.connect();
  await other.query('begin; lock table rowhook.counter in exclusive mode');
  const outcome = books.takeOver().then(
    () => 'done',
    (error: unknown) => error,
  );
  await books.waitForBlocked(1);
  await books.database.admin.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock'`,
  );
  expect(await outcome).toBeInstanceOf(Error);
  await other.query('commit');
  expect(await books.database.admin.query('select distinct term from rowhook.fence')).toEqual([
    { term: String(before.term) },
  ]);
  expect(await counterOf(books, 7)).toBeUndefined();
  expect((await books.takeOver()).interrupted).toBe(1);
});

test('a takeover whose COMMIT went out before the connection was cut has happened, and the next one counts nothing again', async () => {
  await using books = await openBooks();
  await using proxy = await startTcpProxy(books.database.serviceUrl);
  const before = await books.takeOver();
  await journalOf(books.session(), before).append(claims(7n, 0x30n));
  const cut = proxy.cutAfter({ pattern: 'commit\0' });
  await expect(takeOver(books.session(proxy.url), slot)).rejects.toThrow();
  await cut;
  const { term, interrupted } = await books.takeOver();
  expect({ term, interrupted }).toEqual({ term: before.term + 2, interrupted: 0 });
  expect(await counterOf(books, 7)).toEqual({ claimed: '1', success: '0', error: '1', missed: '0' });
  expect(await ledger(books)).toHaveLength(1);
});

test('outcomes of a process that lost its term are thrown away', async () => {
  await using books = await openBooks();
  const before = await books.takeOver();
  const session = books.session();
  await journalOf(session, before).append(claims(7n, 0x30n));
  await books.takeOver();
  const folding = folderOf(session, before).fold(foldOf(7n, { claimed: 1, success: 1 }, { foldedSeq: 1 }));
  await expect(folding).rejects.toBeInstanceOf(FencedError);
  expect(await counterOf(books, 7)).toEqual({ claimed: '1', success: '0', error: '1', missed: '0' });
});

describe('a successor sends nothing while the process before may wake with claims that are still good', () => {
  const elsewhere: NamedProcess = { host: 'erp-9', pid: 1, machine: 'another' };
  /** Leads, claims something, and says nothing of how it went. */
  const leadAndClaim = async (books: Books, leader: NamedProcess): Promise<void> => {
    await journalOf(books.session(), await books.takeOver(leader)).append(claims(7n, 0x30n));
  };

  test('when it ran somewhere else', async () => {
    await using books = await openBooks();
    await leadAndClaim(books, elsewhere);
    expect((await books.takeOver(thisProcess())).quietMs).toBeGreaterThan(1_900);
  });

  test('when it lives, perhaps frozen, on the same machine', async () => {
    await using books = await openBooks();
    // The parent of this process is there as long as we are.
    await leadAndClaim(books, { ...thisProcess(), pid: process.ppid });
    expect((await books.takeOver(thisProcess())).quietMs).toBeGreaterThan(1_900);
  });

  test('also when another one has taken over in between and left nothing', async () => {
    await using books = await openBooks();
    await leadAndClaim(books, elsewhere);
    await books.takeOver({ ...thisProcess(), pid: await endedPid() });
    expect((await books.takeOver(thisProcess())).quietMs).toBeGreaterThan(1_000);
  });

  test('but not when it has ended, or had nothing on its way', async () => {
    await using books = await openBooks();
    await books.takeOver(elsewhere);
    expect((await books.takeOver(thisProcess())).quietMs).toBe(0);
    await leadAndClaim(books, { ...thisProcess(), pid: await endedPid() });
    const { quietMs, interrupted } = await books.takeOver(thisProcess());
    expect({ quietMs, interrupted }).toEqual({ quietMs: 0, interrupted: 1 });
  });
});

/** Of a process that is gone. */
async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'close');
  return child.pid ?? 0;
}
