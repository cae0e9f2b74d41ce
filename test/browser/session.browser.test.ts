import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { rowOf, seen } from './look.ts';
import { openStage, operatorToken, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  for (const company of ['acme', 'globex'])
    await stage.scene.createWebhook({ name: `of-${company}`, table: 'item', company });
}, 120_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

/** Asked of the service from now on, oldest first. */
function requestsOf(page: Page): string[] {
  const asked: string[] = [];
  page.on('request', (request) => void asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  return asked;
}

/** Every answer to these waits until it is let through. */
async function hold(page: Page, path: string): Promise<() => void> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  await page.route(
    ({ pathname }) => pathname === path,
    async (route) => {
      await promise;
      await route.continue().catch(() => undefined);
    },
  );
  return () => resolve(undefined);
}

describe('a token', () => {
  test('that cannot be one is refused in words, and the form stays', async () => {
    const page = await stage.open('#/', { token: null });
    await page.getByLabel('Token').fill('“eyJ.copied.with-quotes”');
    await page.keyboard.press('Enter');
    await seen(page.getByRole('alert').getByText('This is no token'));
    await page.getByLabel('Token').fill(operatorToken);
    await page.keyboard.press('Enter');
    await seen(page.getByRole('heading', { name: 'Needs attention' }));
    await page.context().close();
  });

  test('that was refused is not tried again by itself', async () => {
    const page = await stage.open('#/', { token: null });
    await page.clock.install();
    const asked = requestsOf(page);
    await page.getByLabel('Token').fill('not-the-token-of-anybody');
    await page.keyboard.press('Enter');
    await seen(page.getByRole('alert').getByText('not valid here'));
    await page.clock.runFor(60_000);
    expect(asked).toEqual(['GET /v1/session']);
    await page.context().close();
  });

  test('that follows in the fragment of a page that is open leaves the address and is used', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('acme') });
    await seen(rowOf(page, 'of-acme'));
    const token = await stage.tokenOf('globex');
    await page.evaluate(`location.hash = '#token=${token}&to=/webhooks'`);
    await seen(rowOf(page, 'of-globex'));
    expect(page.url()).toBe(`${stage.url}/#/webhooks`);
    await seen(page.getByText('Company globex'));
    await page.context().close();
  });

  test('of another company shows nothing of the former one, however late its answers come', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('acme', 5) });
    await seen(rowOf(page, 'of-acme'));
    await page.getByRole('link', { name: 'Why' }).click();
    const again = page.getByRole('region', { name: 'Sign in again' });
    await page.getByRole('link', { name: 'Losses' }).click();
    await seen(again.getByText(/expired/));
    const letThrough = await hold(page, '/v1/webhooks');
    await page.getByLabel('Token').fill(await stage.tokenOf('globex'));
    await page.keyboard.press('Enter');
    await seen(page.getByText('Company globex'));
    await page.getByRole('link', { name: 'Webhooks' }).click();
    await seen(page.getByText('Loading…'));
    expect(await page.locator('main').innerText()).not.toContain('of-acme');
    letThrough();
    await seen(rowOf(page, 'of-globex'));
    await page.context().close();
  });
});

describe('while another token is tried', () => {
  test('nothing is shown or done with the one of another company, however long it takes', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('acme') });
    await seen(rowOf(page, 'of-acme'));
    const letThrough = await hold(page, '/v1/session');
    const asked = requestsOf(page);
    await page.evaluate(`location.hash = '#token=${await stage.tokenOf('globex')}&to=/webhooks'`);
    await waitUntil(() => asked.includes('GET /v1/session'), { describe: 'the question whose token it is' });
    expect(await page.locator('body').innerText()).not.toContain('acme');
    letThrough();
    await seen(rowOf(page, 'of-globex'));
    await page.context().close();
  });

  test('one of the same company leaves the page as it is', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('acme') });
    await page.getByRole('form').getByLabel('Name').fill('half of a form');
    await page.evaluate(`location.hash = '#token=${await stage.tokenOf('acme', 900)}&to=/webhooks'`);
    await waitUntil(() => page.url() === `${stage.url}/#/webhooks`, { describe: 'the token to be taken' });
    expect(await page.getByRole('form').getByLabel('Name').inputValue()).toBe('half of a form');
    await page.context().close();
  });

  test('a question that stands open can be signed in from, and keeps what was typed', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('acme', 5) });
    await page.getByRole('button', { name: 'Pause of-acme' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel(/^Why/).fill('the warehouse moves');
    await seen(dialog.getByText(/expired/));
    await dialog.getByLabel('Token').fill(await stage.tokenOf('acme'));
    await page.keyboard.press('Enter');
    await waitUntil(async () => (await dialog.getByLabel('Token').count()) === 0, {
      describe: 'nobody to be asked for a token',
    });
    expect(await dialog.getByLabel(/^Why/).inputValue()).toBe('the warehouse moves');
    expect(await page.evaluate('document.activeElement.tagName')).toBe('DIALOG');
    await page.context().close();
  });
});

