import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heldAnswers } from '../service/scene.ts';
import { waitUntil } from '../support/wait.ts';
import { gone, rowOf, seen, tabTo } from './look.ts';
import { openStage, operatorToken, type Stage } from './stage.ts';

let stage: Stage;
let rows = 0;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** A change of the company's, which its webhooks are told of. */
async function change(company: string): Promise<string> {
  const id = `i${(rows += 1)}`;
  await stage.scene.app(`insert into erp.item values ('${id}', '${company}', 1.50, 'new')`);
  return id;
}

async function fillForm(page: Page, name: string, path = name): Promise<void> {
  const form = page.getByRole('form');
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Table', { exact: true }).selectOption('item');
  await form.getByLabel('Company', { exact: true }).fill('acme');
  await form.getByLabel('URL').fill(`${stage.scene.receiver.url}/${path}`);
}

describe('the operator', () => {
  test('signs in with a token, and is told when it is a wrong one', async () => {
    const page = await stage.open('#/', { token: null });
    await page.getByLabel('Token').fill('not-the-token-of-anybody');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await seen(page.getByRole('alert').getByText('not valid here'));
    await page.getByLabel('Token').fill(operatorToken);
    await page.keyboard.press('Enter');
    await seen(page.getByRole('heading', { name: 'Needs attention' }));
  });

  test('tests a webhook before it is saved, creates it, and sees its first delivery', async () => {
    const page = await stage.open('#/webhooks');
    await fillForm(page, 'created');
    await page.getByRole('button', { name: 'Send test' }).click();
    await seen(page.getByRole('status').getByText(/Delivered: .* answered 200/));
    await seen(page.getByRole('region', { name: 'What was sent' }).getByText('"table": "item"'));
    const [tested] = await stage.scene.receiver.waitFor(1, { path: '/created' });
    expect(tested?.headers['rowhook-delivery']).toBe('test');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await seen(page.getByText('“created” is created'));
    await seen(rowOf(page, 'created'));
    await change('acme');
    await seen(rowOf(page, 'created').getByText('1 delivered'));
  });

  test('is told what a form lacks where it lacks it, and what the service refuses', async () => {
    const page = await stage.open('#/webhooks');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    const name = page.getByRole('form').getByLabel('Name');
    expect(await name.getAttribute('aria-invalid')).toBe('true');
    await seen(page.getByText('Give it a name'));
    await fillForm(page, 'refused');
    await page.getByRole('form').getByLabel('URL').fill('http://10.0.0.1/inside');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await seen(page.getByRole('alert').getByText('blocked_address'));
  });

  test('edits, pauses with a reason, resumes and deletes', async () => {
    await stage.scene.createWebhook({ name: 'managed', table: 'item', company: 'acme' });
    const page = await stage.open('#/webhooks?search=managed');
    await page.getByRole('link', { name: 'Edit managed' }).click();
    await page.getByRole('form').getByLabel('Name').fill('managed well');
    await page.getByRole('form').getByLabel('Delete').uncheck();
    await page.getByRole('button', { name: 'Save' }).click();
    const row = rowOf(page, 'managed well');
    await seen(row.getByText('insert, update ·'));

    await row.getByRole('button', { name: 'Pause managed well' }).click();
    await page.getByLabel(/^Why/).fill('the warehouse moves');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await seen(row.getByText(/Paused: the warehouse moves/));
    await row.getByRole('button', { name: 'Resume managed well' }).click();
    await seen(row.getByText('Nothing sent yet'));

    await row.getByRole('button', { name: 'Delete managed well' }).click();
    await seen(page.getByRole('dialog').getByText('Nothing waits to be sent.'));
    await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click();
    await gone(row);
    expect(
      await stage.scene.database.admin.query(`select 1 from rowhook.webhook where id = 'managed'`),
    ).toEqual([]);
  });

  test('sees an endpoint that begins to fail rise to the top, with a sentence', async () => {
    for (const name of ['a calm one', 'z failing one'])
      await stage.scene.createWebhook({ name: name.replaceAll(' ', '-'), table: 'item', company: 'fail' });
    stage.scene.receiver.behave({ status: 503 }, '/z-failing-one');
    const [page, overview] = [await stage.open('#/webhooks'), await stage.open('#/')];
    await seen(rowOf(page, 'z-failing-one'));
    await change('fail');
    const first = page.getByRole('list', { name: 'Webhooks' }).getByRole('listitem').first();
    await seen(first.and(rowOf(page, 'z-failing-one')));
    await seen(first.getByText(/1 failure since .* Last: 503 from 127\.0\.0\.1:\d+ after [\d.]+ ms\./));
    const problem = overview.getByRole('listitem').filter({ hasText: 'z-failing-one' });
    await seen(problem.getByText('The endpoint itself failed'));
    stage.scene.receiver.behave({ status: 200 }, '/z-failing-one');
  });

  test('sees a delivery whole, and sends it again', async () => {
    await stage.scene.createWebhook({ name: 'again', table: 'item', company: 'again' });
    const id = await change('again');
    await stage.scene.app(`update erp.item set price = 2.50 where id = '${id}'`);
    await stage.scene.waitForBodies('again', 2);
    const page = await stage.open('#/webhooks/again');
    const line = page.getByRole('row').filter({ hasText: 'update' });
    await line.getByRole('link').click();
    await seen(page.getByRole('heading', { name: `UPDATE item ${id}` }));
    await seen(page.getByRole('row', { name: 'price 1.50 2.50' }));
    const body = stage.scene.bodies('again')[1] ?? '';
    await seen(page.getByRole('region', { name: 'What was sent' }).getByText(body));
    await page.getByRole('button', { name: 'Send again' }).click();
    await seen(page.getByRole('dialog').getByText('It arrived: the receiver gets it twice.'));
    await page.getByRole('button', { name: 'Send it' }).click();
    await seen(page.getByRole('status').getByText('Sent again: delivered 200'));
    const sent = await stage.scene.receiver.waitFor(3, { path: '/again' });
    expect([sent[2]?.body, sent[2]?.headers['rowhook-delivery']]).toEqual([body, 'resend']);
    await seen(page.getByRole('heading', { name: 'The same change' }));
  });

  test('is told what a webhook asked for in the last hour, and before it is saved what it would have sent', async () => {
    await stage.scene.createWebhook({
      name: 'told',
      table: 'item',
      company: 'told',
      on: ['insert', 'update'],
    });
    const id = await change('told');
    await change('told');
    await stage.scene.app(`update erp.item set price = 3 where id = '${id}'`);
    await change('not told');
    await stage.scene.waitForCounts('told', { claimed: 3, success: 3 });
    const page = await stage.open('#/webhooks/told');
    const hour = page.getByRole('region', { name: 'The last hour' });
    await seen(hour.getByText(/^3 deliveries arrived and 0 failed since [\d:]{8}, when this process began/));
    await seen(hour.getByText(/ 3 changes were committed that it asks for: 2 inserts, 1 update\./));
    await page.getByRole('button', { name: 'Pause told' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await seen(hour.getByText('It is paused: what is committed meanwhile is not sent.'));

    const list = await stage.open('#/webhooks');
    const form = list.getByRole('form');
    await form.getByLabel('Company', { exact: true }).fill('told');
    await form.getByLabel('Table', { exact: true }).selectOption('item');
    await seen(form.getByText('would have been 3 POSTs: 2 inserts, 1 update.'));
    await form.getByLabel('Insert').uncheck();
    await seen(form.getByText('would have been 1 POST: 1 update.'));
    await form.getByLabel('Company', { exact: true }).fill('nobody');
    await seen(form.getByText('would have been no POST.'));
  });

  test('asks why, and finds in the address what was searched for', async () => {
    await stage.scene.createWebhook({ name: 'curious', table: 'item', company: 'why' });
    const id = await change('why');
    await stage.scene.waitForCounts('curious', { claimed: 1, success: 1 });
    const page = await stage.open('#/why');
    await page.getByLabel('Table').selectOption('item');
    await page.getByLabel('Key').fill(id);
    await page.keyboard.press('Enter');
    await seen(page.getByRole('link', { name: 'curious' }));
    expect(new URL(page.url()).hash).toBe(`#/why?table=item&key=${id}`);
  });

  test('is told of a table what watching it costs', async () => {
    const page = await stage.open('#/tables');
    await page.getByText('erp.item').click();
    await seen(page.getByText('cost of full'));
  });
});

describe("a company's people", () => {
  beforeAll(async () => {
    await stage.scene.createWebhook({ name: 'own-hook', table: 'item', company: 'ours' });
    await stage.scene.createWebhook({ name: 'their-hook', table: 'item', company: 'theirs' });
    await change('theirs');
    await stage.scene.waitForCounts('their-hook', { claimed: 1, success: 1 });
  });

  test('come with a token in the fragment, which leaves the address at once', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('ours') });
    await seen(rowOf(page, 'own-hook'));
    expect(page.url()).toBe(`${stage.url}/#/webhooks`);
    await seen(page.getByText('Company ours'));
  });

  test('see their own only, also at other addresses', async () => {
    const id = await stage.deliveryOf('their-hook');
    const places = [
      ['#/', 'Needs attention'],
      ['#/webhooks', 'Your webhooks'],
      ['#/webhooks/their-hook', 'No such webhook'],
      [`#/deliveries/${id}`, 'No such delivery'],
      ['#/losses', 'Losses'],
      ['#/tables', 'Not found'],
      [`#/why?table=item&key=i${rows}`, 'Why'],
    ] as const;
    for (const [hash, heading] of places) {
      const page = await stage.open(hash, { token: await stage.tokenOf('ours') });
      await seen(page.getByRole('heading', { name: heading, exact: true }));
      await page.waitForLoadState('networkidle').catch(() => undefined);
      expect([hash, await page.locator('main').innerText()]).not.toEqual([
        hash,
        expect.stringContaining('theirs'),
      ]);
      expect(await page.getByRole('navigation').innerText()).not.toContain('Tables');
      expect(await page.getByRole('heading', { name: 'The service' }).count()).toBe(0);
      await page.close();
    }
  });

  test('are asked again when their token has expired, and lose nothing that they typed', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('ours', 4) });
    await page.getByRole('form').getByLabel('Name').fill('half of a form');
    await seen(page.getByRole('region', { name: 'Sign in again' }).getByText(/expired/));
    await page.getByLabel('Token').fill(await stage.tokenOf('ours'));
    await page.keyboard.press('Enter');
    await gone(page.getByRole('region', { name: 'Sign in again' }));
    expect(await page.getByRole('form').getByLabel('Name').inputValue()).toBe('half of a form');
    await seen(rowOf(page, 'own-hook'));
  });

  test('are signed in by the page around the frame, if its origin is configured', async () => {
    const page = await stage.open('#/', { token: null });
    stage.parent.html = stage.frameGiving([await stage.tokenOf('ours')]);
    await page.goto(stage.parent.origin);
    await seen(page.frameLocator('iframe').getByRole('listitem', { name: 'own-hook' }));
    // The same page under another name is another origin.
    await page.goto(stage.parent.origin.replace('127.0.0.1', 'localhost'));
    const urls = (): string[] => page.frames().map((frame) => frame.url());
    await waitUntil(() => urls().some((url) => url.startsWith('chrome-error:')), {
      describe: () => `the frame to be refused; there are ${urls().join(', ')}`,
    });
  });
});

