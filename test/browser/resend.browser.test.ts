import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { heldAnswers } from '../service/scene.ts';
import { waitUntil } from '../support/wait.ts';
import { gone, seen, tabTo, violations } from './look.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let webhook: string;
let webhooks = 0;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});
beforeEach(async () => {
  webhooks += 1;
  webhook = `hook-${webhooks}`;
  await stage.scene.createWebhook({ name: webhook, table: 'item', company: webhook });
});

const behaviours = { rejected: { status: 503 }, reset: { reset: 'after-reading' } } as const;

/** So many deliveries that did not arrive, each of a record of its own, until the log has them; the endpoint is well afterwards. */
async function fail(kind: keyof typeof behaviours, count: number): Promise<void> {
  stage.scene.receiver.behave(behaviours[kind], `/${webhook}`);
  await stage.scene.app(
    `insert into erp.item select '${webhook} ${kind} ' || n, '${webhook}', 1, 'new' from generate_series(1, ${count}) n`,
  );
  const outcome = kind === 'rejected' ? 'rejected' : 'failed';
  await untilSome(
    `select count(*) from rowhook.delivery where webhook_id = $1 and outcome = '${outcome}'`,
    count,
  );
  stage.scene.receiver.behave({ status: 200 }, `/${webhook}`);
}

/** Until the ledger has it. Returns its id. What ended before and after one of the service's writes is put into one row. */
async function lossOf(count: number): Promise<string> {
  await untilSome(`select coalesce(sum(count), 0) as count from rowhook.loss where webhook_id = $1`, count);
  const [row] = await stage.scene.database.admin.query(
    `with whole as (
       select max(id) as id, sum(count) as count, min(from_position) as first, max(to_position) as last
       from rowhook.loss where webhook_id = $1),
     others as (delete from rowhook.loss l using whole where l.webhook_id = $1 and l.id < whole.id)
     update rowhook.loss l set count = whole.count, from_position = whole.first, to_position = whole.last
     from whole where l.id = whole.id returning l.id`,
    [webhook],
  );
  return row?.['id'] ?? '';
}

async function untilSome(query: string, count: number): Promise<void> {
  await waitUntil(
    async () => {
      const [row] = await stage.scene.database.admin.query(query, [webhook]);
      return Number(row?.['count']) === count;
    },
    { describe: `${count} of: ${query}` },
  );
}

/** Bodies that came marked as sent again. */
function resent(): string[] {
  return stage.scene.receiver
    .requestsTo(`/${webhook}`)
    .filter(({ headers }) => headers['rowhook-delivery'] === 'resend')
    .map(({ body }) => body);
}

const dialog = (page: Page): Locator => page.getByRole('dialog');
const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });
const status = (page: Page, text: string | RegExp): Locator => page.getByRole('status').getByText(text);

/** The webhook's page, once all of it is there: what is clicked does not move any more. */
async function openWebhook(token?: string): Promise<Page> {
  const page = await stage.open(`#/webhooks/${webhook}`, token === undefined ? {} : { token });
  await seen(page.getByRole('heading', { name: 'Failures of the last hour' }));
  await seen(page.getByRole('region', { name: 'Rows of deliveries' }));
  await gone(page.getByText('Loading…'));
  return page;
}

async function askForStretch(page: Page): Promise<void> {
  await button(page, 'Send again what failed').click();
  await seen(dialog(page));
}

