// A webhook sees exactly the changes committed after the commit that created or reactivated it, and none after the commit
// that deleted or paused it. Each test interleaves transactions; what must not arrive is proved by a later change that does.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { heldAnswers, openScene, type Scene } from './scene.ts';

let scene: Scene;
let testNo = 0;
let nextId = 0;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.job (id int primary key, tenant text not null, step text not null);
      create table erp.marker (id serial primary key, tenant text not null)`);
    await dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
    await dba.query(`select rowhook.enable_table('erp.marker', company_column => 'tenant')`);
  });
  await scene.createWebhook({ name: 'marker', table: 'marker', company: 'acme' });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

beforeEach(() => {
  testNo += 1;
});

interface Database {
  query(sql: string, params?: readonly unknown[]): Promise<unknown>;
}

async function insertJob(database: Database, step: string): Promise<void> {
  nextId += 1;
  await database.query(`insert into erp.job values ($1, $2, $3)`, [nextId, company(), step]);
}

/** Each test has a company of its own, so that its jobs are no other test's. */
function company(): string {
  return `company ${testNo}`;
}

async function createWebhook(
  name: string,
  on?: readonly ('insert' | 'update' | 'delete')[],
): Promise<string> {
  return await scene.createWebhook({ name, table: 'job', company: company(), ...(on && { on }) });
}

async function setActive(name: string, isActive: boolean): Promise<void> {
  await scene.database
    .appAs(company())
    .query('update rowhook.webhook set active = $2 where id = $1', [name, isActive]);
}

/** `type step` of each request to the path, sorted: jobs are records of their own, and their order is free. */
function received(name: string): string[] {
  return stepsOf(name).sort();
}

function stepsOf(name: string): string[] {
  return scene.bodies(name).map((body) => {
    const { type, record } = JSON.parse(body) as { type: string; record: { step: string } };
    return `${type} ${record.step}`;
  });
}

async function waitForSteps(name: string, expected: readonly string[]): Promise<void> {
  await scene.waitForBodies(name, expected.length);
  expect(received(name)).toEqual([...expected].sort());
}

/** Returns when the service has read everything that was committed before. */
async function passMarker(): Promise<void> {
  const [row] = await scene.database.app.query(
    `insert into erp.marker (tenant) values ('acme') returning id`,
  );
  await scene.receiver.waitFor(({ body }) => body.includes(`"record":{"id":${row?.['id']},`), {
    path: '/marker',
  });
}

const insertWebhook = `insert into rowhook.webhook (id, name, table_name, url, on_insert) values ($1, $1, 'job', $2, true)`;

test('a new webhook sees nothing of its own transaction, and whatever commits after it', async () => {
  const { receiver, database } = scene;
  const [own, across, early] = [await scene.connect(company()), await scene.connect(), await scene.connect()];
  await across.query('begin');
  await insertJob(across, 'begun before, committed after');
  await early.query('begin');
  await insertJob(early, 'committed while the webhook was not');

  await own.query('begin');
  await insertJob(own, 'before it in its transaction');
  await own.query(insertWebhook, ['new', `${receiver.url}/new`]);
  await insertJob(own, 'after it in its transaction');
  await early.query('commit');
  await own.query('commit');
  await insertJob(across, 'second row');
  await across.query('commit');
  await insertJob(database.app, 'wholly after');

  await waitForSteps('new', [
    'INSERT begun before, committed after',
    'INSERT second row',
    'INSERT wholly after',
  ]);
  await scene.waitForCounts('new', { claimed: 3, success: 3 });
});

test('a webhook that asks for more, or for less, does so from its commit on', async () => {
  const id = nextId + 1;
  const { app } = scene.database;
  const [own, across] = [await scene.connect(company()), await scene.connect()];
  const change = async (database: Database, step: string): Promise<void> => {
    await database.query('update erp.job set step = $2 where id = $1', [id, step]);
  };
  await createWebhook('widening', ['insert']);
  await insertJob(app, 'created');
  await change(app, 'not asked for');

  await own.query('begin');
  await change(own, 'in the transaction that asks');
  await own.query(`update rowhook.webhook set on_update = true, on_insert = false where id = 'widening'`);
  await own.query('commit');
  await across.query('begin');
  await change(across, 'asked for when it began and when it committed');
  await insertJob(across, 'not asked for any more');
  await across.query('commit');
  await across.query('begin');
  await change(across, 'asked for only when it began');
  await own.query(`update rowhook.webhook set on_update = false, on_delete = true where id = 'widening'`);
  await across.query('commit');
  await app.query('delete from erp.job where id = $1', [id]);

  await waitForSteps('widening', [
    'INSERT created',
    'UPDATE asked for when it began and when it committed',
    'DELETE asked for only when it began',
  ]);
  await scene.waitForCounts('widening', { claimed: 3, success: 3 });
});

test('what is committed after a change of the URL goes to the new one', async () => {
  const { app } = scene.database;
  await createWebhook('address');
  await insertJob(app, 'old address');
  await scene.waitForBodies('address', 1);
  await scene.database
    .appAs(company())
    .query(`update rowhook.webhook set url = $1 where id = 'address'`, [`${scene.receiver.url}/address-2`]);
  await insertJob(app, 'new address');

  await waitForSteps('address-2', ['INSERT new address']);
  expect(received('address')).toEqual(['INSERT old address']);
  await scene.waitForCounts('address', { claimed: 2, success: 2 });
});

test('what is committed while a webhook is paused is counted as missed and never sent', async () => {
  const { app } = scene.database;
  const [intoPause, outOfPause] = [await scene.connect(), await scene.connect()];
  await createWebhook('pausing');
  await insertJob(app, 'before');
  await scene.waitForBodies('pausing', 1);

  await intoPause.query('begin');
  await insertJob(intoPause, 'begun before the pause');
  await setActive('pausing', false);
  await intoPause.query('commit');
  await insertJob(app, 'wholly in the pause');
  await outOfPause.query('begin');
  await insertJob(outOfPause, 'begun in the pause');
  await scene.waitForCounts('pausing', { claimed: 1, success: 1, missed: 2 });
  await setActive('pausing', true);
  await outOfPause.query('commit');
  await insertJob(app, 'after');

  await waitForSteps('pausing', ['INSERT before', 'INSERT begun in the pause', 'INSERT after']);
  await scene.waitForCounts('pausing', { claimed: 3, success: 3, missed: 2 });
  expect(await scene.losses('pausing')).toEqual([]);
});

test('what waits when a webhook is paused stays, and goes out in order when it is active again', async () => {
  const { app } = scene.database;
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/waiting');
  await createWebhook('waiting');
  const id = nextId + 1;
  const change = async (step: string): Promise<void> => {
    await app.query('update erp.job set step = $2 where id = $1', [id, step]);
  };
  await insertJob(app, 'on its way');
  for (const step of ['first', 'second', 'third']) await change(step);
  await scene.waitForBodies('waiting', 1);

  await setActive('waiting', false);
  await change('in the pause');
  await passMarker();
  answers.release();
  await scene.waitForCounts('waiting', { claimed: 1, success: 1, missed: 1 });
  await passMarker();
  expect(stepsOf('waiting')).toEqual(['INSERT on its way']);

  await setActive('waiting', true);
  await change('after');
  await scene.waitForBodies('waiting', 5);
  expect(stepsOf('waiting')).toEqual([
    'INSERT on its way',
    'UPDATE first',
    'UPDATE second',
    'UPDATE third',
    'UPDATE after',
  ]);
  await scene.waitForCounts('waiting', { claimed: 5, success: 5, missed: 1 });
});

test('a webhook that is deleted with a queue gets nothing of it, and the ledger says how much that was', async () => {
  const { app } = scene.database;
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/deleted');
  await createWebhook('deleted');
  const id = nextId + 1;
  await insertJob(app, 'on its way');
  for (const step of ['first', 'second', 'third']) {
    await app.query('update erp.job set step = $2 where id = $1', [id, step]);
  }
  await scene.waitForBodies('deleted', 1);
  const [own, across] = [await scene.connect(company()), await scene.connect()];
  await across.query('begin');
  await insertJob(across, 'begun before the end');
  await own.query('begin');
  await own.query(`delete from rowhook.webhook where id = 'deleted'`);
  // Of the same record, so that it waits behind it: another one could go out before the end of this transaction is read.
  await own.query('update erp.job set step = $2 where id = $1', [id, 'in the transaction that ends it']);
  await own.query('commit');
  await across.query('commit');
  await passMarker();
  answers.release();
  await passMarker();

  // The transaction that deletes it is matched as it was before: four wait, and one is under way.
  await scene.waitForCounts('deleted', { claimed: 5, success: 1, error: 4 });
  expect(await scene.losses('deleted')).toEqual([
    { reason: 'deleted', table: 'job', company: company(), count: 4 },
  ]);
  expect(stepsOf('deleted')).toEqual(['INSERT on its way']);
});

test('a webhook with the id of a deleted one gets nothing of what the other one left', async () => {
  const { app, database } = { app: scene.database.app, database: scene.database };
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/again');
  await createWebhook('again');
  const id = nextId + 1;
  await insertJob(app, 'of the first');
  await app.query(`update erp.job set step = 'queued for the first' where id = $1`, [id]);
  await scene.waitForBodies('again', 1);
  await database.appAs(company()).query(`delete from rowhook.webhook where id = 'again'`);
  await scene.createWebhook({ name: 'again', table: 'job', company: company() });
  await insertJob(app, 'of the second');
  await passMarker();
  answers.release();

  await waitForSteps('again', ['INSERT of the first', 'INSERT of the second']);
  await scene.waitForCounts('again', { claimed: 1, success: 1 });
});

test('a webhook with a URL too long to be in the log again keeps it when something else changes', async () => {
  const { app } = scene.database;
  const path = `long?${Array.from({ length: 400 }, (_, i) =>
    Math.sin(i + 1)
      .toString(36)
      .slice(3, 12),
  ).join('')}`;
  await scene.createWebhook({
    name: 'long',
    table: 'job',
    company: company(),
    url: `${scene.receiver.url}/${path}`,
  });
  await setActive('long', false);
  await setActive('long', true);
  await insertJob(app, 'at a long address');
  await waitForSteps(path, ['INSERT at a long address']);
});

test('a table that is disabled is not watched, and its webhooks go on when it is enabled again', async () => {
  const { app, dba } = scene.database;
  await dba.query(`create table erp.shift (id int primary key, tenant text, site text)`);
  await dba.query(`select rowhook.enable_table('erp.shift', company_column => 'tenant')`);
  await scene.createWebhook({ name: 'shifts', table: 'shift', company: 'north' });
  await app.query(`insert into erp.shift values (1, 'north', 'south')`);
  await dba.query(`select rowhook.disable_table('erp.shift')`);
  await app.query(`insert into erp.shift values (2, 'north', 'north')`);
  await dba.query(`select rowhook.enable_table('erp.shift', company_column => 'site')`);
  await app.query(`insert into erp.shift values (3, 'north', 'south'), (4, 'south', 'north')`);

  await scene.waitForBodies('shifts', 2);
  await scene.waitForCounts('shifts', { claimed: 2, success: 2 });
  const ids = scene
    .bodies('shifts')
    .map((body) => (JSON.parse(body) as { record: { id: number } }).record.id);
  expect(ids.sort()).toEqual([1, 4]);
});