describe('without a mouse', () => {
  test('a webhook is created, paused and found again', async () => {
    const page = await stage.open('#/');
    await seen(page.getByRole('heading', { name: 'Needs attention' }));
    await tabTo(page, 'link', 'Webhooks');
    await page.keyboard.press('Enter');
    await seen(page.getByRole('heading', { name: 'New webhook' }));
    await tabTo(page, 'textbox', 'Name');
    await page.keyboard.type('by keyboard');
    // There is nothing to be chosen before the tables have come.
    await page.locator('form option[value="item"]').waitFor({ state: 'attached' });
    await tabTo(page, 'combobox', 'Table');
    await page.keyboard.press('i');
    await tabTo(page, 'textbox', 'Company');
    await page.keyboard.type('acme');
    await tabTo(page, 'textbox', 'URL');
    await page.keyboard.type(`${stage.scene.receiver.url}/keys`);
    await tabTo(page, 'checkbox', 'Delete');
    await page.keyboard.press('Space');
    await page.keyboard.press('Enter');
    await seen(page.getByText('“by keyboard” is created'));

    await tabTo(page, 'searchbox', 'Search');
    await page.keyboard.type('by keyboard');
    await tabTo(page, 'button', 'Pause by keyboard');
    await page.keyboard.press('Enter');
    await seen(page.getByRole('dialog'));
    await page.keyboard.press('Escape');
    await gone(page.getByRole('dialog'));
    await seen(page.getByRole('button', { name: 'Pause by keyboard' }).and(page.locator(':focus')));
    await page.keyboard.press('Enter');
    await page.keyboard.type('tried');
    await page.keyboard.press('Enter');
    await seen(rowOf(page, 'by keyboard').getByText(/Paused: tried/));
  });
});