describe('a loss', () => {
  test('is sent again after a question that says how many, where to and what the receiver sees', async () => {
    await fail('reset', 3);
    const id = await lossOf(3);
    const page = await stage.open(`#/losses?webhook=${webhook}`);
    await button(page, `Send loss ${id} again`).click();
    const question = dialog(page);
    await seen(question.getByText('Of the 3 deliveries that this loss counts the log has 3 to send again.'));
    await seen(question.getByText(`${stage.scene.receiver.url}/${webhook}`));
    await seen(question.getByText('rowhook-delivery: resend'));
    await seen(question.getByText('The receiver may have some of it already'));
    expect([await violations(page), resent()]).toEqual([[], []]);
    await button(page, 'Send 3 deliveries').click();
    await seen(question.getByRole('status').getByText('3 of 3 arrived.'));
    expect(await violations(page)).toEqual([]);
    expect(resent().toSorted()).toEqual(stage.scene.bodies(webhook).slice(0, 3).toSorted());
    await question.getByRole('button', { name: 'Close' }).click();
    await seen(status(page, `Loss ${id}: 3 of 3 arrived.`));

    await button(page, `Send loss ${id} again`).click();
    await seen(question.getByText('Nothing is left to send'));
    expect(await button(page, 'Send 3 deliveries').count()).toBe(0);
    await page.context().close();
  });

  test('that fails again says how many did, of which kind, and what to do', async () => {
    await fail('reset', 2);
    const id = await lossOf(2);
    stage.scene.receiver.behave(
      ({ body }) => ({ status: body.includes('reset 1') ? 404 : 200 }),
      `/${webhook}`,
    );
    const page = await openWebhook();
    await button(page, `Send loss ${id} again`).click();
    await button(page, 'Send 2 deliveries').click();
    await seen(status(page, '1 of 2 arrived.'));
    await seen(dialog(page).getByText('1 × rejected 404: Nothing is there: check the path of the URL.'));
    await page.context().close();
  });

  test('of which nothing can be sent says why, in its row or after asking', async () => {
    await stage.scene.database.admin.query(
      `insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position)
       select uid, id, company_id, 'item', reason, n, '1-0000000000000001-0', '1-0000000000000002-0'
       from rowhook.webhook, (values ('gap', null), ('interrupted', 7)) known (reason, n) where id = $1`,
      [webhook],
    );
    const page = await stage.open(`#/losses?webhook=${webhook}`);
    const row = (reason: string): Locator => page.getByRole('row').filter({ hasText: reason });
    await seen(row('gap').getByText('which changes it were is not known'));
    expect(await row('gap').getByRole('button').count()).toBe(0);
    await row('interrupted').getByRole('button').click();
    await seen(
      dialog(page)
        .getByRole('alert')
        .getByText(/the delivery log has nothing of loss \d+/),
    );
    expect(await violations(page)).toEqual([]);
    await dialog(page).getByRole('button', { name: 'Close' }).click();
    await gone(dialog(page));
    await page.context().close();
  });

  test('is found by reason, webhook and table, and by the link of its id', async () => {
    await fail('reset', 1);
    const id = await lossOf(1);
    const page = await stage.open('#/losses');
    const link = page.getByRole('link', { name: `Loss ${id}`, exact: true });
    await page.getByLabel('Webhook (its id)').fill(webhook);
    await page.getByLabel('Table').selectOption('item');
    await page.getByLabel('Reason').selectOption('reset');
    await seen(link);
    expect(new URL(page.url()).hash).toBe(`#/losses?webhook=${webhook}&table=item&reason=reset`);
    await page.getByLabel('Reason').selectOption('timeout');
    await seen(page.getByText('No loss is like that.'));
    expect(await link.count()).toBe(0);
    await page.getByLabel('Reason').selectOption('reset');
    await link.click();
    await seen(page.getByRole('heading', { name: `Loss ${id}` }));
    const shared = await stage.open(new URL(page.url()).hash);
    await seen(shared.getByRole('heading', { name: `Loss ${id}` }));
    await seen(button(shared, `Send loss ${id} again`));
    expect(await shared.getByRole('row').count()).toBe(2);
    const stranger = await stage.open(`#/losses?id=${id}`, { token: await stage.tokenOf('nobody') });
    await seen(stranger.getByText(`No loss has the id ${id}, or it is not one of yours.`));
  });

  test('is sent again by its company, with nothing but the keyboard', async () => {
    await fail('reset', 1);
    const id = await lossOf(1);
    const page = await stage.open('#/losses', { token: await stage.tokenOf(webhook) });
    await seen(button(page, `Send loss ${id} again`));
    await tabTo(page, 'button', `Send loss ${id} again`);
    await page.keyboard.press('Enter');
    await seen(button(page, 'Send 1 delivery'));
    await page.keyboard.press('Escape');
    await gone(dialog(page));
    await seen(button(page, `Send loss ${id} again`).and(page.locator(':focus')));
    await page.keyboard.press('Enter');
    await seen(button(page, 'Send 1 delivery'));
    await tabTo(page, 'button', 'Send 1 delivery');
    await page.keyboard.press('Enter');
    await seen(status(page, '1 of 1 arrived.'));
    await seen(dialog(page).getByRole('button', { name: 'Close' }).and(page.locator(':focus')));
    await page.keyboard.press('Enter');
    await gone(dialog(page));
    expect(resent()).toHaveLength(1);
  });
});