describe('a frame', () => {
  test('does not use the token that somebody before handed over', async () => {
    const page = await stage.open('#/', { token: null });
    stage.parent.html = stage.frameGiving([await stage.tokenOf('acme')]);
    await page.goto(stage.parent.origin);
    const frame = page.frameLocator('iframe');
    await seen(frame.getByRole('listitem', { name: 'of-acme' }));
    stage.parent.html = stage.frameGiving([]);
    await page.goto(stage.parent.origin);
    await seen(frame.getByText('Waiting for the page around this one'));
    await page.context().close();
  });

  test('asks its parent once for another token when the one that it has expires', async () => {
    const page = await stage.open('#/', { token: null });
    stage.parent.html = stage.frameGiving([await stage.tokenOf('acme', 4), await stage.tokenOf('acme')]);
    await page.goto(stage.parent.origin);
    await waitUntil(async () => (await page.evaluate<string[]>('asked')).length > 1, {
      describe: 'another token to be asked for',
    });
    await seen(page.frameLocator('iframe').getByRole('listitem', { name: 'of-acme' }));
    expect(await page.evaluate<string[]>('asked')).toEqual(['rowhook:ready', 'rowhook:token-needed']);
    await page.context().close();
  });

  test('whose tokens are all refused asks for them more and more seldom', async () => {
    const page = await stage.open('#/', { token: null });
    await page.clock.install();
    const refused = Array.from({ length: 50 }, (_, n) => `refused-${n}`);
    stage.parent.html = stage.frameGiving(refused);
    await page.goto(stage.parent.origin);
    let askedAt: number[] = [];
    const isEnough = async (): Promise<boolean> => {
      await page.clock.runFor(1_000);
      askedAt = await page.evaluate<number[]>('askedAt');
      return askedAt.length >= 6;
    };
    await waitUntil(isEnough, { describe: 'six tokens to be asked for' });
    // By the page's own clock: at once, then after 3, 6, 12 seconds and so on.
    const gaps = askedAt.slice(1).map((at, n) => at - (askedAt[n] ?? 0));
    expect(gaps[4]).toBeGreaterThan(15_000);
    await page.context().close();
  });

  test('takes the newest token, also while it asks about an older one', async () => {
    const page = await stage.open('#/', { token: null });
    const letThrough = await hold(page, '/v1/session');
    stage.parent.html = stage.frameGiving(['refused-1', await stage.tokenOf('globex')]);
    await page.goto(stage.parent.origin);
    letThrough();
    const frame = page.frameLocator('iframe');
    await seen(frame.getByRole('listitem', { name: 'of-globex' }));
    await seen(frame.getByText('Company globex'));
    expect(await frame.getByRole('button', { name: 'Sign out' }).count()).toBe(0);
    expect(await page.evaluate<string[]>('asked')).toEqual(['rowhook:ready', 'rowhook:token-needed']);
    await page.context().close();
  });
});

describe('without an answer', () => {
  test('the page says since when, and is itself again when the service is', async () => {
    const page = await stage.open('#/webhooks');
    await seen(rowOf(page, 'of-acme'));
    await page.context().setOffline(true);
    await seen(page.getByRole('alert').getByText(/cannot be reached. What is shown is as of/));
    await seen(rowOf(page, 'of-acme'));
    await page.context().setOffline(false);
    await waitUntil(async () => (await page.getByRole('alert').count()) === 0, {
      describe: 'the page to be itself again',
    });
    await page.context().close();
  });

  test('what was pressed fails in words, and is not done later', async () => {
    const page = await stage.open('#/webhooks?search=of-acme');
    await seen(rowOf(page, 'of-acme'));
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Delete of-acme' }).click();
    await page.getByRole('button', { name: 'Delete it' }).click();
    await seen(page.getByRole('dialog').getByText('it may have been done all the same'));
    await page.keyboard.press('Escape');
    const asked = requestsOf(page);
    await page.context().setOffline(false);
    await waitUntil(() => asked.filter((request) => request === 'GET /v1/webhooks').length >= 2, {
      describe: 'the page to ask again',
    });
    expect(asked.filter((request) => request.startsWith('DELETE'))).toEqual([]);
    await page.context().close();
  });

  test('a page that is opened meanwhile says so, and opens by itself later', async () => {
    const page = await stage.open('#/', { token: null });
    await page.route(
      ({ pathname }) => pathname === '/v1/session',
      (route) => route.abort(),
    );
    await page.goto('about:blank');
    await page.goto(`${stage.url}/#token=${operatorToken}&to=/`);
    await seen(
      page.getByRole('alert').getByText('The service cannot be reached. It is tried again by itself.'),
    );
    await page.unrouteAll();
    await seen(page.getByRole('heading', { name: 'Needs attention' }));
    await page.context().close();
  });

  test.each(['/v1/status', '/v1/overview', '/v1/webhooks'])(
    'of %s, the overview does not say that nothing needs attention',
    async (path) => {
      const page = await stage.open('#/why');
      await seen(page.getByRole('heading', { name: 'Why' }));
      const letThrough = await hold(page, path);
      await page.getByRole('link', { name: 'Overview' }).click();
      await seen(page.getByText('Loading…'));
      await page.route(
        ({ pathname }) => pathname === path,
        (route) => route.fulfill({ status: 503, json: { detail: 'It is busy.' } }),
      );
      letThrough();
      await seen(page.getByRole('alert').getByText('It is busy.'));
      expect(await page.getByText('Nothing. Every webhook').count()).toBe(0);
      await page.context().close();
    },
  );
});
