/**
 * `npm run console:screenshots -- <folder> [begin of a name]`: a picture of every page of the console, light and dark, wide and narrow, of an
 * application in trouble. For looking at after a change, and for the docs: docs/images has three of them.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { build } from 'vite';
import { launchBrowser } from './browser.ts';
import { openTroubledShop, type TroubledShop } from './troubled-shop.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const [into = '', begin = ''] = positionals;
if (into === '') throw new Error('name the folder that the pictures go to');
// Until the charts have something to show.
const trafficMs = 60_000;

const looks = [
  { name: 'light-wide', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'dark-wide', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
  { name: 'light-narrow', colorScheme: 'light', viewport: { width: 380, height: 800 } },
  { name: 'dark-narrow', colorScheme: 'dark', viewport: { width: 380, height: 800 } },
] as const;

interface Picture {
  readonly name: string;
  readonly hash: string;
  /** Whose token; the operator's by default, null: nobody is signed in. */
  readonly token?: string | null;
  /** What somebody does there before it is taken. */
  readonly act?: (page: Page) => Promise<void>;
}

async function picturesOf(shop: TroubledShop): Promise<Picture[]> {
  const delivery = async (where: string): Promise<string> =>
    `#/deliveries/${await shop.deliveryWhere(where)}`;
  const company = await shop.companyToken('company-a');
  const press = (name: string | RegExp) => async (page: Page) =>
    await page.getByRole('button', { name }).first().click();
  return [
    { name: 'overview', hash: '#/' },
    { name: 'first-overview', hash: '#/' },
    { name: 'first-webhooks', hash: '#/webhooks' },
    { name: 'webhooks', hash: '#/webhooks' },
    { name: 'webhooks-form', hash: '#/webhooks', act: fillForm },
    { name: 'webhooks-refused', hash: '#/webhooks', act: press('Create webhook') },
    { name: 'webhooks-edit', hash: '#/webhooks?edit=crm', act: openMore },
    { name: 'webhooks-none', hash: '#/webhooks?search=nothing-like-this' },
    { name: 'webhook-failing', hash: '#/webhooks/warehouse' },
    { name: 'webhook-catching-up', hash: '#/webhooks/shop' },
    { name: 'webhook-paused', hash: '#/webhooks/mailing' },
    { name: 'webhook-idle', hash: '#/webhooks/audit' },
    { name: 'webhook-unknown', hash: '#/webhooks/nothing' },
    { name: 'pause', hash: '#/webhooks/forecast', act: press(/^Pause/) },
    { name: 'delete', hash: '#/webhooks/shop', act: press(/^Delete/) },
    { name: 'test', hash: '#/webhooks/crm', act: sendTest },
    { name: 'delivery', hash: await delivery(`type = 'UPDATE' and outcome = 'delivered'`) },
    { name: 'delivery-failed', hash: await delivery(`outcome = 'rejected' and status = 503`) },
    { name: 'delivery-dropped', hash: await delivery(`outcome not in ('delivered', 'rejected')`) },
    { name: 'losses', hash: '#/losses' },
    { name: 'losses-resend', hash: '#/losses', act: press(/^Send .*again/) },
    { name: 'sign-in', hash: '#/', token: null },
    { name: 'company-overview', hash: '#/', token: company },
    { name: 'company-webhooks', hash: '#/webhooks', token: company },
    { name: 'tables', hash: '#/tables', act: openTable },
    { name: 'why', hash: '#/why' },
    {
      name: 'why-found',
      hash: `#/why?table=salesOrder&key=${await shop.keyWhere(`table_name = 'salesOrder'`)}`,
    },
    { name: 'unknown', hash: '#/nothing' },
  ];
}

async function fillForm(page: Page): Promise<void> {
  const form = page.getByRole('form');
  await form.getByLabel('Name').fill('Orders to the planning board');
  await form.getByLabel('Table', { exact: true }).selectOption('salesOrder');
  await form.getByLabel('Company', { exact: true }).fill('company-a');
  await form.getByLabel('URL').fill('http://127.0.0.1:9/board');
  await openMore(page);
  await page.getByRole('button', { name: 'Send test' }).click();
  await page.getByRole('region', { name: 'Test result' }).waitFor();
}

async function openMore(page: Page): Promise<void> {
  await page.getByText('More', { exact: true }).click();
}

async function sendTest(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Test/ }).first().click();
  await page.getByRole('button', { name: 'Send test' }).click();
  await page.getByRole('region', { name: 'Test result' }).waitFor();
}

async function openTable(page: Page): Promise<void> {
  await page.getByText('salesOrder').first().click();
  await pause(1_000);
}

interface Setting {
  readonly context: BrowserContext;
  readonly shop: TroubledShop;
  readonly look: string;
}

async function take(picture: Picture, { context, shop, look }: Setting): Promise<void> {
  const { name, hash, token = shop.operatorToken, act } = picture;
  const page = await context.newPage();
  const fragment = token === null ? hash : `#${new URLSearchParams({ token, to: hash.slice(1) }).toString()}`;
  await page.goto(`${shop.url}/${fragment}`);
  await page.waitForLoadState('networkidle', { timeout: 2_000 }).catch(() => undefined);
  await act?.(page);
  await page.mouse.move(0, 0);
  await pause(300);
  if (!isFirstView(name)) await showAll(page);
  await page.screenshot({ path: join(into, `${name}.${look}.png`) });
  await page.close();
}

/** Of a wide screen: what is seen without scrolling. */
function isFirstView(name: string): boolean {
  return name.startsWith('first-');
}

/** As if the screen were as high as the page. */
async function showAll(page: Page): Promise<void> {
  const { width = 0, height = 0 } = page.viewportSize() ?? {};
  const needed = await page.evaluate<number>('document.documentElement.scrollHeight');
  await page.setViewportSize({ width, height: Math.max(height, needed) });
  await pause(300);
}

async function takeAll(browser: Browser, shop: TroubledShop): Promise<void> {
  const pictures = (await picturesOf(shop)).filter(({ name }) => name.startsWith(begin));
  for (const { name: look, ...options } of looks) {
    const context = await browser.newContext(options);
    for (const picture of pictures) {
      await take(picture, { context, shop, look }).catch((error: unknown) => {
        process.stderr.write(`${picture.name} ${look}: ${String(error)}\n`);
      });
    }
    await context.close();
  }
}

mkdirSync(into, { recursive: true });
await build({ configFile: 'vite.config.ts', logLevel: 'error' });
await using shop = await openTroubledShop();
await pause(trafficMs);
const browser = await launchBrowser();
await takeAll(browser, shop);
await browser.close();