describe('what failed in a stretch of time', () => {
  test('is sent again, of the outcomes and since the moment that were chosen', async () => {
    await fail('rejected', 2);
    await fail('reset', 1);
    const page = await openWebhook();
    await askForStretch(page);
    await seen(button(page, 'Send 3 deliveries'));
    expect(await violations(page)).toEqual([]);
    await page.getByLabel(/^failed/).uncheck();
    await seen(button(page, 'Send 2 deliveries'));
    await page.getByLabel(/^rejected/).uncheck();
    await seen(dialog(page).getByText('Choose one at least.'));
    expect(await dialog(page).getByRole('button', { name: /^Send/ }).count()).toBe(0);
    await page.getByLabel(/^rejected/).check();
    await page.getByLabel(/^What ended since/).fill('2099-01-01T00:00');
    await seen(dialog(page).getByText('nothing ended like that since then'));
    await page.getByLabel(/^What ended since/).fill('2020-01-01T00:00');
    await button(page, 'Send 2 deliveries').click();
    await seen(status(page, '2 of 2 arrived.'));
    expect(resent().every((body) => body.includes('rejected'))).toBe(true);
    expect(resent()).toHaveLength(2);
  });

  test('is since a moment in the zone that the bar has chosen, which is shown in both', async () => {
    await fail('rejected', 1);
    const page = await stage.open(`#/webhooks/${webhook}`, { timezoneId: 'Asia/Tokyo' });
    await button(page, 'UTC').click();
    await seen(page.getByRole('region', { name: 'Rows of deliveries' }));
    await gone(page.getByText('Loading…'));
    await askForStretch(page);
    await seen(button(page, 'Send 1 delivery'));
    const field = page.getByLabel('What ended since (UTC)');
    // In an hour, which was hours ago on the reader's clock.
    await field.fill(new Date(Date.now() + 3_600_000).toISOString().slice(0, 16));
    await seen(dialog(page).getByText('nothing ended like that since then'));
    await field.fill('2020-01-01T20:00');
    await seen(dialog(page).getByText('2 Jan 2020 05:00:00 local · 2020-01-01 20:00:00 UTC'));
    await seen(button(page, 'Send 1 delivery'));
  });

  test('stops when the question is closed, says how far it came, and goes on with the rest', async () => {
    await fail('rejected', 30);
    const held = heldAnswers();
    stage.scene.receiver.behave(held.behaviour, `/${webhook}`);
    const page = await openWebhook();
    await askForStretch(page);
    await button(page, 'Send 30 deliveries').click();
    await waitUntil(() => resent().length > 0, { describe: 'a first one to be sent' });
    await page.keyboard.press('Escape');
    await gone(dialog(page));
    await seen(status(page, 'Stopping, once those that are out have ended'));
    held.release();
    await seen(status(page, 'Stopped after 25 of 30; 25 arrived. The rest was not sent.'));
    expect(resent()).toHaveLength(25);
    await askForStretch(page);
    await button(page, 'Send 5 deliveries').click();
    await seen(status(page, '5 of 5 arrived.'));
    expect(new Set(resent()).size).toBe(30);
    expect(resent()).toHaveLength(30);
  });

  test('goes on behind what was answered: what failed again is not sent once more', async () => {
    await fail('rejected', 30);
    const held = heldAnswers();
    stage.scene.receiver.behave(held.behaviour, `/${webhook}`);
    const page = await openWebhook();
    await askForStretch(page);
    await button(page, 'Send 30 deliveries').click();
    await waitUntil(() => resent().length > 0, { describe: 'a first one to be sent' });
    await button(page, 'Stop').click();
    stage.scene.receiver.behave({ status: 404 }, `/${webhook}`);
    held.release();
    await seen(status(page, 'Stopped after 25 of 30'));
    stage.scene.receiver.behave({ status: 200 }, `/${webhook}`);
    await button(page, 'Go on').click();
    await seen(status(page, /^\d+ of 30 arrived\.$/));
    await seen(dialog(page).getByText(/^\d+ × rejected 404:/));
    expect(new Set(resent()).size).toBe(30);
    expect(resent()).toHaveLength(30);
  });

  test('that the service refuses for now says so in its words, and nothing is lost', async () => {
    await fail('rejected', 2);
    const token = await stage.tokenOf(webhook);
    const page = await openWebhook(token);
    await askForStretch(page);
    await seen(button(page, 'Send 2 deliveries'));
    // A colleague was faster.
    const held = heldAnswers();
    stage.scene.receiver.behave(held.behaviour, `/${webhook}`);
    const theirs = resendNewest(token);
    await waitUntil(() => resent().length === 1, { describe: "the colleague's to be out" });
    await button(page, 'Send 2 deliveries').click();
    await seen(dialog(page).getByRole('alert').getByText('Another resend is under way'));
    expect(await violations(page)).toEqual([]);
    held.release();
    expect((await theirs).status).toBe(200);
    await button(page, 'Go on').click();
    await seen(status(page, '1 of 2 arrived. 1 other went out otherwise meanwhile.'));
    expect(new Set(resent()).size).toBe(2);
    expect(resent()).toHaveLength(2);
  });

  test('to a webhook that is paused says that it has to be active', async () => {
    await fail('rejected', 1);
    await stage.scene.database.admin.query(`update rowhook.webhook set active = false where id = $1`, [
      webhook,
    ]);
    const page = await openWebhook();
    await askForStretch(page);
    await seen(dialog(page).getByRole('alert').getByText('is paused: make it active first'));
    await stage.scene.database.admin.query(`update rowhook.webhook set active = true where id = $1`, [
      webhook,
    ]);
    await button(page, 'Ask again').click();
    await button(page, 'Send 1 delivery').click();
    await seen(status(page, '1 of 1 arrived.'));
  });
});

