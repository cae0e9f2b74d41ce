// Whatever happens inside transactions: only what was committed is sent, once, in the order of the commits. The tables without a
// key count as one record each, so their rows arrive in the order of the log.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.entry (id int, tenant text default 'acme', note text);
      create table erp.job (id int primary key, tenant text default 'acme', version int default 0);
      create table erp.unwatched (id int)`);
    for (const table of ['entry', 'job']) {
      await dba.query(`select rowhook.enable_table($1, company_column => 'tenant')`, [`erp.${table}`]);
    }
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

interface Record {
  readonly id: number;
  readonly version: number;
}

function recordsOf(bodies: readonly string[]): Record[] {
  return bodies.map((body) => (JSON.parse(body) as { record: Record }).record);
}

function idsOf(bodies: readonly string[]): number[] {
  return recordsOf(bodies).map(({ id }) => id);
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

interface Position {
  readonly commitLsn: bigint;
  readonly index: number;
}

/** Of a webhook's attempts, in the order of their ends. */
async function positions(webhook: string, count: number): Promise<Position[]> {
  await scene.waitForCounts(webhook, { claimed: count, success: count });
  const attempts = scene.service.logs.filter(
    (line) => line.msg === 'delivery.attempted' && line['webhook'] === webhook,
  );
  return attempts.map(({ changeId }) => {
    const [, lsn = '', index = ''] = String(changeId).split('-');
    return { commitLsn: BigInt(`0x${lsn}`), index: Number(index) };
  });
}

test('what a savepoint took back is not sent, and the rest is', async () => {
  await scene.createWebhook({ name: 'savepoints', table: 'entry', company: 'acme' });
  await scene.database.app.query(`
    begin;
    insert into erp.entry values (1);
    savepoint a;
    insert into erp.entry values (2);
    update erp.entry set note = 'taken back' where id = 1;
    rollback to a;
    insert into erp.entry values (3);
    savepoint b;
    insert into erp.entry values (4);
    savepoint c;
    delete from erp.entry;
    rollback to c;
    release b;
    insert into erp.entry values (5);
    commit`);
  const bodies = await scene.waitForBodies('savepoints', 4);
  expect(idsOf(bodies)).toEqual([1, 3, 4, 5]);
  expect(bodies.every((body) => body.startsWith('{"type":"INSERT"') && body.includes('"note":null'))).toBe(
    true,
  );
  expect((await positions('savepoints', 4)).map(({ index }) => index)).toEqual([0, 1, 2, 3]);
});

test('of a transaction that was rolled back or failed nothing is sent', async () => {
  await scene.createWebhook({ name: 'rollbacks', table: 'entry', company: 'acme' });
  const { app } = scene.database;
  await app.query(`begin; insert into erp.entry select generate_series(1, 1000); rollback`);
  await expect(
    app.query(`insert into erp.entry (id) values (20); insert into erp.entry (id) values (1 / 0)`),
  ).rejects.toThrow('division by zero');
  await app.query(`insert into erp.entry values (21)`);
  expect(idsOf(await scene.waitForBodies('rollbacks', 1))).toEqual([21]);
  await scene.waitForCounts('rollbacks', { claimed: 1, success: 1 });
});

test('of 10 000 subtransactions, half of them taken back, the other half is sent once each', async () => {
  await scene.createWebhook({ name: 'subtransactions', table: 'job', company: 'acme' });
  await scene.database.app.query(`
    do $$ begin
      for i in 1..10000 loop
        begin
          insert into erp.job (id) values (i);
          if i % 2 = 0 then raise exception 'taken back'; end if;
        exception when raise_exception then null;
        end;
      end loop;
    end $$`);
  const ids = idsOf(await scene.waitForBodies('subtransactions', 5_000)).sort((a, b) => a - b);
  expect(ids).toEqual(range(1, 10_000).filter((id) => id % 2 === 1));
  await scene.waitForCounts('subtransactions', { claimed: 5_000, success: 5_000 });
});

test('COPY sends each row once, in its order', async () => {
  await scene.createWebhook({ name: 'copy', table: 'entry', company: 'acme' });
  await scene.database.admin.query(`copy erp.entry (id) from program 'seq 1 300'`);
  expect(idsOf(await scene.waitForBodies('copy', 300))).toEqual(range(1, 300));
  expect((await positions('copy', 300)).map(({ index }) => index)).toEqual(range(0, 299));
});

test('many interleaved transactions arrive in the order of their commits, each as a whole, and positions only grow', async () => {
  await scene.createWebhook({ name: 'interleaved', table: 'entry', company: 'acme' });
  const sessions = await Promise.all(range(0, 11).map(() => scene.connect()));
  for (const session of sessions) await session.query('begin');
  for (const row of range(0, 4)) {
    for (const [i, session] of sessions.entries()) {
      await session.query(`insert into erp.entry values ($1)`, [i * 100 + row]);
    }
  }
  // 5 and 12 have no common divisor: every session commits, each far from the one before.
  const order = range(0, 11).map((i) => (i * 5) % 12);
  for (const i of order) await sessions[i]?.query('commit');
  const bodies = await scene.waitForBodies('interleaved', 60);
  expect(idsOf(bodies)).toEqual(order.flatMap((i) => range(i * 100, i * 100 + 4)));
  const sent = await positions('interleaved', 60);
  for (const [i, { commitLsn, index }] of sent.slice(1).entries()) {
    const before = sent[i];
    if (before === undefined) continue;
    const isLater = commitLsn > before.commitLsn || (commitLsn === before.commitLsn && index > before.index);
    expect(isLater, `the position of delivery ${i + 2} follows that of the one before`).toBe(true);
  }
  expect(new Set(sent.map(({ commitLsn }) => commitLsn)).size).toBe(12);
});

test('a row that one transaction changes 1 000 times arrives 1 000 times, in order', async () => {
  await scene.createWebhook({ name: 'versions', table: 'job', company: 'acme' });
  await scene.database.app.query(`
    do $$ begin
      insert into erp.job (id, version) values (-1, 1);
      for i in 2..1000 loop update erp.job set version = i where id = -1; end loop;
    end $$`);
  const bodies = await scene.waitForBodies('versions', 1_000);
  expect(recordsOf(bodies).map(({ version }) => version)).toEqual(range(1, 1_000));
});

test('transactions that say nothing about watched tables are passed and confirmed, and messages take no index', async () => {
  await scene.createWebhook({ name: 'silent', table: 'entry', company: 'acme' });
  const { admin, app } = scene.database;
  await app.query(`begin; commit`);
  await app.query(`begin; select txid_current(); commit`);
  await app
    .query(`begin; insert into erp.unwatched values (1); truncate erp.unwatched; commit`)
    .catch(() => undefined);
  await app.query(`select pg_logical_emit_message(false, 'rowhook-test', 'outside')`);
  await app.query(`
    begin;
    select pg_logical_emit_message(true, 'rowhook-test', 'before');
    insert into erp.entry values (1);
    select pg_logical_emit_message(true, 'rowhook-test', 'between');
    insert into erp.unwatched values (2);
    select pg_logical_emit_message(false, 'rowhook-test', 'at once');
    insert into erp.entry values (2);
    commit`);
  expect(idsOf(await scene.waitForBodies('silent', 2))).toEqual([1, 2]);
  expect((await positions('silent', 2)).map(({ index }) => index)).toEqual([0, 1]);
  const [mark] = await admin.query(`select pg_logical_emit_message(true, 'rowhook-test', 'last') as lsn`);
  await waitUntil(
    async () => {
      const [slot] = await admin.query(
        `select confirmed_flush_lsn >= $2 as is_passed from pg_replication_slots where slot_name = $1`,
        [scene.service.slot, mark?.['lsn']],
      );
      return slot?.['is_passed'] === 't';
    },
    { describe: 'the empty transactions to be confirmed' },
  );
});
