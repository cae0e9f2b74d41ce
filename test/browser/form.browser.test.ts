import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { heldAnswers } from '../service/scene.ts';
import { waitUntil } from '../support/wait.ts';
import { gone, seen } from './look.ts';
import { openStage, type Stage } from './stage.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await openStage();
  await stage.scene.dba(
    `create table erp.contract ("companyId" text, id int, title text, price numeric, primary key ("companyId", id))`,
    `select rowhook.enable_table('erp.contract', replica_identity => 'keep')`,
    `create table erp.off (id int primary key, "companyId" text not null)`,
    `select rowhook.enable_table('erp.off')`,
  );
}, 120_000);
afterAll(async () => {
  await stage[Symbol.asyncDispose]();
});

async function fillForm(
  page: Page,
  name: string,
  url = `${stage.scene.receiver.url}/${name}`,
): Promise<void> {
  const form = page.getByRole('form');
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Table', { exact: true }).selectOption('item');
  await form.getByLabel('Company', { exact: true }).fill('acme');
  await form.getByLabel('URL').fill(url);
}

/** Until it is released, what is written there waits on its way to the service. */
async function holdWrites(page: Page, url: string): Promise<() => void> {
  const held = Promise.withResolvers<undefined>();
  await page.route(url, async (route) => {
    if (route.request().method() !== 'GET') await held.promise;
    await route.continue();
  });
  return () => held.resolve(undefined);
}

async function openEdit(name: string): Promise<Page> {
  await stage.scene.createWebhook({ name, table: 'item', company: 'acme' });
  const page = await stage.open(`#/webhooks?edit=${name}`);
  await seen(page.getByRole('form', { name: `Edit “${name}”` }));
  return page;
}

