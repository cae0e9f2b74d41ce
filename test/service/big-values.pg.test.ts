// Rows larger than any payload: they are counted and in the ledger, the service stays small, and what comes before and after them goes out.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;

// The large column stands before the company's.
beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create table document (id int primary key, doc text, "companyId" text, note text);
      create table folder (doc text, "companyId" text, id int, primary key ("companyId", id));
      create table weird (id int primary key, "companyId" text);`);
    await dba.query(`select rowhook.enable_table('document'), rowhook.enable_table('weird'),
                            rowhook.enable_table('folder', replica_identity => 'keep')`);
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

const megabytes = 1_000_000;

/** The most memory that the service has had so far. */
async function peakMegabytes(): Promise<number> {
  const status = await readFile(`/proc/${scene.service.pid}/status`, 'utf8');
  return (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / megabytes;
}

interface Shown {
  readonly type: string;
  readonly record: Readonly<Record<string, unknown>>;
}

/** Type and note of what a webhook received. */
function received(name: string): string[] {
  return scene.bodies(name).map((body) => {
    const { type, record } = JSON.parse(body) as Shown;
    return `${type} ${String(record['note'] ?? record['id'])}`;
  });
}

async function lastError(webhookId: string): Promise<string | null | undefined> {
  const [row] = await scene.database.admin.query(
    'select last_error from rowhook.webhook_counter where webhook_id = $1',
    [webhookId],
  );
  return row?.['last_error'];
}

test('a text of 300 MB in an INSERT, an UPDATE that leaves it, and a DELETE: counted, told, and the rest goes out in order', async () => {
  const { app } = scene.database;
  const whole = ['acme', 'acme-too'];
  for (const name of whole) await scene.createWebhook({ name, table: 'document', company: 'acme' });
  await scene.createWebhook({ name: 'all', table: 'document', company: null });
  await scene.createWebhook({ name: 'globex', table: 'document', company: 'globex' });
  const small = async (note: string): Promise<void> => {
    await app.query(
      `insert into document values ((select count(*) + 100 from document), 'small', 'acme', $1)`,
      [note],
    );
  };
  await small('before');
  await app.query(`insert into document select 1, repeat('x', 300000000), 'acme', 'large'`);
  await small('between');
  await app.query(`update document set note = 'unchanged' where id = 1`);
  await app.query(`begin; insert into document values (50, '', 'acme', 'same transaction');
                   delete from document where id = 1; commit`);
  await small('after');

  const expected = ['INSERT before', 'INSERT between', 'INSERT same transaction', 'INSERT after'];
  for (const name of [...whole, 'all']) {
    await scene.receiver.waitFor(4, { path: `/${name}`, timeoutMs: 60_000 });
    await scene.waitForCounts(name, { claimed: 7, success: 4, error: 3 });
    expect(received(name)).toEqual(expected);
    expect(await lastError(name)).toMatch(/^too_large at least 573 MiB; a payload may have 16 MiB$/);
    expect(await scene.losses(name)).toEqual([
      { reason: 'too_large', table: 'document', company: name === 'all' ? null : 'acme', count: 3 },
    ]);
  }
  const dropped = scene.service.logs.filter(({ msg }) => msg === 'delivery.dropped');
  expect(dropped).toHaveLength(9);
  expect(dropped[0]).toMatchObject({
    level: 'warn',
    type: 'INSERT',
    table: 'document',
    outcome: expect.stringMatching(/^too_large /) as string,
  });
  expect(await scene.counts('globex')).toEqual({ claimed: 0, success: 0, error: 0, missed: 0 });
  expect(await peakMegabytes()).toBeLessThan(300);
}, 90_000);

test('a row that leaves a company with a large value, or joins one: each webhook gets what is small enough for it', async () => {
  const { app } = scene.database;
  for (const name of ['north', 'south'])
    await scene.createWebhook({ name, table: 'document', company: name });
  await app.query(`insert into document select 200, repeat('x', 17000000), 'north', 'large'`);
  await app.query(`update document set "companyId" = 'south', doc = 'small', note = 'joined' where id = 200`);
  await app.query(
    `update document set "companyId" = 'north', doc = repeat('y', 17000000), note = 'back' where id = 200`,
  );
  await scene.waitForCounts('north', { claimed: 3, error: 3 });
  await scene.waitForCounts('south', { claimed: 2, success: 2 });
  expect(received('south')).toEqual(['INSERT joined', 'DELETE joined']);
});

test('where the log carries only the key of an old row, its large value costs an UPDATE or a DELETE nothing', async () => {
  const { app } = scene.database;
  await scene.createWebhook({ name: 'keyed', table: 'folder', company: 'acme' });
  await app.query(`insert into folder select repeat('x', 17000000), 'acme', 1`);
  await app.query(`update folder set id = 2`);
  await app.query(`update folder set doc = repeat('y', 17000000)`);
  await app.query(`delete from folder`);
  await scene.waitForCounts('keyed', { claimed: 4, success: 2, error: 2 });
  expect(received('keyed')).toEqual(['UPDATE 2', 'DELETE 2']);
});

test('a paused webhook misses a large row as it does any other', async () => {
  const { app } = scene.database;
  await scene.createWebhook({ name: 'paused', table: 'document', company: 'paused' });
  await scene.database.appAs('paused').query(`update rowhook.webhook set active = false where id = 'paused'`);
  await app.query(`insert into document select 300, repeat('x', 17000000), 'paused', 'large'`);
  await scene.waitForCounts('paused', { missed: 1 });
});

test('a row whose company is larger than any payload is undecidable', async () => {
  const { app } = scene.database;
  await scene.createWebhook({ name: 'weird', table: 'weird', company: 'acme' });
  await scene.createWebhook({ name: 'weird-all', table: 'weird', company: null });
  await app.query(`insert into weird select 1, repeat('x', 17000000)`);
  await app.query(`update weird set "companyId" = 'acme'`);
  await app.query(`insert into weird values (2, 'acme')`);
  await scene.waitForCounts('weird', { claimed: 1, success: 1 });
  await scene.waitForCounts('weird-all', { claimed: 3, success: 1, error: 2 });
  expect(await scene.losses(null)).toEqual([
    { reason: 'undecidable', table: 'weird', company: null, count: 2 },
  ]);
});

test('values of a row that is too large are not given to their types’ casts to json', async () => {
  const { admin, dba, app } = scene.database;
  await admin.query(`
    create extension if not exists citext;
    create function citext_json(citext) returns json language plpgsql as
      $$ begin raise exception 'called with % characters', length($1::text); end $$;
    create cast (citext as json) with function citext_json(citext)`);
  await dba.query(`create table cited (id int primary key, "companyId" text, word public.citext, doc text)`);
  await dba.query(`select rowhook.enable_table('cited')`);
  await scene.createWebhook({ name: 'cited', table: 'cited', company: 'acme' });
  await app.query(`insert into cited select 1, 'acme', repeat('x', 9000000), repeat('y', 9000000)`);
  await app.query(`insert into cited select 2, 'acme', repeat('x', 8000000)`);
  await app.query(`insert into cited values (3, 'acme', 'x')`);
  await scene.waitForCounts('cited', { claimed: 3, success: 2, error: 1 });
  const called = await waitUntil(
    () => {
      const lines = scene.service.logs.map(({ msg }) => /called with (\d+) characters/.exec(msg)?.[1]);
      const found = lines.filter((line) => line !== undefined);
      return found.includes('1') && found;
    },
    { describe: 'the cast to be called for the small value' },
  );
  expect(called).toEqual(['8000000', '1']);
});

test('a small row whose JSON would be large is as well too large', async () => {
  const { dba, app } = scene.database;
  await dba.query(`create type figures as (amounts float8[])`);
  await dba.query(`create table grown (id int primary key, "companyId" text, figures figures)`);
  await dba.query(`select rowhook.enable_table('grown')`);
  await scene.createWebhook({ name: 'grown', table: 'grown', company: 'acme' });
  await app.query(
    `insert into grown select 1, 'acme', row(array_fill(1e308::float8, array[200000]))::figures`,
  );
  await app.query(`insert into grown values (2, 'acme', row(array[1e3]))`);
  await scene.waitForCounts('grown', { claimed: 2, success: 1, error: 1 });
  expect(await lastError('grown')).toMatch(/^too_large /);
  expect(received('grown')).toEqual(['INSERT 2']);
});
