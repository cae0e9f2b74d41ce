import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { violations } from './look.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;
let deliveryId = '';

beforeAll(async () => {
  stage = await openStage();
  const { scene } = stage;
  scene.receiver.behave({ status: 503, body: 'busy' }, '/broken');
  await scene.createWebhook({ name: 'broken', table: 'item', company: 'acme' });
  await scene.createWebhook({ name: 'calm', table: 'item', company: 'acme' });
  await scene.app(
    `insert into erp.item values ('i1', 'acme', 1, 'a')`,
    `update erp.item set price = 2 where id = 'i1'`,
  );
  await scene.waitForCounts('broken', { claimed: 2, error: 2 });
  deliveryId = await stage.deliveryOf('broken');
}, 120_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

const pages = [
  ['the overview', () => '#/', 'Needs attention'],
  ['the webhooks', () => '#/webhooks', 'All webhooks'],
  ['a webhook that fails', () => '#/webhooks/broken', 'Failures of the last hour'],
  ['a delivery', () => `#/deliveries/${deliveryId}`, 'What changed'],
  ['the losses', () => '#/losses', 'Losses'],
  ['the tables', () => '#/tables', 'Enable another table'],
  ['why', () => '#/why?table=item&key=i1', 'Why'],
] as const;
const looks = [
  ['light', 1280],
  ['dark', 1280],
  ['light', 380],
] as const;

const cases = pages.flatMap(([name, hash, heading]) =>
  looks.map(([colorScheme, width]) => ({ name, hash, heading, colorScheme, width })),
);

test.each(cases)(
  '$name has nothing that axe objects to, $colorScheme and $width wide',
  async ({ hash, heading, colorScheme, width }) => {
    const page = await stage.open(hash(), { colorScheme, viewport: { width, height: 900 } });
    await page.getByRole('heading', { name: heading, exact: true }).waitFor();
    await waitUntil(async () => (await page.getByText('Loading…').count()) === 0, {
      describe: 'what is loaded',
    });
    const found = await violations(page);
    expect(found).toEqual([]);
    // Nothing has to be scrolled sideways but tables, in their own boxes.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    await page.context().close();
  },
);

test.each(['Test', 'Pause', 'Delete'])('the question before %s has nothing either', async (action) => {
  const page = await stage.open('#/webhooks/calm');
  await page.getByRole('button', { name: `${action} calm` }).click();
  await page.getByRole('dialog').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.context().close();
});

test('the question for a token has nothing either', async () => {
  const page = await stage.open('#/', { token: null });
  await page.getByLabel('Token').waitFor();
  expect(await violations(page)).toEqual([]);
  await page.context().close();
});
