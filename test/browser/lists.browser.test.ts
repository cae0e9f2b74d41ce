import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heldAnswers } from '../service/scene.ts';
import { waitUntil } from '../support/wait.ts';
import { gone, rowOf, seen } from './look.ts';
import { openStage, operatorToken, type Stage } from './stage.ts';

let stage: Stage;
let rows = 0;

beforeAll(async () => {
  stage = await openStage();
}, 120_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function change(company: string): Promise<string> {
  const id = `i${(rows += 1)}`;
  await stage.scene.app(`insert into erp.item values ('${id}', '${company}', 1.50, 'new')`);
  return id;
}

async function createWebhooks(company: string, ...names: readonly string[]): Promise<void> {
  for (const name of names) await stage.scene.createWebhook({ name, table: 'item', company });
}

/** 120 of a company, called Many 100 and so on. */
async function createMany(company: string): Promise<void> {
  await stage.scene.database.admin.query(
    `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert)
     select $1 || '-' || n, $1, 'Many ' || n, 'item', 'http://127.0.0.1:9/', true from generate_series(100, 219) n`,
    [company],
  );
}

async function hasFocus(locator: Locator): Promise<void> {
  const page = locator.page();
  const focused = (): Promise<string> =>
    page.evaluate<string>('document.activeElement.outerHTML.slice(0, 200)');
  let last = '';
  await waitUntil(
    async () => {
      last = await focused();
      return (await locator.and(page.locator(':focus')).count()) > 0;
    },
    { describe: () => `${String(locator)} to have the focus, which is at ${last}`, timeoutMs: 5_000 },
  );
}

async function isInView(locator: Locator): Promise<void> {
  await waitUntil(
    async () => {
      const box = await locator.boundingBox();
      const height = locator.page().viewportSize()?.height ?? 0;
      return box !== null && box.y >= 0 && box.y + Math.min(box.height, 40) <= height;
    },
    { describe: () => `${String(locator)} to be in view`, timeoutMs: 5_000 },
  );
}

/** What the service does with a webhook, as somebody else asks for it. */
async function elsewhere(method: 'PATCH' | 'DELETE', id: string, body?: object): Promise<void> {
  const answer = await fetch(`${stage.url}/v1/webhooks/${id}`, {
    method,
    headers: {
      authorization: `Bearer ${operatorToken}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  expect(answer.ok).toBe(true);
}

async function exists(id: string): Promise<boolean> {
  const found = await stage.scene.database.admin.query(`select 1 from rowhook.webhook where id = '${id}'`);
  return found.length === 1;
}

describe('a question', () => {
  test('before a delete is not answered by the Enter that asked it, however long it is held', async () => {
    await createWebhooks('held', 'held-enter');
    const page = await stage.open('#/webhooks?search=held-enter');
    await page.getByRole('button', { name: 'Delete held-enter' }).focus();
    for (let pressed = 0; pressed < 4; pressed++) await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    await hasFocus(page.getByRole('dialog').getByRole('button', { name: 'Cancel' }));
    expect(await exists('held-enter')).toBe(true);
    await page.keyboard.press('Enter');
    await gone(page.getByRole('dialog'));
    await hasFocus(page.getByRole('button', { name: 'Delete held-enter' }));
  });

  test('before a pause is not answered so either', async () => {
    await createWebhooks('held', 'held-pause');
    const page = await stage.open('#/webhooks?search=held-pause');
    await page.getByRole('button', { name: 'Pause held-pause' }).focus();
    for (let pressed = 0; pressed < 4; pressed++) await page.keyboard.down('Enter');
    await page.keyboard.up('Enter');
    await page.keyboard.type('by hand');
    expect(await page.getByLabel(/^Why/).inputValue()).toBe('by hand');
    await page.keyboard.press('Enter');
    await seen(rowOf(page, 'held-pause').getByText('Paused: by hand'));
    await hasFocus(page.getByRole('button', { name: 'Resume held-pause' }));
    await page.keyboard.press('Enter');
    await hasFocus(page.getByRole('button', { name: 'Pause held-pause' }));
  });

  test('before a delete says what was changed meanwhile, and deletes that only when it is told again', async () => {
    await createWebhooks('stale', 'stale-one');
    const page = await stage.open('#/webhooks?search=stale-one');
    await page.getByRole('button', { name: 'Delete stale-one' }).click();
    await elsewhere('PATCH', 'stale-one', { name: 'needed after all', active: false });
    await seen(page.getByRole('heading', { name: 'Delete “needed after all”?' }));
    await page.getByRole('button', { name: 'Delete it' }).click();
    const told = page.getByRole('dialog').getByRole('alert');
    await seen(told.getByText('It was changed after you asked, so it was not deleted.'));
    await seen(told.getByText('“needed after all”, paused, item · insert, update, delete'));
    expect(await exists('stale-one')).toBe(true);
    await page.getByRole('button', { name: 'Delete it' }).click();
    await gone(page.getByRole('dialog'));
    expect(await exists('stale-one')).toBe(false);
  });

  test('before a pause overwrites nobody’s pause, and no reason before it was shown', async () => {
    await createWebhooks('held', 'held-legally');
    const page = await stage.open('#/webhooks?search=held-legally');
    const reason = async (): Promise<unknown> => {
      const query = `select pause_reason from rowhook.webhook where id = 'held-legally'`;
      return (await stage.scene.database.admin.query(query))[0]?.['pause_reason'];
    };
    await page.getByRole('button', { name: 'Pause held-legally' }).click();
    await page.getByLabel(/^Why/).fill('mine');
    await elsewhere('PATCH', 'held-legally', { active: false, pauseReason: 'LEGAL HOLD' });
    const told = page.getByRole('dialog').getByRole('alert');
    await seen(told.getByText('Paused meanwhile: LEGAL HOLD'));
    await page.keyboard.press('Enter');
    await seen(told.getByText('Nothing was written.'));
    expect(await reason()).toBe('LEGAL HOLD');
    await page.getByRole('button', { name: 'Replace the reason' }).click();
    await gone(page.getByRole('dialog'));
    expect(await reason()).toBe('mine');
  });

  test('before a pause says what was changed meanwhile, and pauses that only when it is told again', async () => {
    await createWebhooks('held', 'held-renamed');
    const page = await stage.open('#/webhooks?search=held-renamed');
    await page.getByRole('button', { name: 'Pause held-renamed' }).click();
    await elsewhere('PATCH', 'held-renamed', { name: 'never to be paused' });
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    const told = page.getByRole('dialog').getByRole('alert');
    await seen(told.getByText('It was changed after you asked, so it was not paused.'));
    await seen(told.getByText('“never to be paused”, active, item · insert, update, delete'));
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await gone(page.getByRole('dialog'));
    await stage.open('#/webhooks/held-renamed').then((own) => seen(own.getByText(/^Paused\./)));
  });

  test('outlives its row, with what was typed', async () => {
    await createWebhooks('mends', 'mends-itself');
    stage.scene.receiver.behave({ status: 503 }, '/mends-itself');
    await change('mends');
    const page = await stage.open('#/webhooks?show=failing&search=mends-itself');
    await page.getByRole('button', { name: 'Pause mends-itself' }).click();
    await page.getByLabel(/^Why/).fill('until it is mended');
    stage.scene.receiver.behave({ status: 200 }, '/mends-itself');
    await change('mends');
    await gone(page.locator('.row'));
    expect(await page.getByLabel(/^Why/).inputValue()).toBe('until it is mended');
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
    await hasFocus(page.getByRole('heading', { name: 'All webhooks' }));
  });

  test('says so when its webhook is gone meanwhile', async () => {
    await createWebhooks('gone', 'gone-meanwhile');
    const page = await stage.open('#/webhooks/gone-meanwhile');
    await page.getByRole('button', { name: 'Pause gone-meanwhile' }).click();
    await elsewhere('DELETE', 'gone-meanwhile');
    await seen(page.getByRole('dialog').getByText('“gone-meanwhile” is gone: it was deleted meanwhile'));
    await page.keyboard.press('Enter');
    await gone(page.getByRole('dialog'));
    await hasFocus(page.getByRole('main'));
  });

  test('reads from left to right, and shows all of a long name', async () => {
    const name = 'n'.repeat(200);
    await createWebhooks('long', 'long-name');
    await elsewhere('PATCH', 'long-name', { name });
    const page = await stage.open('#/webhooks?company=long', { viewport: { width: 380, height: 800 } });
    await page.getByRole('button', { name: /^Test n/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Send test' }).click();
    await seen(page.getByRole('region', { name: 'What was sent' }));
    expect(await page.evaluate(`getComputedStyle(document.querySelector('dialog pre')).textAlign`)).toBe(
      'start',
    );
    const heading = page.getByRole('dialog').getByRole('heading', { name: /Test/ });
    expect(await heading.evaluate(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth)).toBe(true);
  });
});

describe('the focus', () => {
  test('goes to the next row after a delete, which is announced', async () => {
    await createWebhooks('rest', 'rest-a', 'rest-b', 'rest-c');
    const page = await stage.open('#/webhooks?company=rest');
    for (const [name, next] of [
      ['rest-a', page.getByRole('link', { name: 'rest-b', exact: true })],
      ['rest-c', page.getByRole('heading', { name: 'All webhooks' })],
    ] as const) {
      await page.getByRole('button', { name: `Delete ${name}` }).click();
      await page.getByRole('button', { name: 'Delete it' }).click();
      await gone(rowOf(page, name));
      await hasFocus(next);
      await waitUntil(
        async () => (await page.getByRole('status').allInnerTexts()).includes(`“${name}” is deleted.`),
        { describe: 'the delete to be announced' },
      );
    }
  });

  test('stays where it is while something is asked for', async () => {
    const page = await stage.open('#/webhooks');
    const form = page.getByRole('form');
    await form.getByLabel('Name').fill('kept-focus');
    await form.getByLabel('Table', { exact: true }).selectOption('item');
    await form.getByLabel('Company', { exact: true }).fill('kept');
    await form.getByLabel('URL').fill(`${stage.scene.receiver.url}/kept-focus`);
    const tryIt = page.getByRole('button', { name: 'Send test' });
    await tryIt.focus();
    await page.keyboard.press('Enter');
    await seen(page.getByRole('status').getByText(/Delivered/));
    await hasFocus(tryIt);
    const create = page.getByRole('button', { name: 'Create webhook' });
    await create.focus();
    await page.keyboard.press('Enter');
    await seen(page.getByText('“kept-focus” is created'));
    await hasFocus(create);

    await page.getByRole('button', { name: 'Test kept-focus' }).click();
    const again = page.getByRole('dialog').getByRole('button', { name: /^Send/ });
    await again.focus();
    await page.keyboard.press('Enter');
    await seen(page.getByRole('dialog').getByText(/Delivered/));
    await hasFocus(again);
  });

  test('goes to the form that a row far below opens, and back to the row when it is saved', async () => {
    await createWebhooks('far', ...Array.from({ length: 20 }, (_, n) => `far-${n + 10}`));
    const page = await stage.open('#/webhooks?company=far');
    await page.getByRole('link', { name: 'Edit far-29' }).click();
    const name = page.getByRole('form').getByLabel('Name');
    await hasFocus(name);
    await isInView(page.getByRole('heading', { name: 'Edit “far-29”' }));
    await name.fill('far-29 renamed');
    await page.getByRole('button', { name: 'Save' }).click();
    const row = page.getByRole('link', { name: 'far-29 renamed', exact: true });
    await hasFocus(row);
    await isInView(row);
    await waitUntil(
      async () => (await page.getByRole('status').allInnerTexts()).includes('“far-29 renamed” is saved.'),
      { describe: 'the change to be announced' },
    );
  });
});

describe('a list of many', () => {
  beforeAll(() => createMany('many'));

  const range = (page: Page): Locator => page.getByRole('group', { name: 'Pages of the list' });

  test('says which part it shows, and each part is a step of the history', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('many') });
    await seen(range(page).getByText('1–50 of 120'));
    await page.getByRole('link', { name: 'Next 50' }).click();
    await seen(range(page).getByText('51–100 of 120'));
    await seen(rowOf(page, 'Many 150'));
    await hasFocus(page.getByRole('heading', { name: 'Your webhooks' }));
    await isInView(page.getByRole('heading', { name: 'Your webhooks' }));
    await page.getByRole('link', { name: 'Next 50' }).click();
    await seen(range(page).getByText('101–120 of 120'));
    await page.getByRole('link', { name: 'Previous 50' }).click();
    await seen(range(page).getByText('51–100 of 120'));
    await page.getByRole('searchbox', { name: 'Search' }).pressSequentially('many 2');
    await seen(range(page).getByText('1–20'));
    await hasFocus(page.getByRole('searchbox', { name: 'Search' }));
    // Of what was typed there is no step: the one before is the last page.
    await page.goBack();
    await seen(range(page).getByText('101–120 of 120'));
  });

  test('says of a page that has nothing any more that it is empty, with the ways back', async () => {
    await createMany('fewer');
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('fewer') });
    await page.getByRole('link', { name: 'Next 50' }).click();
    await page.getByRole('link', { name: 'Next 50' }).click();
    await seen(range(page).getByText('101–120 of 120'));
    await stage.scene.database.admin.query(
      `delete from rowhook.webhook where company_id = 'fewer' and name not like '% 1_0'`,
    );
    await seen(page.getByText('This page is empty'));
    expect(await page.getByText('No webhook is like that').count()).toBe(0);
    await page.getByRole('link', { name: 'Previous 50' }).click();
    await gone(page.getByRole('link', { name: 'Previous 50' }));
    await seen(page.getByText('This page is empty'));
    await page.getByRole('link', { name: 'First 50' }).click();
    await seen(range(page).getByText('1–10 of 10'));
  });

  test('is found again where it was left for a webhook', async () => {
    const page = await stage.open('#/webhooks', { token: await stage.tokenOf('many') });
    await page.getByRole('link', { name: 'Next 50' }).click();
    await seen(range(page).getByText('51–100 of 120'));
    await hasFocus(page.getByRole('heading', { name: 'Your webhooks' }));
    const link = page.getByRole('link', { name: 'Many 187', exact: true });
    await link.scrollIntoViewIfNeeded();
    const before = await link.boundingBox();
    await link.click();
    await seen(page.getByRole('heading', { name: 'Many 187' }));
    await page.goBack();
    await hasFocus(link);
    const after = await link.boundingBox();
    expect(Math.abs((after?.y ?? 0) - (before?.y ?? 0))).toBeLessThan(100);
  });

  test('says that it shows all when the address asks for what there is not', async () => {
    const page = await stage.open('#/webhooks?show=bogus', { token: await stage.tokenOf('many') });
    await seen(page.getByText('those that are “bogus”, which no webhook can be, so all are shown'));
    await page.getByRole('link', { name: 'All webhooks' }).click();
    await gone(page.getByText('“bogus”'));
  });
});

test.each([
  ['#/webhooks/%25zz', 'No such webhook'],
  ['#/webhooks/%zz', 'No such webhook'],
  ['#/deliveries/abc', 'No such delivery'],
  ['#/losses?id=abc', 'No such loss'],
  ['#/losses?id=999999999999999999999', 'No such loss'],
  ['#/losses?id=4711', 'No such loss'],
])('the address %s names nothing, and is told so in words', async (hash, heading) => {
  const page = await stage.open('#/');
  await page.goto(`${stage.url}/${hash}`);
  await seen(page.getByRole('heading', { name: heading, level: 1 }));
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('a paused webhook that only ever failed does not need attention, and is not said to have answered', async () => {
  await createWebhooks('rests', 'rests');
  stage.scene.receiver.behave({ status: 503 }, '/rests');
  await change('rests');
  await stage.scene.waitForCounts('rests', { claimed: 1, error: 1 });
  await elsewhere('PATCH', 'rests', { active: false });
  const page = await stage.open('#/', { token: await stage.tokenOf('rests') });
  await seen(page.getByText('Nothing. No active webhook fails, and nothing was lost in the last hour.'));
});

test('asking why again asks anew, and leaves the focus where it is', async () => {
  await createWebhooks('anew', 'asked-anew');
  const { behaviour, release } = heldAnswers();
  stage.scene.receiver.behave(behaviour, '/asked-anew');
  const id = await change('anew');
  await stage.scene.receiver.waitFor(1, { path: '/asked-anew' });
  const page = await stage.open('#/why');
  await page.getByLabel('Table').selectOption('item');
  await page.getByLabel('Key').fill(id);
  const ask = page.getByRole('button', { name: 'Ask' });
  await ask.focus();
  await page.keyboard.press('Enter');
  await seen(page.getByText('Nothing is known of this record'));
  await hasFocus(ask);
  release();
  await stage.scene.waitForCounts('asked-anew', { claimed: 1, success: 1 });
  await page.keyboard.press('Enter');
  const decision = page.getByRole('listitem').filter({ hasText: 'asked-anew' });
  await seen(decision.getByText('delivered', { exact: true }));
  await hasFocus(ask);
});

test('times are local or UTC, as the bar says, on every page of the tab', async () => {
  await createWebhooks('zoned', 'zoned-one');
  const page = await stage.open('#/webhooks?search=zoned-one', { timezoneId: 'Asia/Tokyo' });
  const created = rowOf(page, 'zoned-one').getByText(/^created/);
  // A row has no text before it is drawn.
  const timeIn = async (shown: RegExp): Promise<string> =>
    await waitUntil(async () => shown.exec(await created.innerText())?.[1], { describe: String(shown) });
  const local = await timeIn(/(\d\d:\d\d:\d\d)$/);
  await page.getByRole('button', { name: 'UTC' }).click();
  const utc = await timeIn(/(\d\d:\d\d:\d\d) UTC$/);
  expect(hoursBetween(utc, local)).toBe(9);
  await page.reload();
  await seen(page.getByRole('button', { name: 'UTC', pressed: true }));
  await seen(created.getByText(`${utc} UTC`));
});

describe('what somebody typed', () => {
  const key = 'k'.repeat(300);

  beforeAll(async () => {
    await stage.scene.createWebhook({
      name: 'typed',
      table: 'item',
      company: 'typed',
      url: `http://127.0.0.1:9/${'u'.repeat(1_970)}`,
    });
    await stage.scene.app(`insert into erp.item values ('${key}', 'typed', 1.50, 'new')`);
    await stage.scene.waitForCounts('typed', { claimed: 1, error: 1 });
  });

  test.each([
    ['turns the direction', 'orders \u202e'],
    ['closes what was not opened and turns the direction', 'orders \u2069\u202e'],
  ])('leaves what stands beside it as it is, also when it %s', async (_, name) => {
    await elsewhere('PATCH', 'typed', { name });
    const page = await stage.open(`#/deliveries/${await stage.deliveryOf('typed')}`);
    await seen(page.getByRole('link', { name: /^orders/ }));
    // Where the first and the last letter of the time beside the name stand.
    const [first = 0, last = 0] = await page.evaluate<number[]>(`(() => {
      const text = document.querySelector('.subtitle time').firstChild;
      const left = (at) => {
        const range = document.createRange();
        range.setStart(text, at);
        range.setEnd(text, at + 1);
        return range.getBoundingClientRect().left;
      };
      return [left(0), left(text.length - 2)];
    })()`);
    expect(first).toBeLessThan(last);
  });

  test.each([
    ['#/', 'Overview'],
    ['#/webhooks?company=typed', 'Webhooks'],
    ['#/webhooks?edit=typed', 'Webhooks'],
    ['#/webhooks/typed', /^n+$/],
    ['delivery', /^INSERT item k+$/],
    ['#/losses', 'Losses'],
    ['#/tables', 'Tables'],
    [`#/why?table=item&key=${key}`, 'Why'],
  ])('widens no page, as %s', async (hash, heading) => {
    await elsewhere('PATCH', 'typed', { name: 'n'.repeat(200) });
    const width = 320;
    const place = hash === 'delivery' ? `#/deliveries/${await stage.deliveryOf('typed')}` : hash;
    const page = await stage.open(place, { viewport: { width, height: 900 } });
    await seen(page.getByRole('heading', { name: heading, level: 1 }));
    await waitUntil(async () => (await page.getByText('Loading…').count()) === 0, {
      describe: 'what is loaded',
    });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
  });
});

test('the tab is called what its page is about', async () => {
  await createWebhooks('titled', 'titled-one');
  const page = await stage.open('#/', { token: await stage.tokenOf('titled') });
  const called = async (title: string): Promise<void> => {
    await waitUntil(async () => (await page.title()) === `${title} · rowhook`, {
      describe: () => `the tab to be called ${title}`,
    });
  };
  await called('Overview');
  stage.scene.receiver.behave({ status: 503 }, '/titled-one');
  const id = await change('titled');
  await called('1 needs attention');
  for (const name of ['Webhooks', 'Losses', 'Why']) {
    await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name }).click();
    await called(name);
  }
  await page.goto(`${stage.url}/#/webhooks/titled-one`);
  await called('titled-one');
  await page.getByRole('row').filter({ hasText: 'insert' }).getByRole('link').click();
  await called(`INSERT item ${id}`);
});

function hoursBetween(from: string, to: string): number {
  const hours = (time: string): number => Number(time.slice(0, 2));
  return (hours(to) - hours(from) + 24) % 24;
}