describe('one that is being sent again', () => {
  test('is not said to be lost, and its page tells how it ended as soon as it has', async () => {
    await fail('rejected', 1);
    const held = heldAnswers();
    stage.scene.receiver.behave(held.behaviour, `/${webhook}`);
    const theirs = resendNewest(await stage.tokenOf(webhook));
    await waitUntil(() => resent().length === 1, { describe: 'it to be out' });
    const page = await stage.open(`#/deliveries/${await stage.deliveryOf(webhook)}`);
    await seen(page.getByText('Being sent again at this moment, or its outcome was not written down.'));
    expect(await page.getByText(/Not delivered|losses/).count()).toBe(0);
    held.release();
    expect((await theirs).status).toBe(200);
    await gone(page.getByText('Being sent again at this moment'));
    await seen(page.locator('.subtitle').getByText('Delivered 200'));
  });

  test('is no failure of the last hour, and the sentence of the hour says that it is left out', async () => {
    await fail('rejected', 1);
    stage.scene.receiver.behave({ status: 404 }, `/${webhook}`);
    expect((await resendNewest(await stage.tokenOf(webhook))).status).toBe(200);
    const page = await openWebhook();
    await seen(page.getByText(/^0 deliveries arrived and 1 failed .*, besides what was sent again/));
    const failures = page.getByRole('region', { name: 'Failures of the last hour' });
    await seen(failures.getByText('1 × rejected 503'));
    expect(await failures.getByText('rejected 404').count()).toBe(0);
  });
});

/** The newest delivery of the webhook, as somebody else of its company has it sent. */
async function resendNewest(token: string): Promise<Response> {
  const id = await stage.deliveryOf(webhook);
  return await fetch(`${stage.url}/v1/deliveries/${id}/resend`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
}
