// The reader is ahead of what is sent, or stands still because nothing can be stored: pausing and deleting work all the same.
import { expect, test } from 'vitest';
import { heldAnswers, openScene, type Scene } from './scene.ts';

const inFlight = 32;
const laneHolds = 5_000;
const rows = laneHolds + 1_000;
/** Of what is read and cannot be stored. */
const unstoredAtMost = 20_000;

async function openHeldScene(): Promise<Scene> {
  const scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.job (id int primary key, tenant text not null);
      create table erp.item (id int primary key, tenant text not null)`);
    await dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
    await dba.query(`select rowhook.enable_table('erp.item', company_column => 'tenant')`);
  });
  await scene.createWebhook({ name: 'healthy', table: 'job', company: null });
  await scene.createWebhook({ name: 'items', table: 'item', company: 'globex' });
  return scene;
}

async function fillLane({ database, receiver }: Scene, name: string): Promise<void> {
  await database.app.query(`insert into erp.job select n, 'acme' from generate_series(1, $1) as n`, [rows]);
  await receiver.waitFor(inFlight, { path: `/${name}` });
  await receiver.waitFor(laneHolds, { path: '/healthy' });
}

test('deleting a webhook that hangs with a long queue lets everybody else go on', async () => {
  await using scene = await openHeldScene();
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/stuck');
  await scene.createWebhook({ name: 'stuck', table: 'job', company: 'acme' });
  await fillLane(scene, 'stuck');
  await scene.database.app.query(`insert into erp.item values (1, 'globex')`);

  await scene.database.appAs('acme').query(`delete from rowhook.webhook where id = 'stuck'`);
  await scene.waitForBodies('items', 1);
  await scene.waitForBodies('healthy', rows);
  answers.release();
  await scene.waitForCounts('stuck', { claimed: rows, success: inFlight, error: rows - inFlight });
  expect(await scene.losses('stuck')).toEqual([
    { reason: 'deleted', table: 'job', company: 'acme', count: rows - inFlight },
  ]);
  expect(scene.bodies('stuck')).toHaveLength(inFlight);
});

test('pausing a webhook that hangs with a long queue stops its POSTs, and reactivating sends the rest once', async () => {
  await using scene = await openHeldScene();
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/stuck');
  await scene.createWebhook({ name: 'stuck', table: 'job', company: 'acme' });
  await fillLane(scene, 'stuck');
  const app = scene.database.appAs('acme');

  await app.query(`update rowhook.webhook set active = false where id = 'stuck'`);
  // What comes after the pause in the log.
  await scene.database.app.query(`insert into erp.item values (1, 'globex')`);
  await scene.waitForBodies('items', 1);
  answers.release();
  await scene.waitForCounts('stuck', { claimed: inFlight, success: inFlight });
  expect(scene.bodies('stuck')).toHaveLength(inFlight);

  // Committed before the pause, read after it: not missed.
  await app.query(`update rowhook.webhook set active = true where id = 'stuck'`);
  await scene.waitForBodies('stuck', rows);
  await scene.waitForCounts('stuck', { claimed: rows, success: rows });
  expect(new Set(scene.bodies('stuck')).size).toBe(rows);
  await scene.waitForCounts('healthy', { claimed: rows, success: rows });
});

test('a webhook that was deleted while the reader stood still gets nothing, whatever the log tells before', async () => {
  await using scene = await openHeldScene();
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/stuck');
  await scene.createWebhook({ name: 'stuck', table: 'job', company: 'acme' });
  await scene.createWebhook({ name: 'known', table: 'item', company: 'globex' });
  const { app } = scene.database;
  const globex = scene.database.appAs('globex');
  // What is read can neither be sent nor stored.
  const locker = await scene.database.connect(scene.database.adminUrl);
  await locker.query('begin');
  await locker.query('lock table rowhook.backlog in share mode');
  await app.query(`insert into erp.job select n, 'acme' from generate_series(1, $1) as n`, [
    unstoredAtMost + 1_000,
  ]);
  await scene.receiver.waitFor(inFlight, { path: '/stuck' });

  await scene.createWebhook({ name: 'short', table: 'item', company: 'globex' });
  await globex.query(`update rowhook.webhook set on_delete = false where id = 'known'`);
  await app.query(`insert into erp.item select n, 'globex' from generate_series(1, 100) as n`);
  await globex.query(`delete from rowhook.webhook where id in ('short', 'known')`);
  await locker.query('rollback');
  answers.release();

  await scene.waitForBodies('items', 100);
  for (const name of ['short', 'known']) {
    await scene.waitForCounts(name, { claimed: 100, error: 100 });
    expect(scene.bodies(name), name).toEqual([]);
  }
});
