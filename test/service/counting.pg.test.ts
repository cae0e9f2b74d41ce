// What became of each delivery, in counters and ledger: claimed = success + error once a webhook is idle, and whatever got no
// answer also stands in the ledger, with its class.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
let nextId = 0;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`create schema erp; create table erp.job (id int primary key, tenant text not null)`);
    await dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function insertJobs(company: string, count: number): Promise<void> {
  await scene.database.app.query(
    `insert into erp.job select n, $1 from generate_series($2::int, $3::int) as n`,
    [company, nextId + 1, nextId + count],
  );
  nextId += count;
}

interface CounterRow {
  readonly last_error: string | null;
  readonly succeeded: string;
  readonly failed: string;
}

/** From the view, as the company sees it. */
async function readCounter(company: string): Promise<CounterRow | undefined> {
  const [row] = await scene.database.appAs(company).query<CounterRow>(`
    select last_error, last_success_at is not null as succeeded, last_error_at is not null as failed
    from rowhook.webhook_counter`);
  return row;
}

test('an endpoint that refuses some requests has successes and errors, and nothing in the ledger', async () => {
  const answers = [200, 500, 204, 404, 301, 200];
  scene.receiver.behave(() => {
    const status = answers.shift() ?? 200;
    return { status, body: `answer ${status}` };
  }, '/rejecting');
  await scene.createWebhook({ name: 'rejecting', table: 'job', company: 'acme' });
  expect(await readCounter('acme')).toEqual({ last_error: null, succeeded: 'f', failed: 'f' });
  await insertJobs('acme', 5);
  await scene.waitForCounts('rejecting', { claimed: 5, success: 2, error: 3 });

  const [row] = await scene.database.appAs('acme').query(`select * from rowhook.webhook_counter`);
  expect(row).toMatchObject({
    webhook_id: 'rejecting',
    claimed_count: '5',
    success_count: '2',
    error_count: '3',
    missed_count: '0',
  });
  // What an internal address answers is for nobody's eyes.
  expect(row?.['last_error']).toMatch(/^rejected (500|404|301)$/);
  expect(await readCounter('acme')).toMatchObject({ succeeded: 't', failed: 't' });
  expect(await scene.losses('rejecting')).toEqual([]);
  expect(scene.bodies('rejecting')).toHaveLength(5);
});

test('an endpoint that is away has errors and losses of the class refused, and is asked again for the next change', async () => {
  await using away: Receiver = await startReceiver();
  await away.pause();
  await scene.createWebhook({
    name: 'refusing',
    table: 'job',
    company: 'away',
    url: `${away.url}/hook?token=secret`,
  });
  await insertJobs('away', 3);
  await scene.waitForCounts('refusing', { claimed: 3, error: 3 });
  expect((await readCounter('away'))?.last_error).toMatch(/^refused /);
  expect((await readCounter('away'))?.last_error).not.toContain('secret');
  expect(await scene.losses('refusing')).toEqual([
    { reason: 'refused', table: 'job', company: 'away', count: 3 },
  ]);
  const [loss] = await scene.database.admin.query(`select * from rowhook.loss where webhook_id = 'refusing'`);
  expect(loss?.['detail']).toMatch(/^refused /);
  for (const position of ['from_position', 'to_position']) {
    expect(loss?.[position]).toMatch(/^1-[0-9A-F]{16}-[0-9]+$/);
  }

  await away.resume();
  await insertJobs('away', 1);
  await away.waitFor(1);
  await scene.waitForCounts('refusing', { claimed: 4, success: 1, error: 3 });
  expect(away.requests.map(({ json }) => json()['record'])).toEqual([{ id: nextId, tenant: 'away' }]);
});

test('a connection that breaks before the answer is an error of the class reset, and the change is not sent again', async () => {
  scene.receiver.behave({ reset: 'after-reading' }, '/breaking');
  await scene.createWebhook({ name: 'breaking', table: 'job', company: 'breaking' });
  await insertJobs('breaking', 2);
  await scene.waitForCounts('breaking', { claimed: 2, error: 2 });
  expect((await readCounter('breaking'))?.last_error).toMatch(/^reset /);
  expect(await scene.losses('breaking')).toEqual([
    { reason: 'reset', table: 'job', company: 'breaking', count: 2 },
  ]);
  expect(scene.bodies('breaking')).toHaveLength(2);
});

test('an address that is not allowed is an error of the class blocked_address, and no connection is opened', async () => {
  const { connectionCount } = scene.receiver;
  const urls = {
    blocked: `http://localhost:${scene.receiver.port}/blocked`,
    internal: 'https://10.0.0.1/hook',
  };
  for (const [name, url] of Object.entries(urls)) {
    await scene.createWebhook({ name, table: 'job', company: name, url });
    // Changes of one record: each waits for the outcome of the one before, which comes at once.
    await scene.database.app.query(`
      begin;
      insert into erp.job values (${nextId + 1}, '${name}');
      update erp.job set id = id where id = ${nextId + 1};
      delete from erp.job where id = ${nextId + 1};
      commit`);
    await scene.waitForCounts(name, { claimed: 3, error: 3 });
    expect((await readCounter(name))?.last_error).toMatch(/^blocked_address /);
    expect(await scene.losses(name)).toEqual([
      { reason: 'blocked_address', table: 'job', company: name, count: 3 },
    ]);
  }
  expect(scene.receiver.connectionCount).toBe(connectionCount);
});

test('an endpoint that never answers costs its own webhook ten seconds, and the others nothing', async () => {
  scene.receiver.behave({ hang: true }, '/hanging');
  await scene.createWebhook({ name: 'hanging', table: 'job', company: 'shared' });
  await scene.createWebhook({ name: 'beside', table: 'job', company: 'shared' });
  await insertJobs('shared', 40);
  await scene.waitForCounts('beside', { claimed: 40, success: 40 });
  await scene.waitForCounts('hanging', { claimed: 32 });

  await scene.database
    .appAs('shared')
    .query(`update rowhook.webhook set active = false where id = 'hanging'`);
  await scene.waitForCounts('hanging', { claimed: 32, error: 32 });
  const [row] = await scene.database
    .appAs('shared')
    .query(`select last_error from rowhook.webhook_counter where webhook_id = 'hanging'`);
  expect(row?.['last_error']).toMatch(/^timeout after 10000 ms/);
  expect(await scene.losses('hanging')).toEqual([
    { reason: 'timeout', table: 'job', company: 'shared', count: 32 },
  ]);
});
