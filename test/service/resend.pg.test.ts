/** Sending again what a service at work has delivered, or could not: its log, its counters, `why`, the command, and a service that is killed in the middle. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere, runJsonHere } from '../cli/cli-here.ts';
import { http } from '../support/http.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import type { Explanation } from '../../src/webhooks/why.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
let second: ServiceProcess | undefined;
let env: Record<string, string>;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.job (id text primary key, tenant text not null, price numeric);
      select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  });
  env = { DATABASE_URL: scene.database.serviceUrl, ROWHOOK_ALLOW_TARGETS: '127.0.0.1' };
  await scene.createWebhook({ name: 'jobs', table: 'job', company: 'acme' });
});
afterAll(async () => {
  await second?.[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

type Row = Record<string, unknown> & { readonly id: string };

async function logged(...args: string[]): Promise<Row[]> {
  const { json } = await runJsonHere(['deliveries', '--webhook', 'jobs', ...args], env);
  return json as Row[];
}

async function waitForLogged(count: number, ...args: string[]): Promise<Row[]> {
  let found: Row[] = [];
  await waitUntil(async () => (found = await logged(...args)).length === count, {
    describe: () => `${count} rows in the log; there are ${found.length}`,
  });
  return found;
}

test('the same bytes go out again, and counters, ledger and the first row stay as they are', async () => {
  scene.receiver.behave({ status: 503 });
  await scene.app(`insert into erp.job values ('j1', 'acme', 10.50)`);
  await scene.waitForCounts('jobs', { claimed: 1, error: 1 });
  const [first] = await waitForLogged(1);
  scene.receiver.behave({ status: 200 });
  const path = `${scene.service.httpUrl}/v1/deliveries/${first?.id ?? ''}/resend`;
  const { statusCode, body } = await http.post(path, { json: {} });
  expect([statusCode, JSON.parse(body)]).toMatchObject([
    200,
    { isDelivered: true, outcome: 'delivered 200' },
  ]);
  const [one, again] = scene.receiver.requestsTo('/jobs');
  expect(again?.bytes).toEqual(one?.bytes);
  expect([one?.headers['rowhook-delivery'], again?.headers['rowhook-delivery']]).toEqual([
    undefined,
    'resend',
  ]);
  const [resent, unchanged] = await logged();
  expect(unchanged).toEqual(first);
  expect(resent).toMatchObject({ resendOf: first?.id, outcome: 'delivered', changeId: first?.['changeId'] });
  expect(await scene.counts('jobs')).toEqual({ claimed: 1, success: 0, error: 1, missed: 0 });
  expect(await scene.losses('jobs')).toEqual([]);
});

test('why tells what was sent again from what became of it at first', async () => {
  const { json } = await runJsonHere(['why', 'job', 'j1'], env);
  const [change, ...others] = (json as Explanation).changes;
  expect(others).toEqual([]);
  expect(change?.decisions).toMatchObject([
    {
      webhookId: 'jobs',
      isResend: true,
      reason: 'delivered',
      sentence: expect.stringMatching(/^resend: sent: 200/) as string,
    },
    {
      webhookId: 'jobs',
      isResend: false,
      reason: 'rejected',
      sentence: expect.stringMatching(/^sent, and rejected: 503/) as string,
    },
  ]);
});

test('the command says first how many, and sends with --yes', async () => {
  scene.receiver.behave({ status: 500 });
  await scene.app(`insert into erp.job select 'k' || n, 'acme', n from generate_series(1, 3) n`);
  await scene.waitForCounts('jobs', { claimed: 4, error: 4 });
  await waitForLogged(3, '--outcome', 'rejected', '--since', '5m', '--limit', '3');
  scene.receiver.clear();
  const args = ['resend', '--webhook', 'jobs', '--since', '5m', '--outcome', 'rejected'];
  const plan = await runHere(args, env);
  expect(plan).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(
      /^3 deliveries would be sent again\nnothing was sent; to do it: /,
    ) as string,
  });
  const suggested = /to do it: rowhook (.*)\n/.exec(plan.stdout)?.[1]?.split(' ') ?? [];
  expect(scene.receiver.requests).toEqual([]);
  expect(await runHere(suggested, env)).toMatchObject({
    exitCode: 1,
    stdout: expect.stringMatching(
      /^0 of 3 deliveries arrived\nDELIVERY +KEY +OUTCOME\n\d+-1 +k1 +rejected 500/,
    ) as string,
  });
  scene.receiver.behave({ status: 200 });
  expect(await runHere(suggested, env)).toMatchObject({ exitCode: 0, stdout: '3 of 3 deliveries arrived\n' });
  for (const again of [args, suggested]) {
    expect(await runHere(again, env)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^nothing is left to send: .* when it was sent again\n$/) as string,
    });
  }
  const { json } = await runJsonHere(suggested, env);
  expect(json).toEqual({ done: true, count: 0, withoutBody: 0, data: [] });
  expect(scene.receiver.requests).toHaveLength(6);
  expect(await scene.counts('jobs')).toEqual({ claimed: 4, success: 0, error: 4, missed: 0 });
});

test('the command sends one, and what a loss names', async () => {
  scene.receiver.behave({ reset: 'before-reading' });
  await scene.app(`insert into erp.job values ('lost', 'acme', 1)`);
  await scene.waitForCounts('jobs', { claimed: 5, error: 5 });
  const [row] = await waitForLogged(1, '--key', 'lost');
  const find = async (): Promise<number | null> => {
    const { json } = await runJsonHere(['losses', '--webhook', 'jobs', '--reason', 'reset'], env);
    return (json as { id: number }[])[0]?.id ?? null;
  };
  const loss = String(await waitUntil(find, { describe: 'the loss' }));
  scene.receiver.behave({ status: 200 });
  scene.receiver.clear();
  const one = await runHere(['resend', row?.id ?? ''], env);
  expect(one.stdout).toBe(
    `1 delivery would be sent again\nnothing was sent; to do it: rowhook resend ${row?.id ?? ''} --yes\n`,
  );
  expect((await runHere(['resend', '--loss', loss], env)).stdout).toContain('1 delivery would be sent again');
  expect(scene.receiver.requests).toEqual([]);
  expect((await runHere(['resend', '--loss', loss, '--yes'], env)).stdout).toBe('1 of 1 delivery arrived\n');
  expect((await runHere(['resend', row?.id ?? '', '--yes'], env)).stdout).toBe('1 of 1 delivery arrived\n');
  expect(scene.receiver.requests).toHaveLength(2);
});

test.each([
  [[], 2, 'say what is to be sent again'],
  [['1769853600000042-7'], 1, 'the delivery log has nothing with the id'],
  [['--webhook', 'jobs'], 2, 'say what is to be sent again'],
  [['--loss', '1', '--since', '1h'], 2, 'cannot be used with'],
  [['--webhook', 'nobody', '--since', '1h'], 1, 'no webhook has the id nobody'],
  [['--loss', '999999'], 1, 'no loss has the id'],
])('resend %j says what is wrong', async (args, exitCode, words) => {
  const result = await runHere(['resend', ...args], env);
  expect(result.exitCode).toBe(exitCode);
  expect(result.stderr).toContain(words);
});

test('of a service that is killed in the middle nothing is sent twice, and the rest can be sent', async () => {
  scene.receiver.behave({ status: 503 });
  const since = new Date().toISOString();
  await scene.app(
    `insert into erp.job values ('m', 'acme', 0)`,
    ...Array.from({ length: 4 }, (_, n) => `update erp.job set price = ${n + 1} where id = 'm'`),
  );
  await scene.waitForCounts('jobs', { claimed: 10, error: 10 });
  await waitForLogged(5, '--key', 'm');
  scene.receiver.clear();
  const held = Promise.withResolvers<undefined>();
  scene.receiver.behave(async () => {
    if (scene.receiver.requestsTo('/jobs').length === 3) await held.promise;
    return { status: 200 };
  });
  const range = { json: { since } };
  const asked = http.post(`${scene.service.httpUrl}/v1/webhooks/jobs/resend`, range).catch(() => null);
  await scene.receiver.waitFor(3, { path: '/jobs' });
  await scene.service.kill('SIGKILL');
  expect(await asked).toBeNull();
  held.resolve(undefined);
  second = startService({ databaseUrl: scene.database.serviceUrl });
  await second.ready();
  expect((await logged('--key', 'm', '--limit', '3')).map((row) => row['outcome'])).toEqual([
    'interrupted',
    'delivered',
    'delivered',
  ]);
  const { body } = await http.post(`${second.httpUrl}/v1/webhooks/jobs/resend`, range);
  expect(JSON.parse(body)).toMatchObject({
    data: [{ isDelivered: true }, { isDelivered: true }],
    nextCursor: null,
  });
  const prices = scene.receiver
    .requestsTo('/jobs')
    .map(({ json }) => (json()['record'] as { price: number }).price);
  expect(prices).toEqual([0, 1, 2, 3, 4]);
  expect(await scene.counts('jobs')).toEqual({ claimed: 10, success: 0, error: 10, missed: 0 });
});

test('a stop begins nothing more, and what is out ends with its outcome and its answer', async () => {
  if (second === undefined) throw new Error('no service runs');
  const service = second;
  scene.receiver.behave({ status: 503 });
  const since = new Date().toISOString();
  await scene.app(
    `insert into erp.job values ('s', 'acme', 0)`,
    ...Array.from({ length: 2 }, (_, n) => `update erp.job set price = ${n + 1} where id = 's'`),
  );
  await scene.waitForCounts('jobs', { claimed: 13, error: 13 });
  await waitForLogged(3, '--key', 's');
  scene.receiver.clear();
  const held = Promise.withResolvers<undefined>();
  scene.receiver.behave(async () => {
    await held.promise;
    return { status: 200 };
  });
  const post = (path: string, json: object): Promise<{ statusCode: number; body: string } | null> =>
    http.post(`${service.httpUrl}/v1/webhooks/jobs/${path}`, { json }).catch(() => null);
  const asked = post('resend', { since });
  await scene.receiver.waitFor(1, { path: '/jobs' });
  const ended = service.kill('SIGTERM');
  await service.waitForLog('stopped');
  expect(await post('test', {})).toMatchObject({ statusCode: 503 });
  held.resolve(undefined);
  const { statusCode, body } = (await asked) ?? { statusCode: 0, body: '{}' };
  expect([statusCode, JSON.parse(body)]).toMatchObject([
    200,
    { data: [{ isDelivered: true }], nextCursor: expect.any(String) as string },
  ]);
  expect(await ended).toEqual({ code: 0, signal: null });
  expect((await logged('--key', 's', '--limit', '1'))[0]).toMatchObject({ outcome: 'delivered' });
  expect(scene.receiver.requests).toHaveLength(1);
});