// The last ones: they end the service that the others look at.
describe('after the service was killed', () => {
  const { behaviour, release } = heldAnswers();

  beforeAll(async () => {
    stage.scene.receiver.behave(behaviour, '/cut-off');
    for (const name of ['cut-off', 'well-before'])
      await stage.scene.createWebhook({ name, table: 'item', company: 'cut' });
    await change('cut');
    await stage.scene.waitForCounts('well-before', { claimed: 1, success: 1 });
    await stage.scene.waitForCounts('cut-off', { claimed: 1 });
    await stage.restart();
  });
  afterAll(release);

  test('what was sent before is not called nothing', async () => {
    const page = await stage.open('#/webhooks/well-before');
    await seen(page.getByText('Delivered', { exact: true }).locator('..').getByText('1'));
    const hour = page.getByRole('region', { name: 'The last hour' });
    await seen(hour.getByText(/^Nothing was sent since [\d:]{8}, when this process began to lead/));
    await seen(rowOf(await stage.open('#/webhooks'), 'well-before').getByText(/^nothing since [\d:]{8}$/));
  });

  test('what was interrupted has a card that says what to do, and where it stands in the ledger', async () => {
    const page = await stage.open('#/webhooks/cut-off');
    const card = page.getByRole('region', { name: 'Failures of the last hour' }).getByRole('listitem');
    await seen(card.getByText('1 × interrupted'));
    await seen(card.getByText('Compare the endpoint with the table'));
    await seen(card.getByText(/^In the ledger below as loss \d+ \(from change [\w-]+ to [\w-]+\)\.$/));
  });
});
