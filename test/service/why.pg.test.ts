// The way from a row to the sentence: a service at work, its log, and what the command and the API say of one record.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runHere, runJsonHere } from '../cli/cli-here.ts';
import { http } from '../support/http.ts';
import { waitUntil } from '../support/wait.ts';
import type { Explanation } from '../../src/webhooks/why.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
      create schema erp;
      create table erp.job (id text primary key, tenant text not null, note text);
      select rowhook.enable_table('erp.job', company_column => 'tenant')`);
  });
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function why(key: string): Promise<Explanation> {
  const { json } = await runJsonHere(['why', 'job', key], { DATABASE_URL: scene.database.serviceUrl });
  return json as Explanation;
}

test('each webhook of the table has its sentence for a change', async () => {
  await scene.createWebhook({ name: 'ok', table: 'job', company: 'acme' });
  await scene.createWebhook({ name: 'deletes', table: 'job', company: 'acme', on: ['delete'] });
  await scene.createWebhook({ name: 'others', table: 'job', company: 'globex' });
  await scene.createWebhook({ name: 'refused', table: 'job', company: 'acme', url: 'http://127.0.0.1:9/' });
  await scene.app(`insert into erp.job values ('j1', 'acme')`, `insert into erp.job values ('j2', 'acme')`);
  await scene.waitForCounts('ok', { claimed: 2, success: 2 });
  await scene.waitForCounts('refused', { claimed: 2, error: 2 });
  const logged = async (): Promise<boolean> => (await why('j1')).changes[0]?.decisions.length === 4;
  await waitUntil(logged, { describe: 'the log to have both attempts' });
  const { changes, notes } = await why('j1');
  expect(notes).toEqual([expect.stringMatching(/now keeps every attempt, and goes back to /)]);
  expect(changes).toHaveLength(1);
  const reasons = Object.fromEntries(
    (changes[0]?.decisions ?? []).map(({ webhookId, reason }) => [webhookId, reason]),
  );
  expect(reasons).toEqual({
    ok: 'delivered',
    refused: 'failed',
    deletes: 'operation not chosen',
    others: 'other company',
  });
});

test('people read it line by line', async () => {
  const { stdout } = await runHere(['why', 'job', 'j1'], { DATABASE_URL: scene.database.serviceUrl });
  expect(stdout).toMatch(/^job j1\nThe delivery log now keeps every attempt/);
  expect(stdout).toMatch(/ {2}ok \(ok, acme\) +sent: 200 in \d+ ms/);
  expect(stdout).toMatch(/ {2}others \(others, globex\) +not sent: the row was acme's/);
});

test('the API says the same', async () => {
  const { body } = await http(`${scene.service.httpUrl}/v1/why?table=job&key=j1`);
  expect(JSON.parse(body)).toEqual(await why('j1'));
});

test('a change that lacks its row in the log is told as the ledger has it', async () => {
  await scene.createWebhook({ name: 'lost', table: 'job', company: 'acme' });
  await scene.app(
    `insert into erp.job values ('j9', 'acme')`,
    `update erp.job set note = 'n' where id = 'j9'`,
  );
  const told = async (webhook: string): Promise<(string | undefined)[]> =>
    (await why('j9')).changes.map(
      ({ decisions }) => decisions.find(({ webhookId }) => webhookId === webhook)?.sentence,
    );
  const isLogged = async (): Promise<boolean> => {
    const sentences = [...(await told('ok')), ...(await told('lost'))];
    return sentences.filter((sentence) => sentence?.startsWith('sent: 200')).length === 4;
  };
  await waitUntil(isLogged, { describe: 'the log to have all four attempts' });
  await scene.database.admin.query(`delete from rowhook.delivery where webhook_id = 'lost'`);
  const id = (await why('j9')).changes[0]?.changeId ?? '';
  const [epoch = '', lsn = ''] = id.split('-');
  const far = `1${epoch}-0000000000000001-0`;
  const old = `${epoch}-0000000000000001-9`;
  const addLoss = async (from: string, to: string, reason: string, count: number): Promise<void> => {
    await scene.database.admin.query(
      `insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position)
       select uid, id, company_id, table_name, $3, $4, $1, $2 from rowhook.webhook where id = 'lost'`,
      [from, to, reason, count],
    );
  };
  await addLoss(`${epoch}-${lsn}-100`, far, 'interrupted', 7);
  await addLoss(old, `${epoch}-0000000000000001-10`, 'interrupted', 8);
  const unknown = expect.stringMatching(/^unknown: .*lacks its row$/) as string;
  expect(await told('lost')).toEqual([unknown, unknown]);
  await addLoss(id, id, 'interrupted', 32);
  await addLoss(id, far, 'timeout', 2);
  expect(await told('lost')).toEqual([
    expect.stringMatching(
      /^probably interrupted: loss \d+ \(interrupted, 32 deliveries\) covers this position; whether it arrived is not known$/,
    ),
    unknown,
  ]);
});

test('a record that nobody heard of, and a table that nobody knows', async () => {
  expect((await why('nobody')).notes.join(' ')).toContain('Neither the log nor the backlog names a change');
  const { exitCode, stderr } = await runHere(['why', 'jobs', 'j1'], {
    DATABASE_URL: scene.database.serviceUrl,
  });
  expect(exitCode).toBe(1);
  expect(stderr).toContain('did you mean job?');
});
