// What endpoints that hang, flap or fail again and again cost the others: nothing; and what becomes of their own deliveries.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { waitUntil } from '../support/wait.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
let lastId = 0;

beforeAll(async () => {
  scene = await openScene(
    async ({ dba }) => {
      await dba.query('create schema erp');
      await dba.query('create table erp.job (id int primary key, tenant text not null, n int)');
      await dba.query(`select rowhook.enable_table('erp.job', company_column => 'tenant')`);
    },
    { ROWHOOK_BREAKER_FAILURES: '3', ROWHOOK_BREAKER_PROBE_MS: '200' },
  );
  await webhook('healthy');
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function webhook(name: string, change: Readonly<Record<string, string>> = {}): Promise<string> {
  const id = await scene.createWebhook({ name, table: 'job', company: name });
  for (const [column, value] of Object.entries(change)) {
    await scene.database.service.query(`update rowhook.webhook set ${column} = $2 where id = $1`, [
      id,
      value,
    ]);
  }
  return id;
}

/** New jobs of a company, in one transaction. */
async function commit(company: string, count = 1): Promise<void> {
  await scene.database.app.query(`insert into erp.job select $2 + n, $1, n from generate_series(1, $3) n`, [
    company,
    lastId,
    count,
  ]);
  lastId += count;
}

/** How long the slowest of single changes of this company took from its commit to its endpoint. */
async function slowestMs(name: string, changes: number): Promise<number> {
  let slowest = 0;
  for (let i = 0; i < changes; i++) {
    const before = scene.bodies(name).length;
    const committedAt = performance.now();
    await commit(name);
    await scene.waitForBodies(name, before + 1);
    slowest = Math.max(slowest, performance.now() - committedAt);
  }
  return slowest;
}

async function health(id: string): Promise<Record<string, string | null>> {
  const [row = {}] = await scene.database.admin.query(
    `select health, breaker_since, breaker_probe_at, last_error, backlog_count from rowhook.webhook_health where id = $1`,
    [id],
  );
  return row;
}

async function waitForHealth(id: string, expected: string): Promise<void> {
  let last = '';
  await waitUntil(async () => (last = (await health(id))['health'] ?? '') === expected, {
    describe: () => `${id} to be ${expected}; it is ${last}`,
  });
}

function logged(message: string, id: string): number {
  return scene.service.logs.filter(({ msg, ...line }) => msg === message && line['webhook'] === id).length;
}

test('an endpoint that hangs a second in three, and fails in another, costs a healthy one nothing', async () => {
  const flapping = await webhook('flapping');
  scene.receiver.behave(() => {
    const second = Math.floor(Date.now() / 1_000) % 3;
    if (second === 0) return { delayMs: 1_000 - (Date.now() % 1_000) };
    return { status: second === 1 ? 503 : 200 };
  }, '/flapping');
  const endsAt = Date.now() + 3_500;
  let slowest = 0;
  let committed = 0;
  for (; Date.now() < endsAt; committed += 100) {
    await commit('flapping', 100);
    slowest = Math.max(slowest, await slowestMs('healthy', 1));
  }
  expect(slowest).toBeLessThan(700);
  await waitUntil(async () => (await scene.counts(flapping)).claimed === committed, {
    describe: 'all to be claimed',
  });
  await waitUntil(
    async () => {
      const { claimed, success, error } = await scene.counts(flapping);
      return success > 0 && error > 0 && claimed === success + error;
    },
    { describe: 'every outcome' },
  );
});

test('forty endpoints that hang, each of a company of its own, cost a healthy one nothing, where they share its origin and where they do not', async () => {
  await using elsewhere = new AsyncDisposableStack();
  const others = await Promise.all(Array.from({ length: 8 }, () => startReceiver()));
  for (const receiver of others) elsewhere.use(receiver);
  await hangForty([scene.receiver], 180);
  expect(await slowestMs('healthy', 20)).toBeLessThan(2_000);
  await hangForty(others, 650);
  expect(await slowestMs('healthy', 20)).toBeLessThan(2_000);
  await scene.database.service.query(`delete from rowhook.webhook where name like 'hanging-%'`);
});

/** Resolves when so many of their POSTs have begun. */
async function hangForty(receivers: readonly Receiver[], posts: number): Promise<void> {
  const before = lastId;
  const names = Array.from({ length: 40 }, (_, i) => `hanging-${before}-${i}`);
  for (const [i, name] of names.entries()) {
    const receiver = receivers[i % receivers.length];
    receiver?.behave({ hang: true }, `/${name}`);
    await webhook(name, { url: `${receiver?.url}/${name}` });
  }
  await scene.database.app.query(
    `insert into erp.job select $1 + row_number() over (), tenant, n from unnest($2::text[]) tenant, generate_series(1, 50) n`,
    [lastId, names],
  );
  lastId += names.length * 50;
  const hanging = (): number =>
    receivers.flatMap(({ requests }) => requests).filter(({ path }) => path.startsWith(`/hanging-${before}-`))
      .length;
  await waitUntil(() => hanging() > posts, { describe: () => `most places to be taken; ${hanging()} are` });
}

test('a breaker that is to wait keeps what comes, and sends it in order once a probe arrives', async () => {
  const id = await webhook('waiting', { breaker: 'wait' });
  scene.receiver.behave({ status: 503 }, '/waiting');
  await commit('waiting', 3);
  await waitForHealth(id, 'breaker open');
  await scene.database.app.query(`update erp.job set n = 0 where tenant = 'waiting'`);
  for (let n = 1; n <= 20; n++) {
    await scene.database.app.query(`update erp.job set n = $1 where tenant = 'waiting'`, [n]);
  }
  await waitUntil(async () => Number((await health(id))['backlog_count']) > 40, { describe: 'a backlog' });
  expect(await health(id)).toMatchObject({ health: 'breaker open', last_error: 'rejected 503' });
  scene.receiver.behave({ status: 200 }, '/waiting');
  await waitUntil(
    async () => {
      const { claimed, success, error } = await scene.counts(id);
      return claimed === 66 && claimed === success + error;
    },
    { describe: 'every outcome' },
  );
  const { success, error } = await scene.counts(id);
  expect(error).toBeLessThan(30);
  expect(scene.bodies('waiting')).toHaveLength(success + error);
  const seen = new Map<number, number>();
  for (const body of scene.bodies('waiting').slice(3)) {
    const { record } = JSON.parse(body) as { record: { id: number; n: number } };
    expect(record.n).toBe((seen.get(record.id) ?? -1) + 1);
    seen.set(record.id, record.n);
  }
  await waitForHealth(id, 'recovered');
  expect([logged('breaker.opened', id), logged('breaker.closed', id)]).toEqual([1, 1]);
  expect(await scene.losses(id)).toEqual([]);
});

test('a breaker that is to drop counts what comes as errors, each in the ledger, and says on why it opened', async () => {
  const id = await webhook('dropping', { breaker: 'drop' });
  scene.receiver.behave({ status: 503 }, '/dropping');
  await commit('dropping', 3);
  await waitForHealth(id, 'breaker open');
  await commit('dropping', 50);
  await waitUntil(async () => (await scene.counts(id)).claimed === 53, { describe: '53 claims' });
  expect(await health(id)).toMatchObject({ health: 'breaker open', last_error: 'rejected 503' });
  const dropped = (await scene.losses(id)).map(({ reason, count }) => ({ reason, count }));
  const sent = scene.bodies('dropping').length;
  expect(dropped).toEqual([{ reason: 'breaker_open', count: 53 - sent }]);
  scene.receiver.behave({ status: 200 }, '/dropping');
  await waitUntil(
    async () => {
      await commit('dropping');
      return (await scene.counts(id)).success > 0;
    },
    { intervalMs: 100, describe: 'a probe to arrive' },
  );
  await waitForHealth(id, 'recovered');
  await waitUntil(
    async () => {
      const { claimed, success, error } = await scene.counts(id);
      return claimed === success + error;
    },
    { describe: 'every outcome' },
  );
  expect([logged('breaker.opened', id), logged('breaker.closed', id)]).toEqual([1, 1]);
});

test('whoever changes a webhook closes its breaker', async () => {
  const id = await webhook('mended', { breaker: 'wait' });
  scene.receiver.behave({ reset: 'after-reading' }, '/mended');
  await commit('mended', 3);
  await waitForHealth(id, 'breaker open');
  await commit('mended', 5);
  await scene.database.service.query(`update rowhook.webhook set url = $2 where id = $1`, [
    id,
    `${scene.receiver.url}/mended-now`,
  ]);
  const atItsNewUrl = await scene.waitForBodies('mended-now', 4);
  expect(atItsNewUrl.length).toBeGreaterThanOrEqual(4);
  await waitForHealth(id, 'recovered');
});

test('a webhook that sends one at a time sends in the order of the log, whichever record it is', async () => {
  const id = await webhook('strict', { concurrency: '1' });
  let out = 0;
  let most = 0;
  scene.receiver.behave(async () => {
    out += 1;
    most = Math.max(most, out);
    await new Promise((resolve) => setImmediate(resolve));
    out -= 1;
    return { status: 200 };
  }, '/strict');
  await commit('strict', 100);
  await scene.waitForCounts(id, { claimed: 100, success: 100 });
  const ids = scene
    .bodies('strict')
    .map((body) => (JSON.parse(body) as { record: { id: number } }).record.id);
  expect(ids).toEqual(ids.toSorted((a, b) => a - b));
  expect(most).toBe(1);
});
