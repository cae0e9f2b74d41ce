// docs/payload.md is true: each of its examples is run, and what is POSTed is compared with the page character by character. Whether
// a value is to_jsonb's is asked of Postgres, too: only the section on differences may differ.
import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pinnedSettings } from '../../src/database/session.ts';
import { openScene, type Scene } from '../service/scene.ts';
import type { Session } from '../support/queryable.ts';
import { readExamples, type ValueExample } from './examples.ts';

const page = readFileSync(new URL('../../docs/payload.md', import.meta.url), 'utf8');
const { setup, values, changes, settings } = readExamples(page);

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ admin, createLogin, name }) => {
    const { role } = await createLogin({ name: 'developer' });
    await admin.query(`grant create on database ${name} to ${role}`);
    const withRole = setup.replaceAll('erp_developer', role);
    await admin.query(withRole);
  });
  const tables = await scene.database.admin.query(`select name from rowhook.subscribable_table`);
  for (const { name } of tables) {
    for (const webhook of ['acme', 'globex', 'all']) {
      const company = webhook === 'all' ? null : webhook;
      const url = `${scene.receiver.url}/${webhook}`;
      await scene.createWebhook({ name: `${name ?? ''}-${webhook}`, table: name ?? '', company, url });
    }
  }
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

test('the page has its examples', () => {
  expect(values.filter(({ differs }) => !differs).length).toBeGreaterThanOrEqual(58);
  expect(values.filter(({ differs }) => differs).length).toBeGreaterThanOrEqual(2);
  expect(changes.length).toBeGreaterThanOrEqual(6);
  // Every row of every table is an example or a setting, the rows with the headings and the lines below them aside.
  const rows = page.split('\n').filter((line) => line.startsWith('|')).length;
  const tables = page.split('\n').filter((line) => line.startsWith('|---')).length;
  expect(values.length + settings.length).toBe(rows - 2 * tables);
});

test('the settings on the page are the pinned ones', () => {
  const pinned = Object.entries(pinnedSettings).map(([name, value]) => [
    name,
    value === '' ? 'empty' : value,
  ]);
  expect(settings.map((cells) => cells.map((cell) => cell.replaceAll('`', '')))).toEqual(pinned);
});

test('the way to parse numbers in JavaScript keeps every digit', () => {
  const code = /^```js\n([^]+?)^```$/m.exec(page)?.[1] ?? '';
  const body =
    '{"record":{"id":9007199254740993,"small":-42,"total":1.50,"list":[12345678901234567890.10,null,"1"]}}';
  expect(runInNewContext(`${code}; JSON.stringify(payload)`, { body })).toBe(
    '{"record":{"id":"9007199254740993","small":-42,"total":"1.50","list":["12345678901234567890.10",null,"1"]}}',
  );
});

/** Keeps a failure readable. */
function linesOf(body: string): string[] {
  return body.split(/(?="line_)/);
}

/** What to_jsonb makes of a column of the one row in erp.example; null where it fails. */
async function toJsonb(session: Session, column: string): Promise<string | null> {
  const row = session.query(`select to_jsonb(${column})::text as json from erp.example`);
  return await row.then(
    ([found]) => found?.['json'] ?? 'null',
    () => null,
  );
}

async function differences(session: Session, example: ValueExample, column: string): Promise<string> {
  const print = await toJsonb(session, column);
  if (print === null) return 'to_jsonb refuses it';
  const [row] = await session.query(`select $1::jsonb = $2::jsonb as is_equal`, [print, example.json]);
  return row?.['is_equal'] === 't' ? 'none' : `to_jsonb prints ${print}`;
}

test('every value arrives as the page shows it, and is to_jsonb’s where the page does not say otherwise', async () => {
  const { admin, adminUrl, connect } = scene.database;
  const columns = values.map(({ sql, line }) => `${sql} as line_${line}`);
  await admin.query(`create table erp.example as select ${columns.join(', ')} limit 0`);
  await admin.query(`select rowhook.enable_table('erp.example', company_column => null)`);
  await scene.createWebhook({ name: 'example', table: 'example', company: null });
  await admin.query(`insert into erp.example select ${columns.join(', ')}`);
  const [body] = await scene.waitForBodies('example', 1);
  const expected = values.map(({ line, json }) => `"line_${line}":${json}`).join(',');
  const head = '{"type":"INSERT","table":"example","companyId":null,"record":';
  expect(linesOf(body ?? '')).toEqual(linesOf(`${head}{${expected}}}`));

  const url = new URL(adminUrl);
  const pinned = Object.entries(pinnedSettings).map(([name, value]) => `-c ${name}=${value}`);
  url.searchParams.set('options', pinned.join(' '));
  await using session = await connect(url.href);
  for (const example of values) {
    const difference = await differences(session, example, `line_${example.line}`);
    if (example.differs) expect(difference, `line ${example.line}`).not.toBe('none');
    else expect(difference, `line ${example.line}`).toBe('none');
  }
});

test.each(changes)('the change at line $line arrives as the page shows it', async ({ sql, payloads }) => {
  const webhooks = Object.entries(payloads);
  const before = new Map(webhooks.map(([webhook]) => [webhook, scene.bodies(webhook).length]));
  await scene.database.admin.query(sql);
  for (const [webhook, expected] of webhooks) {
    const start = before.get(webhook) ?? 0;
    const bodies = await scene.waitForBodies(webhook, start + expected.length);
    expect(bodies.slice(start)).toEqual(expected);
  }
});
