// docs/payload.md is true: each of its examples is run, and what is POSTed is compared with the page character by character. Whether
// a value is to_jsonb's is asked of Postgres, too: only the section on differences may differ.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pinnedSettings } from '../../src/database/session.ts';
import { openScene, type Scene } from '../service/scene.ts';
import type { Session } from '../support/queryable.ts';
import type { ReceivedRequest } from '../support/receiver.ts';
import { readExamples, type ChangeExample, type ValueExample } from './examples.ts';

const page = readFileSync(new URL('../../docs/payload.md', import.meta.url), 'utf8');
const { setup, values, changes, settings } = readExamples(page);

const webhooks = ['acme', 'globex', 'all'];

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
    for (const webhook of webhooks) {
      const company = webhook === 'all' ? null : webhook;
      const url = `${scene.receiver.url}/${webhook}`;
      const on = ['insert', 'update', 'delete', 'truncate'] as const;
      await scene.createWebhook({ name: `${name ?? ''}-${webhook}`, table: name ?? '', company, url, on });
    }
  }
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

test('the page has its examples', () => {
  expect(values.filter(({ differs }) => !differs).length).toBeGreaterThanOrEqual(59);
  expect(values.filter(({ differs }) => differs).length).toBeGreaterThanOrEqual(2);
  expect(changes.length).toBeGreaterThanOrEqual(8);
  expect(changes[0]?.heads).toEqual({ acme: ['POST /acme HTTP/1.1', 'Content-Type: application/json'] });
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

/** Keeps a failure readable: no value on the page is longer than this. */
const maxShownLength = 1_000;

function linesOf(body: string): string[] {
  const lines = body.split(/(?="line_)/);
  return lines.map((line) => (line.length > maxShownLength ? `${line.slice(0, maxShownLength)}…` : line));
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

/** What the page does not show: nothing, but a webhook for all companies receives whatever one company does. */
function countOf(webhook: string, { payloads }: ChangeExample): number {
  const shown = payloads[webhook] ?? (webhook === 'all' ? payloads['acme'] : undefined);
  return shown?.length ?? 0;
}

/** A webhook watches one table, and only its own deliveries are in order. */
function byTable(bodies: readonly string[]): string[] {
  const tableOf = (body: string): string => /"table":"(\w+)"/.exec(body)?.[1] ?? '';
  return bodies.toSorted((a, b) => tableOf(a).localeCompare(tableOf(b)));
}

/** Without what HTTP itself needs. */
function headOf({ method, path, rawHeaders }: ReceivedRequest): string[] {
  const names = rawHeaders.filter((_, index) => index % 2 === 0);
  const ours = names.filter((name) => !/^(host|connection|content-length)$/i.test(name));
  const lines = ours.map((name) => `${name}: ${rawHeaders[rawHeaders.indexOf(name) + 1] ?? ''}`);
  return [`${method} ${path} HTTP/1.1`, ...lines].map((line) => line.toLowerCase());
}

test.each(changes)('the change at line $line arrives as the page shows it', async (change) => {
  const starts = new Map(webhooks.map((webhook) => [webhook, scene.bodies(webhook).length]));
  await scene.database.admin.query(change.sql);
  for (const webhook of webhooks) {
    const start = starts.get(webhook) ?? 0;
    const bodies = await scene.waitForBodies(webhook, start + countOf(webhook, change));
    const shown = change.payloads[webhook];
    if (shown !== undefined) expect(byTable(bodies.slice(start))).toEqual(byTable(shown));
    const head = change.heads[webhook]?.map((line) => line.toLowerCase());
    const request = scene.receiver.requestsTo(`/${webhook}`)[start];
    if (head !== undefined) expect(request && headOf(request)).toEqual(head);
  }
});
