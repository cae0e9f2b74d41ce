import { expect, test } from 'vitest';
import { match, matchTruncate, type Decision } from '../../src/webhooks/match.ts';
import { Registry, type RowOperation } from '../../src/webhooks/registry.ts';
import type { ConfigurationChange } from '../../src/webhooks/webhook.ts';

let nextUid = 1;

function webhookRow(id: string, change: Record<string, unknown> = {}): ConfigurationChange {
  const uid = nextUid++;
  const row = {
    uid,
    revision: 1,
    id,
    company_id: 'A',
    all_companies: false,
    name: id,
    table_name: 'quote',
    url: 'https://example.com/',
    on_insert: true,
    on_update: true,
    on_delete: true,
    on_truncate: false,
    active: true,
    ...change,
  };
  return { kind: 'webhook', key: String(uid), row };
}

const quote: ConfigurationChange = {
  kind: 'table',
  key: 'quote',
  row: {
    name: 'quote',
    schema_name: 'erp',
    relation_name: 'Quote',
    company_column: 'companyId',
    enabled: true,
  },
};

interface Rows {
  readonly record?: readonly (string | null | undefined)[];
  readonly old?: readonly (string | null | undefined)[];
}

function decide(
  changes: readonly ConfigurationChange[],
  operation: RowOperation,
  rows: Rows,
  companyIndex = 1,
): Decision {
  const registry = new Registry();
  registry.apply([quote, ...changes]);
  const route = registry.route('erp', 'Quote');
  if (route === undefined) throw new Error('no route');
  return match(route, { operation, record: rows.record ?? null, old: rows.old ?? null, companyIndex });
}

function seen({ matches }: Decision): string[] {
  return matches.map(({ webhook, view }) => `${webhook.id} ${view}`);
}

const everybody = [
  webhookRow('a'),
  webhookRow('b', { company_id: 'B' }),
  webhookRow('all', { company_id: null, all_companies: true }),
];

test('a change goes to the webhooks of its company and to those for all', () => {
  expect(seen(decide(everybody, 'INSERT', { record: ['1', 'A'] }))).toEqual(['all whole', 'a whole']);
  expect(seen(decide(everybody, 'DELETE', { old: ['1', 'B'] }))).toEqual(['all whole', 'b whole']);
});

test('a row that moves leaves one company and joins the other', () => {
  const decision = decide(everybody, 'UPDATE', { record: ['1', 'B'], old: ['1', 'A'] });
  expect(seen(decision)).toEqual(['all whole', 'a left', 'b joined']);
  expect(decision).toMatchObject({ companyId: 'B', oldCompanyId: 'A' });
});

test('a move is seen by those who asked for DELETE and INSERT, not for UPDATE', () => {
  const updateOnly = { on_insert: false, on_delete: false };
  const webhooks = [webhookRow('a', updateOnly), webhookRow('b', { company_id: 'B', ...updateOnly })];
  expect(seen(decide(webhooks, 'UPDATE', { record: ['1', 'B'], old: ['1', 'A'] }))).toEqual([]);
});

test('a row without a company goes to those for all only, also when it loses or gets one', () => {
  expect(seen(decide(everybody, 'INSERT', { record: ['1', null] }))).toEqual(['all whole']);
  expect(seen(decide(everybody, 'UPDATE', { record: ['1', null], old: ['1', 'A'] }))).toEqual([
    'all whole',
    'a left',
  ]);
  expect(seen(decide(everybody, 'UPDATE', { record: ['1', 'B'], old: ['1', null] }))).toEqual([
    'all whole',
    'b joined',
  ]);
});

test('without an old row the key did not change, and neither did the company', () => {
  expect(seen(decide(everybody, 'UPDATE', { record: ['1', 'A'] }))).toEqual(['all whole', 'a whole']);
});

test('old values of a company that the log does not carry are for those for all only', () => {
  expect(seen(decide(everybody, 'UPDATE', { record: ['2', 'B'], old: ['1', undefined] }))).toEqual([
    'all whole',
    'b new only',
  ]);
});

test('a company that the log does not carry is undecidable, if a company would have wanted to know', () => {
  const decision = decide(everybody, 'DELETE', { old: ['1', undefined] });
  expect(seen(decision)).toEqual(['all whole']);
  expect(decision.isUndecidable).toBe(true);
  const insertOnly = [webhookRow('a', { on_update: false, on_delete: false })];
  expect(decide(insertOnly, 'DELETE', { old: ['1', undefined] }).isUndecidable).toBe(false);
  expect(decide(insertOnly, 'UPDATE', { record: ['1', undefined] }).isUndecidable).toBe(true);
});

test('a table without a company column is for those for all only', () => {
  const decision = decide(everybody, 'INSERT', { record: ['1', 'A'] }, -1);
  expect(seen(decision)).toEqual(['all whole']);
  expect(decision).toMatchObject({ companyId: null, isUndecidable: false });
});

test('a TRUNCATE goes to everybody who asked for it, of every company, paused or not', () => {
  const registry = new Registry();
  registry.apply([
    quote,
    webhookRow('a', { on_truncate: true }),
    webhookRow('b', { on_truncate: true, company_id: 'B', active: false }),
    webhookRow('all', { on_truncate: true, company_id: null, all_companies: true }),
    webhookRow('rows only'),
    webhookRow('another table', { on_truncate: true, table_name: 'order' }),
  ]);
  const route = registry.route('erp', 'Quote');
  if (route === undefined) throw new Error('no route');
  expect(matchTruncate(route).map(({ id }) => id)).toEqual(['all', 'a', 'b']);
});
