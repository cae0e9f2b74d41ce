// A webhook that is paused, hangs or cannot keep up waits in a table: it holds back neither the log nor anybody else, and loses nothing.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { heldAnswers, openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.job (id int primary key, tenant text not null, version int not null default 0)`);
    await dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

interface Payload {
  readonly type: string;
  readonly record: { readonly id: number; readonly version: number } | null;
}

function received(name: string): Payload[] {
  return scene.bodies(name).map((body) => JSON.parse(body) as Payload);
}

async function stored(webhookId: string): Promise<number> {
  const [row] = await scene.database.admin.query<{ count: string }>(
    'select count(*) as count from rowhook.backlog where webhook_id = $1',
    [webhookId],
  );
  return Number(row?.count);
}

async function waitForStored(webhookId: string, isEnough: (count: number) => boolean): Promise<void> {
  let last = 0;
  await waitUntil(async () => isEnough((last = await stored(webhookId))), {
    describe: () => `deliveries of ${webhookId} in the backlog; there are ${last}`,
  });
}

/** Until Postgres may forget all that was written before this was called. */
async function waitForConfirmed(): Promise<void> {
  const { admin } = scene.database;
  const [{ lsn } = { lsn: '' }] = await admin.query<{ lsn: string }>(
    'select pg_current_wal_insert_lsn() as lsn',
  );
  await waitUntil(
    async () => {
      const rows = await admin.query(
        'select from pg_replication_slots where slot_name = $1 and confirmed_flush_lsn >= $2',
        [scene.service.slot, lsn],
      );
      return rows.length > 0;
    },
    { describe: 'the slot to be past what was written' },
  );
}

async function insertJobs(tenant: string, count: number): Promise<void> {
  await scene.database.app.query(
    `insert into erp.job select coalesce((select max(id) from erp.job), 0) + n, $1 from generate_series(1, $2) as n`,
    [tenant, count],
  );
}

test('an endpoint that hangs holds no log, and once it answers gets the rest in order', async () => {
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/hangs');
  await scene.createWebhook({ name: 'hangs', table: 'job', company: 'acme' });
  await scene.createWebhook({ name: 'beside', table: 'job', company: null });
  await insertJobs('acme', 3_000);
  await scene.database.app.query(`update erp.job set version = 1 where tenant = 'acme'`);
  await scene.waitForBodies('beside', 6_000);
  await waitForConfirmed();
  await waitForStored('hangs', (count) => count >= 5_000);
  expect(scene.bodies('hangs')).toHaveLength(32);

  answers.release();
  await scene.waitForBodies('hangs', 6_000);
  await scene.waitForCounts('hangs', { claimed: 6_000, success: 6_000 });
  const versions = new Map<number, number[]>();
  for (const { record } of received('hangs')) {
    if (record !== null) versions.set(record.id, [...(versions.get(record.id) ?? []), record.version]);
  }
  expect(versions.size).toBe(3_000);
  expect([...versions.values()].filter((each) => each.join() !== '0,1')).toEqual([]);
  await waitForStored('hangs', (count) => count === 0);
  // It is back in memory: what comes now is not stored first.
  await insertJobs('acme', 1);
  await scene.waitForCounts('hangs', { claimed: 6_001, success: 6_001 });
});

test('a paused webhook holds no log, and what was committed before the pause goes out when it is active again', async () => {
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/pauses');
  await scene.createWebhook({ name: 'pauses', table: 'job', company: 'globex' });
  await insertJobs('globex', 100);
  await scene.receiver.waitFor(32, { path: '/pauses' });
  const app = scene.database.appAs('globex');
  await app.query(`update rowhook.webhook set active = false where id = 'pauses'`);
  await insertJobs('globex', 10);
  await waitForStored('pauses', (count) => count === 68);
  answers.release();
  await waitForConfirmed();
  await scene.waitForCounts('pauses', { claimed: 32, success: 32, missed: 10 });
  expect(await stored('pauses')).toBe(68);

  await app.query(`update rowhook.webhook set active = true where id = 'pauses'`);
  await scene.waitForCounts('pauses', { claimed: 100, success: 100, missed: 10 });
  expect(new Set(scene.bodies('pauses')).size).toBe(100);
});

test('what waits for a webhook that is deleted is dropped, counted and in the ledger, and leaves the table', async () => {
  scene.receiver.behave({ hang: true }, '/leaves');
  await scene.createWebhook({ name: 'leaves', table: 'job', company: 'initech' });
  await insertJobs('initech', 3_000);
  await waitForStored('leaves', (count) => count === 2_968);
  await scene.database.appAs('initech').query(`delete from rowhook.webhook where id = 'leaves'`);
  await waitForStored('leaves', (count) => count === 0);
  await waitUntil(async () => (await scene.losses('leaves')).some(({ count }) => count === 2_968), {
    describe: 'the ledger of the deleted webhook',
  });
  expect(await scene.losses('leaves')).toContainEqual({
    reason: 'deleted',
    table: 'job',
    company: 'initech',
    count: 2_968,
  });
});

test('a TRUNCATE overtakes nothing that is stored, and nothing overtakes it', async () => {
  await scene.dba('create table erp.log (id int primary key, tenant text not null)');
  await scene.dba(`select rowhook.enable_table('erp.log', company_column => 'tenant')`);
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/truncates');
  await scene.createWebhook({ name: 'truncates', table: 'log', company: 'acme', on: ['insert', 'truncate'] });
  await scene.app(`insert into erp.log select n, 'acme' from generate_series(1, 500) as n`);
  await scene.dba('truncate erp.log');
  await scene.app(`insert into erp.log select n, 'acme' from generate_series(1, 500) as n`);
  await waitForStored('truncates', (count) => count === 1_001 - 32);
  answers.release();
  await scene.waitForBodies('truncates', 1_001);
  const types = received('truncates').map(({ type }) => type);
  expect(types.indexOf('TRUNCATE')).toBe(500);
  expect(types.filter((type) => type === 'INSERT')).toHaveLength(1_000);
});

test('a service that is killed while it has a backlog goes on with it, and sends nothing twice', async () => {
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/survives');
  await scene.createWebhook({ name: 'survives', table: 'job', company: 'umbrella' });
  await insertJobs('umbrella', 1_000);
  await waitForStored('survives', (count) => count === 968);
  await scene.service.kill('SIGKILL');
  answers.release();
  await using next = startService({ databaseUrl: scene.database.serviceUrl });
  await next.ready();
  await scene.waitForCounts('survives', { claimed: 1_000, success: 968, error: 32 });
  expect(new Set(scene.bodies('survives')).size).toBe(1_000);
  expect(scene.bodies('survives')).toHaveLength(1_000);
  expect(await scene.losses('survives')).toEqual([
    { reason: 'interrupted', table: 'job', company: 'umbrella', count: 32 },
  ]);
});
