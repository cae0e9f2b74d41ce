// Two changes of one row never overtake each other, however slow the endpoint is with one of them.
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { heldAnswers, openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.job (id int primary key, tenant text not null, version int not null);
      create table erp.part (id int primary key, tenant text not null, code text not null, version int not null);
      create unique index part_identity on erp.part (tenant, code);
      create table erp.scan (tenant text, version int)`);
    await dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
    await dba.query(
      `select rowhook.enable_table('erp.part', company_column => 'tenant', replica_identity => 'part_identity')`,
    );
    await dba.query(`select rowhook.enable_table('erp.scan', company_column => 'tenant')`);
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

interface Payload {
  readonly type: string;
  readonly record: { readonly id: number; readonly version: number; readonly code: string };
}

function received(name: string): Payload[] {
  return scene.bodies(name).map((body) => JSON.parse(body) as Payload);
}

interface Endpoint {
  mostAtOnce(): number;
  /** Rows of which a second change arrived before the first one was answered. */
  readonly overtaken: ReadonlySet<string>;
}

/** Answers some at once and some late, differently at each request; `rowOf` names the row that a change belongs to. */
function unsteady(name: string, rowOf: (payload: Payload) => string): Endpoint {
  let [random, most] = [1, 0];
  const current: string[] = [];
  const overtaken = new Set<string>();
  scene.receiver.behave(async ({ body }) => {
    const row = rowOf(JSON.parse(body) as Payload);
    if (current.includes(row)) overtaken.add(row);
    current.push(row);
    most = Math.max(most, current.length);
    random = (random * 16_807) % 2_147_483_647;
    await delay(random % 3 === 0 ? random % 40 : 0);
    current.splice(current.indexOf(row), 1);
    return { status: 200 };
  }, `/${name}`);
  return { mostAtOnce: () => most, overtaken };
}

test('the versions of each row arrive in order, and different rows at the same time', async () => {
  const rows = 40;
  const versions = 12;
  const endpoint = unsteady('versions', ({ record }) => String(record.id));
  await scene.createWebhook({ name: 'versions', table: 'job', company: 'acme' });
  const { app } = scene.database;
  await app.query(`insert into erp.job select n, 'acme', 1 from generate_series(1, $1) as n`, [rows]);
  // Row by row, so that the changes of one row follow each other closely.
  await app.query(
    `do $$ begin
       for n in 1..${rows} loop
         for v in 2..${versions} loop
           update erp.job set version = v where id = n;
         end loop;
       end loop;
     end $$`,
  );

  await scene.waitForBodies('versions', rows * versions);
  await scene.waitForCounts('versions', { claimed: rows * versions, success: rows * versions });
  const byRow = Map.groupBy(received('versions'), ({ record }) => record.id);
  expect(byRow.size).toBe(rows);
  const ascending = Array.from({ length: versions }, (_, i) => i + 1);
  for (const [id, changes] of byRow) {
    expect(
      changes.map(({ record }) => record.version),
      `row ${id}`,
    ).toEqual(ascending);
  }
  expect([...endpoint.overtaken]).toEqual([]);
  expect(endpoint.mostAtOnce()).toBeGreaterThan(1);
  expect(endpoint.mostAtOnce()).toBeLessThanOrEqual(32);
});

test('a change of the primary key waits for the old key, and the new key waits for it', async () => {
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/rekeyed');
  await scene.createWebhook({ name: 'rekeyed', table: 'job', company: 'globex' });
  await scene.createWebhook({ name: 'rekeyed-beside', table: 'job', company: 'globex' });
  const { app } = scene.database;
  await app.query(`insert into erp.job values (1001, 'globex', 1)`);
  await app.query(`update erp.job set id = 1002, version = 2 where id = 1001`);
  await app.query(`update erp.job set version = 3 where id = 1002`);
  await app.query(`insert into erp.job values (1001, 'globex', 4)`);
  await app.query(`insert into erp.job values (1003, 'globex', 5)`);
  await scene.waitForBodies('rekeyed-beside', 5);

  // Only the rows that have nothing to do with the first may overtake it.
  await scene.waitForBodies('rekeyed', 2);
  expect(received('rekeyed').map(({ record }) => record.version)).toEqual([1, 5]);
  answers.release();
  await scene.waitForBodies('rekeyed', 5);
  const versions = received('rekeyed').map(({ record }) => record.version);
  expect(versions.indexOf(2)).toBe(2);
  expect(versions.slice(3).sort()).toEqual([3, 4]);
});

test('under an index identity a delete, which has only the key, waits for the changes before it', async () => {
  const rows = 20;
  const rowOf = ({ record }: Payload): string => record.code.slice(1);
  const endpoint = unsteady('parts', rowOf);
  await scene.createWebhook({ name: 'parts', table: 'part', company: 'acme' });
  const { app } = scene.database;
  await app.query(`insert into erp.part select n, 'acme', 'p' || n, 1 from generate_series(1, $1) as n`, [
    rows,
  ]);
  await app.query(`update erp.part set version = 2`);
  await app.query(`update erp.part set code = 'q' || id, version = 3`);
  await app.query(`update erp.part set id = id + 1000`);
  await app.query(`delete from erp.part`);

  await scene.waitForBodies('parts', 5 * rows);
  const byRow = Map.groupBy(received('parts'), rowOf);
  expect([...endpoint.overtaken]).toEqual([]);
  expect(byRow.size).toBe(rows);
  for (const [row, changes] of byRow) {
    expect(
      changes.map(({ type, record }) => `${type} ${record.code[0]}`),
      `row ${row}`,
    ).toEqual(['INSERT p', 'UPDATE p', 'UPDATE q', 'UPDATE q', 'DELETE q']);
  }
});

test('a table without a key is sent one change at a time', async () => {
  const changes = 60;
  const endpoint = unsteady('scans', ({ record }) => String(record.version));
  await scene.createWebhook({ name: 'scans', table: 'scan', company: 'acme' });
  await scene.database.app.query(`insert into erp.scan select 'acme', n from generate_series(1, $1) as n`, [
    changes,
  ]);

  await scene.waitForBodies('scans', changes);
  expect(received('scans').map(({ record }) => record.version)).toEqual(
    Array.from({ length: changes }, (_, i) => i + 1),
  );
  expect(endpoint.mostAtOnce()).toBe(1);
});