/** Of a webhook, as the database has it. */
async function stored(id: string, columns: string): Promise<unknown> {
  const [row] = await stage.scene.database.admin.query(
    `select ${columns} from rowhook.webhook where id = $1`,
    [id],
  );
  return row;
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

test('a delivery sent again leaves the focus where it was pressed', async () => {
  const { scene } = stage;
  await scene.createWebhook({ name: 'pressed', table: 'item', company: 'press' });
  await scene.app(`insert into erp.item values ('p1', 'press', 1, 'a')`);
  await scene.waitForCounts('pressed', { claimed: 1, success: 1 });
  const { behaviour, release } = heldAnswers();
  scene.receiver.behave(behaviour, '/pressed');
  const page = await stage.open(`#/deliveries/${await stage.deliveryOf('pressed')}`);
  const focused = page.locator(':focus');
  await page.getByRole('button', { name: 'Send again' }).press('Enter');
  await page.getByRole('button', { name: 'Send it' }).press('Enter');
  await seen(page.getByRole('button', { name: 'Sending…' }).and(focused));
  release();
  await seen(page.getByRole('status').getByText(/^Sent again: /));
  await seen(page.getByRole('button', { name: 'Send again' }).and(focused));
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

describe('the form', () => {
  test('says of a test where it went, whatever is typed afterwards', async () => {
    const page = await stage.open('#/webhooks');
    await fillForm(page, 'tested');
    await page.getByRole('button', { name: 'Send test' }).click();
    const { host, port } = new URL(stage.scene.receiver.url);
    const result = page.getByRole('region', { name: 'Test result' });
    await seen(result.getByText(`Delivered: ${host} answered 200`));
    expect(await result.getByText('before you changed it').count()).toBe(0);
    await page.getByRole('form').getByLabel('URL').fill(`http://localhost:${port}/another`);
    await seen(result.getByText('This is of the form as it was before you changed it'));
    await seen(result.getByText(`Delivered: ${host} answered 200`));
  });

  test('keeps what is typed while a webhook is created', async () => {
    const page = await stage.open('#/webhooks');
    const release = await holdWrites(page, '**/v1/webhooks');
    await fillForm(page, 'first-of-two');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await page.getByRole('form').getByLabel('Name').fill('second of two');
    release();
    await seen(page.getByText('“first-of-two” is created'));
    expect(await page.getByRole('form').getByLabel('Name').inputValue()).toBe('second of two');
    expect(await page.getByRole('form').getByLabel('URL').inputValue()).toBe('');
  });

  test('says that a webhook is created also where a test was sent meanwhile', async () => {
    const page = await stage.open('#/webhooks');
    const release = await holdWrites(page, '**/v1/webhooks');
    await fillForm(page, 'made-and-tested');
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await page.getByRole('button', { name: 'Send test' }).click();
    await seen(page.getByRole('region', { name: 'Test result' }).getByText(/^Delivered: /));
    release();
    await seen(page.getByText('“made-and-tested” is created'));
    expect(await page.getByRole('form').getByLabel('URL').inputValue()).toBe('');
  });

  test('opens what is folded away where something in it is wrong', async () => {
    const page = await stage.open('#/webhooks');
    await fillForm(page, 'folded');
    const [more, concurrency] = [page.getByText('More', { exact: true }), page.getByLabel('POSTs at a time')];
    await more.click();
    await concurrency.fill('many');
    await more.click();
    await concurrency.waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Create webhook' }).click();
    await seen(concurrency.and(page.locator(':focus')));
    await seen(page.getByText('A whole number from 1 to 100.'));
  });

  test('changes the name of a webhook whose table is disabled', async () => {
    await stage.scene.createWebhook({ name: 'off-duty', table: 'off', company: 'acme' });
    await stage.scene.dba(`select rowhook.disable_table('erp.off')`);
    const page = await stage.open('#/webhooks?edit=off-duty');
    await page.getByRole('form').getByLabel('Name').fill('off for good');
    await page.getByRole('button', { name: 'Save' }).click();
    await gone(page.getByRole('form', { name: /^Edit/ }));
    expect(await stored('off-duty', 'name, table_name')).toEqual({ name: 'off for good', table_name: 'off' });
  });
});

describe('without a table to choose', () => {
  const noTables = async (page: Page): Promise<void> => {
    await page.route('**/v1/tables', (route) => route.fulfill({ json: { data: [] } }));
  };

  test('the operator is led to the tables', async () => {
    const page = await stage.open('#/');
    await noTables(page);
    await page.goto(`${stage.url}/#/webhooks`);
    await page.getByRole('form').getByRole('link', { name: 'Tables' }).click();
    await seen(page.getByRole('heading', { name: 'Enable another table' }));
  });

  test('a company is told whom to ask, and not to fill in a form that cannot be filled in', async () => {
    const page = await stage.open('#/', { token: await stage.tokenOf('nobody') });
    await noTables(page);
    await page.goto(`${stage.url}/#/webhooks`);
    await seen(page.getByText('ask the operator to enable one'));
    await seen(page.getByText('There is no webhook yet.', { exact: true }));
  });

  test('whoever edits sees the table that is set, why there is no other, and can ask again', async () => {
    await stage.scene.createWebhook({ name: 'listless', table: 'item', company: 'acme' });
    const page = await stage.open('#/');
    await page.route('**/v1/tables', (route) =>
      route.fulfill({ status: 503, json: { detail: 'The database is away.' } }),
    );
    await page.goto(`${stage.url}/#/webhooks?edit=listless`);
    const table = page.getByRole('form').getByLabel('Table', { exact: true });
    await seen(page.getByRole('form').getByText('The database is away.'));
    expect(await table.inputValue()).toBe('item');
    await page.unroute('**/v1/tables');
    await page.getByRole('button', { name: 'List the tables again' }).click();
    await table.locator('option:checked', { hasText: 'Item (item)' }).waitFor({ state: 'attached' });
    expect(await table.inputValue()).toBe('item');
  });
});

describe('an edit', () => {
  test('begins with the webhook as it is, however often it was begun before', async () => {
    const page = await openEdit('reopened');
    await page.getByRole('button', { name: 'Cancel' }).click();
    const row = page.getByRole('listitem', { name: 'reopened' });
    await row.getByRole('button', { name: 'Pause reopened' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Pause' }).click();
    await seen(row.getByText('Paused.'));
    await row.getByRole('link', { name: 'Edit reopened' }).click();
    const form = page.getByRole('form', { name: 'Edit “reopened”' });
    await seen(form);
    expect(await form.getByLabel('Active').isChecked()).toBe(false);
    await form.getByLabel('Name').fill('reopened twice');
    await form.getByRole('button', { name: 'Save' }).click();
    await gone(form);
    expect(await stored('reopened', 'name, active')).toEqual({ name: 'reopened twice', active: 'f' });
  });

  test('keeps what was typed into the other forms, until they are saved or cancelled', async () => {
    await stage.scene.createWebhook({ name: 'put-aside', table: 'item', company: 'acme' });
    await stage.scene.createWebhook({ name: 'in-between', table: 'item', company: 'acme' });
    const page = await stage.open('#/webhooks');
    const name = page.getByRole('form').getByLabel('Name');
    const edit = async (id: string): Promise<void> => {
      await page
        .getByRole('listitem', { name: id })
        .getByRole('link', { name: `Edit ${id}` })
        .click();
      await seen(
        page
          .getByRole('form', { name: `Edit “${id}”` })
          .getByLabel('Name')
          .and(page.locator(':focus')),
      );
    };
    await fillForm(page, 'half-filled');
    await edit('put-aside');
    await name.fill('half-renamed');
    await edit('in-between');
    expect(await name.inputValue()).toBe('in-between');
    await edit('put-aside');
    expect(await name.inputValue()).toBe('half-renamed');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await seen(page.getByRole('form', { name: 'New webhook' }));
    expect(await name.inputValue()).toBe('half-filled');
    await edit('put-aside');
    expect(await name.inputValue()).toBe('put-aside');
  });

  test('that is saved while another one is open does not close that one', async () => {
    await stage.scene.createWebhook({ name: 'saved-behind', table: 'item', company: 'acme' });
    const page = await openEdit('open-in-front');
    await page.goto(`${stage.url}/#/webhooks?edit=saved-behind`);
    const release = await holdWrites(page, '**/v1/webhooks/saved-behind');
    await page.getByRole('form', { name: 'Edit “saved-behind”' }).getByLabel('Name').fill('saved there');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    await page.goto(`${stage.url}/#/webhooks?edit=open-in-front`);
    await seen(page.getByRole('form', { name: 'Edit “open-in-front”' }));
    release();
    await seen(page.getByRole('status').getByText('“saved there” is saved.'));
    await seen(page.getByRole('form', { name: 'Edit “open-in-front”' }));
  });

  test('is done also where a test was sent while it was saved', async () => {
    const page = await openEdit('saved-and-tested');
    const release = await holdWrites(page, '**/v1/webhooks/saved-and-tested');
    const form = page.getByRole('form');
    await form.getByLabel('Name').fill('saved');
    await form.getByRole('button', { name: 'Save' }).click();
    await form.getByRole('button', { name: 'Send test' }).click();
    await seen(page.getByRole('region', { name: 'Test result' }).getByText(/^Delivered: /));
    release();
    await gone(page.getByRole('form', { name: /^Edit/ }));
    await seen(page.getByRole('status').getByText('“saved” is saved.'));
  });

  test('whose answer was lost is saved by pressing again, and is nobody else’s change', async () => {
    const page = await openEdit('unanswered');
    let lost = 0;
    await page.route('**/v1/webhooks/unanswered', async (route) => {
      if (route.request().method() !== 'PATCH' || lost > 0) {
        await route.continue();
        return;
      }
      lost += 1;
      await route.fetch();
      await route.abort();
    });
    const form = page.getByRole('form');
    await form.getByLabel('Name').fill('answered at last');
    await form.getByRole('button', { name: 'Save' }).click();
    await seen(form.getByRole('alert').getByText('it may have been done all the same'));
    expect(await stored('unanswered', 'name')).toEqual({ name: 'answered at last' });
    await form.getByRole('button', { name: 'Save' }).click();
    await seen(page.getByRole('status').getByText('“answered at last” is saved.'));
    await gone(page.getByRole('form', { name: /^Edit/ }));
    expect(lost).toBe(1);
  });

  /** Somebody else changes name and URL, while here name and triggers are changed. */
  async function openConflict(name: string): Promise<Page> {
    const page = await openEdit(name);
    const form = page.getByRole('form');
    await form.getByLabel('Name').fill(`${name}, mine`);
    await form.getByLabel('Delete').uncheck();
    await stage.scene.database.admin.query(
      `update rowhook.webhook set name = id || ', theirs', url = 'https://example.com/theirs' where id = $1`,
      [name],
    );
    await seen(page.getByRole('listitem', { name: `${name}, theirs` }));
    expect(await form.getByRole('heading').first().innerText()).toBe(`Edit “${name}”`);
    await form.getByRole('button', { name: 'Save' }).click();
    const conflict = page.getByRole('region', { name: 'Changed by somebody else' });
    await seen(conflict.getByRole('row', { name: `Name ${name}, theirs ${name}, mine` }));
    await seen(conflict.getByRole('row', { name: 'URL https://example.com/theirs as it was: theirs stays' }));
    expect(await conflict.getByRole('row').count()).toBe(3);
    return page;
  }

  test('that somebody else’s crosses can be saved over it, and leaves what only they changed', async () => {
    const page = await openConflict('crossed');
    await page.getByRole('button', { name: 'Save mine' }).click();
    await gone(page.getByRole('form', { name: /^Edit/ }));
    expect(await stored('crossed', 'name, url, on_delete')).toEqual({
      name: 'crossed, mine',
      url: 'https://example.com/theirs',
      on_delete: 'f',
    });
  });

  test('that somebody else’s crosses can take theirs, and loses nothing else', async () => {
    const page = await openConflict('yielded');
    await page.getByRole('button', { name: 'Take theirs' }).click();
    const form = page.getByRole('form');
    await seen(form.getByLabel('Name').and(page.locator(':focus')));
    await seen(page.getByRole('status').getByText('Theirs is in the form, not saved yet.'));
    expect(await form.getByLabel('Name').inputValue()).toBe('yielded, theirs');
    expect(await form.getByLabel('URL').inputValue()).toBe('https://example.com/theirs');
    await form.getByRole('button', { name: 'Save' }).click();
    await gone(page.getByRole('form', { name: /^Edit/ }));
    expect(await stored('yielded', 'name, url, on_delete')).toEqual({
      name: 'yielded, theirs',
      url: 'https://example.com/theirs',
      on_delete: 'f',
    });
  });
});

describe('copying', () => {
  const clipboard = { permissions: ['clipboard-read', 'clipboard-write'] };
  const pasted = async (page: Page): Promise<unknown> =>
    await page.evaluate('navigator.clipboard.readText()');

  async function openUrl(): Promise<Page> {
    await stage.scene.createWebhook({ name: `copied-${(copies += 1)}`, table: 'item', company: 'copy' });
    return await stage.open(`#/webhooks/copied-${copies}`, clipboard);
  }
  let copies = 0;
  const refuseSelection = 'document.execCommand = () => false';

  test('works where the browser gives pages no clipboard, as on plain HTTP', async () => {
    const page = await openUrl();
    await page.evaluate(
      `Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })`,
    );
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    await seen(page.getByRole('button', { name: 'Copied' }));
    await page.evaluate('delete navigator.clipboard');
    expect(await pasted(page)).toBe(`${stage.scene.receiver.url}/copied-${copies}`);
  });

  test('shows the text to be copied by hand where the browser refuses altogether', async () => {
    const page = await openUrl();
    await page.evaluate(`Object.defineProperty(navigator, 'clipboard', { value: undefined })`);
    await page.evaluate(refuseSelection);
    await page.getByRole('button', { name: 'Copy', exact: true }).click();
    const area = page.getByRole('textbox', { name: 'copy the selected text yourself' });
    await seen(area.and(page.locator(':focus')));
    expect(await page.evaluate('getSelection().toString()')).toBe(
      `${stage.scene.receiver.url}/copied-${copies}`,
    );
  });

  test('works in a frame as the documentation writes it', async () => {
    await stage.scene.createWebhook({ name: 'framed', table: 'item', company: 'copy' });
    const [iframe = ''] = /<iframe.*<\/iframe>/.exec(readFileSync('docs/console.md', 'utf8')) ?? [];
    const page = await stage.open('#/', { token: null, ...clipboard });
    await page.addInitScript({ content: refuseSelection });
    stage.parent.html = stage
      .frameGiving([await stage.tokenOf('copy')])
      .replace(
        /<iframe.*<\/iframe>/,
        iframe.replace('https://rowhook.example.com/#/webhooks', `${stage.url}/#/webhooks/framed`),
      );
    await page.goto(stage.parent.origin);
    const frame = page.frameLocator('iframe');
    await frame.getByRole('button', { name: 'Copy', exact: true }).click();
    await seen(frame.getByRole('button', { name: 'Copied' }));
  });
});

describe('a page that cannot be shown', () => {
  test('says so in words, with a way to go on', async () => {
    await stage.scene.createWebhook({ name: 'broken', table: 'item', company: 'acme' });
    const page = await stage.open('#/');
    await page.route('**/v1/webhooks/broken', (route) => route.fulfill({ json: { name: 'broken' } }));
    await page.goto(`${stage.url}/#/webhooks/broken`);
    await seen(page.getByRole('alert').getByText('The console failed while it showed this page.'));
    await page.unroute('**/v1/webhooks/broken');
    await page.getByRole('button', { name: 'Load it again' }).click();
    await seen(page.getByRole('heading', { name: 'Settings' }));
  });

  test('is one of a browser that is too old, and says that, too', async () => {
    const page = await stage.open('#/');
    // An error in the page is what is meant here.
    page.removeAllListeners('pageerror');
    await page.route('**/assets/*.js', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: 'what no browser can read' }),
    );
    await page.reload();
    await seen(page.getByText('the browser is too old for the console'));
  });

  test('is none where a browser has no more than the build asks for', async () => {
    const page = await stage.open('#/');
    await page.addInitScript(() => {
      Reflect.deleteProperty(URL, 'parse');
      Reflect.deleteProperty(URL, 'canParse');
      Reflect.deleteProperty(Map, 'groupBy');
      Reflect.deleteProperty(Object, 'groupBy');
      Reflect.deleteProperty(Promise, 'withResolvers');
      for (const name of ['toSorted', 'toReversed', 'toSpliced', 'with', 'findLast', 'findLastIndex'])
        Reflect.deleteProperty(Array.prototype, name);
    });
    for (const [hash, heading] of [
      ['#/', 'Needs attention'],
      ['#/webhooks', 'All webhooks'],
      ['#/tables', 'Stock'],
    ] as const) {
      await page.goto(`${stage.url}/${hash}`);
      await page.reload();
      await seen(page.getByRole('heading', { name: heading, exact: true }));
    }
    await seen(page.getByText('erp.item'));
  });
});
