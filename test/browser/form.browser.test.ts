import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  await stage.scene.dba(
    `create table erp.contract ("companyId" text, id int, title text, price numeric, primary key ("companyId", id))`,
    `select rowhook.enable_table('erp.contract', replica_identity => 'keep')`,
  );
}, 120_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function seen(locator: Locator): Promise<void> {
  await locator.first().waitFor({ state: 'visible' });
}

/** The newest in the log, once it is another than this one. */
async function nextDelivery(webhook: string, before = ''): Promise<string> {
  return await waitUntil(
    async () => {
      const id = await stage.deliveryOf(webhook);
      return id === before ? undefined : id;
    },
    { describe: `another delivery of ${webhook} in the log` },
  );
}

describe('a delivery', () => {
  test('of a table without full identity says of no field that it changed unless that is known', async () => {
    const { scene } = stage;
    await scene.createWebhook({ name: 'leases', table: 'contract', company: 'lease', on: ['update'] });
    await scene.app(
      `insert into erp.contract values ('lease', 1, 'Lease', 10)`,
      `update erp.contract set title = 'Lease 2026' where id = 1`,
    );
    const first = await nextDelivery('leases');
    const page = await stage.open(`#/deliveries/${first}`);
    const table = page.getByRole('region', { name: 'Rows of fields' });
    await seen(page.getByText(/replica identity is not full, so Postgres logs nothing of the row as it was/));
    expect(await table.locator('tr.changed').count()).toBe(0);
    await seen(table.getByRole('row', { name: 'title not known "Lease 2026"' }));

    await scene.app(`update erp.contract set id = 2 where id = 1`);
    await page.goto(`${stage.url}/#/deliveries/${await nextDelivery('leases', first)}`);
    await seen(page.getByText(/Postgres logs only the key of the row as it was/));
    expect(await table.locator('tr.changed').allInnerTexts()).toEqual(['id\t1\t2']);
    await seen(table.getByRole('row', { name: 'price not known 10' }));
  });

  test('names no host that it may not have gone to', async () => {
    const { scene } = stage;
    await scene.createWebhook({ name: 'moved', table: 'item', company: 'move' });
    scene.receiver.behave({ status: 503 }, '/moved');
    await scene.app(`insert into erp.item values ('m1', 'move', 1, 'a')`);
    await scene.waitForCounts('moved', { claimed: 1, error: 1 });
    const page = await stage.open(`#/deliveries/${await stage.deliveryOf('moved')}`);
    const host = new URL(scene.receiver.url).host;
    await seen(page.getByText(`POST ${host}`));
    await seen(page.getByRole('button', { name: 'Copy as curl', exact: true }));
    await scene.database.admin.query(
      `update rowhook.webhook set url = 'http://127.0.0.1:9/elsewhere' where id = 'moved'`,
    );
    await page.reload();
    await seen(page.getByText('Its present URL is at 127.0.0.1:9.'));
    await seen(page.getByRole('button', { name: 'Copy as curl, to its present URL' }));
    expect(await page.getByText(/POST 127/).count()).toBe(0);
    await page.goto(`${stage.url}/#/webhooks/moved`);
    await seen(page.getByText(/Last: 503 after [\d.]+ ms\./));
  });
});

test('a large count is exact on the webhook’s own page, and short in the list', async () => {
  await stage.scene.createWebhook({ name: 'busy', table: 'item', company: 'busy' });
  await stage.scene.database.admin.query(
    `insert into rowhook.counter (uid, success_count) select uid, 1234567 from rowhook.webhook where id = 'busy'
     on conflict (uid) do update set success_count = excluded.success_count`,
  );
  const page = await stage.open('#/webhooks?search=busy');
  const short = page.getByRole('listitem', { name: 'busy' }).getByText('1.2M', { exact: true });
  await seen(short);
  expect(await short.getAttribute('title')).toBe('1,234,567');
  await page.goto(`${stage.url}/#/webhooks/busy`);
  await seen(page.getByText('1,234,567', { exact: true }));
});
