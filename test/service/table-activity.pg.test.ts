// How often a table changed in the last hour, as the API tells it of a service at work: for a company, for all, and as far as it is known.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { signCompanyToken } from '../../src/company-token.ts';
import { http } from '../support/http.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { heldAnswers, openScene, type Scene } from './scene.ts';

const operatorToken = 'operator-of-these-tests';
const tokenSecret = 'a secret of these tests that is long enough';
const env = { ROWHOOK_ADMIN_TOKEN: operatorToken, ROWHOOK_TOKEN_SECRET: tokenSecret };

interface Counted {
  readonly count: number;
  readonly since: string | null;
}

interface Hour {
  readonly isLeading: boolean;
  readonly lagMs: number | null;
  readonly inserts: Counted | null;
  readonly updates: Counted | null;
  readonly deletes: Counted | null;
  readonly truncates: Counted | null;
}

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`create schema erp`);
    for (const name of ['job', 'unwatched', 'held', 'task']) {
      await dba.query(`create table erp.${name} (id int primary key, tenant text, note text)`);
      await dba.query(`select rowhook.enable_table('erp.${name}', company_column => 'tenant')`);
    }
  }, env);
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function ask(path: string, token = operatorToken, url = scene.service.httpUrl): Promise<unknown> {
  const { statusCode, body } = await http(`${url}/v1/tables/${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return statusCode === 200 ? JSON.parse(body) : statusCode;
}

async function hourOf(path: string, service: ServiceProcess = scene.service): Promise<Hour> {
  return (await ask(path, operatorToken, service.httpUrl)) as Hour;
}

/** Inserts, updates, deletes, truncates. */
function counts({ inserts, updates, deletes, truncates }: Hour): (number | null)[] {
  return [inserts, updates, deletes, truncates].map((counted) => counted?.count ?? null);
}

async function waitForCounts(
  path: string,
  expected: (number | null)[],
  service?: ServiceProcess,
): Promise<Hour> {
  let last: Hour | undefined;
  await waitUntil(
    async () => {
      last = await hourOf(path, service);
      return JSON.stringify(counts(last)) === JSON.stringify(expected);
    },
    { describe: () => `${path} to be ${JSON.stringify(expected)}; it is ${JSON.stringify(last)}` },
  );
  return last as unknown as Hour;
}

test('tells what a webhook of the company is told of, and what one for all is', async () => {
  await scene.createWebhook({
    name: 'all',
    table: 'job',
    company: null,
    on: ['insert', 'update', 'delete', 'truncate'],
  });
  await scene.app(
    `insert into erp.job values (1, 'acme'), (2, 'acme'), (3, 'globex'), (4, null)`,
    `update erp.job set note = 'n' where id in (1, 3)`,
    `update erp.job set tenant = 'globex' where id = 2`,
    `delete from erp.job where id = 3`,
  );
  await scene.dba('truncate erp.job');
  await waitForCounts('job/activity', [4, 3, 1, 1]);
  expect(counts(await hourOf('job/activity?company=acme'))).toEqual([2, 1, 1, 1]);
  expect(counts(await hourOf('job/activity?company=globex'))).toEqual([2, 1, 1, 1]);
  expect(counts(await hourOf('job/activity?company=initech'))).toEqual([0, 0, 0, 1]);
});

test("a company's token is told of its own rows, and of nobody else's", async () => {
  const token = await signCompanyToken('globex', { secret: tokenSecret, seconds: 60 });
  const own = await hourOf('job/activity?company=globex');
  expect(own.inserts?.count).toBe(2);
  const asked = async (path: string): Promise<unknown> => {
    const answer = await ask(path, token);
    return typeof answer === 'number' ? answer : counts(answer as Hour);
  };
  await scene.createWebhook({
    name: 'own',
    table: 'job',
    company: 'globex',
    on: ['insert', 'update', 'delete', 'truncate'],
  });
  expect(await asked('job/activity')).toEqual(counts(own));
  expect(await asked('job/activity?company=globex')).toEqual(counts(own));
  expect(await asked('job/activity?company=acme')).toBe(403);
  expect(await asked('nothing/activity')).toBe(404);
});

test("a company's token is told of what its own webhooks ask for, and not whether anybody else watches", async () => {
  const secret = { secret: tokenSecret, seconds: 60 };
  const [globex, initech] = await Promise.all([
    signCompanyToken('globex', secret),
    signCompanyToken('initech', secret),
  ]);
  const unwatched = await ask('unwatched/activity', initech);
  expect(unwatched).toMatchObject({ isLeading: true, inserts: null, updates: null, deletes: null });
  const { lagMs: _, ...known } = (await ask('job/activity', initech)) as Hour;
  expect(unwatched).toMatchObject(known);
  await scene.database.admin.query(
    `update rowhook.webhook set on_update = false, on_delete = false, active = false where id = 'own'`,
  );
  expect(counts((await ask('job/activity', globex)) as Hour)).toEqual([2, null, null, 1]);
  expect(counts(await hourOf('job/activity?company=globex'))).toEqual([2, 1, 1, 1]);
});

test('knows nothing of what nobody asks for, and counts it from the commit on that asks', async () => {
  await scene.app(`insert into erp.unwatched values (1, 'acme')`);
  expect(counts(await hourOf('unwatched/activity'))).toEqual([null, null, null, null]);
  const before = new Date();
  await scene.createWebhook({ name: 'inserts', table: 'unwatched', company: 'acme', on: ['insert'] });
  await scene.app(
    `insert into erp.unwatched values (2, 'acme')`,
    `delete from erp.unwatched`,
    `insert into erp.unwatched values (3, 'acme')`,
  );
  // A row may come to the company by an update.
  const { inserts, lagMs } = await waitForCounts('unwatched/activity?company=acme', [2, 0, null, null]);
  expect(Date.parse(inserts?.since ?? '')).toBeGreaterThan(before.getTime() - 1_000);
  expect(lagMs).not.toBeNull();
  await scene.database.admin.query(`delete from rowhook.webhook where id = 'inserts'`);
  await waitForCounts('unwatched/activity?company=acme', [null, null, null, null]);
});

test('counts a change once that the log sends again after a broken connection', async () => {
  const { behaviour, release } = heldAnswers();
  scene.receiver.behave(behaviour, '/held');
  await scene.createWebhook({ name: 'held', table: 'held', company: 'acme' });
  await scene.app(`insert into erp.held select n, 'acme' from generate_series(1, 300) n`);
  await waitForCounts('held/activity?company=acme', [300, 0, 0, null]);
  const { admin } = scene.database;
  const readerOf = async (): Promise<string> => {
    const slots = `select coalesce(active_pid::text, '') as pid from pg_replication_slots where slot_name = $1`;
    return (await admin.query(slots, [scene.service.slot]))[0]?.['pid'] ?? '';
  };
  const broken = await readerOf();
  await admin.query('select pg_terminate_backend($1)', [broken]);
  await waitUntil(async () => !['', broken].includes(await readerOf()), {
    describe: 'the log to be read again',
  });
  await scene.app(`insert into erp.held values (0, 'acme')`);
  await waitForCounts('held/activity?company=acme', [301, 0, 0, null]);
  release();
  await scene.waitForCounts('held', { claimed: 301, success: 301 });
});

// The last one: it ends the service.
test('a restart begins anew, with what was committed while nobody read', async () => {
  await scene.createWebhook({ name: 'task', table: 'task', company: 'acme' });
  await scene.app(`insert into erp.task values (1, 'acme')`);
  await scene.waitForCounts('task', { claimed: 1, success: 1 });
  await scene.service.kill('SIGTERM');
  await scene.app(`insert into erp.task values (2, 'acme')`, `insert into erp.task values (3, 'acme')`);
  const committed = await scene.database.admin.query<{ at: string }>('select now() as at');
  await using service = startService({ databaseUrl: scene.database.serviceUrl, env });
  await service.ready();
  const { inserts } = await waitForCounts('task/activity?company=acme', [2, 0, 0, null], service);
  expect(Date.parse(inserts?.since ?? '')).toBeLessThanOrEqual(Date.parse(committed[0]?.at ?? ''));
  const { body } = await http(`${service.httpUrl}/v1/webhooks/task`, {
    headers: { authorization: `Bearer ${operatorToken}` },
  });
  const { activity } = JSON.parse(body) as { readonly activity: { readonly since: string | null } };
  expect(Date.parse(activity.since ?? '')).toBeGreaterThan(Date.parse(committed[0]?.at ?? ''));
});
