import { expect, test } from 'vitest';
import { isWanted, Registry } from '../../src/webhooks/registry.ts';
import type { ConfigurationChange } from '../../src/webhooks/webhook.ts';

function table(change: Record<string, unknown> = {}): ConfigurationChange {
  const row = {
    name: 'quote',
    schema_name: 'erp',
    relation_name: 'Quote',
    company_column: 'companyId',
    enabled: 't',
  };
  return { kind: 'table', key: 'quote', row: { ...row, ...change } };
}

function webhook(uid: string, change: Record<string, unknown> = {}): ConfigurationChange {
  const row = {
    uid,
    revision: '1',
    id: `wh_${uid}`,
    company_id: 'A',
    all_companies: 'f',
    name: 'w',
    table_name: 'quote',
    url: 'https://example.com/',
    on_insert: 't',
    on_update: 'f',
    on_delete: 'f',
    on_truncate: 'f',
    active: 't',
  };
  return { kind: 'webhook', key: uid, row: { ...row, ...change } };
}

function insertUids(registry: Registry, company: string): bigint[] {
  const route = registry.route('erp', 'Quote');
  return [...(route?.subscribers.INSERT.byCompany.get(company)?.keys() ?? [])];
}

test('a table nobody knows, or that is disabled, has no route', () => {
  const registry = new Registry();
  registry.apply([table({ enabled: 'f' }), webhook('1')]);
  expect(registry.route('erp', 'other')).toBeUndefined();
  expect(registry.route('erp', 'Quote')).toBeUndefined();
  registry.apply([table()]);
  expect(insertUids(registry, 'A')).toEqual([1n]);
});

test('a new version of a webhook takes the place of the one before', () => {
  const registry = new Registry();
  registry.apply([table(), webhook('1')]);
  registry.apply([webhook('1', { company_id: 'B' })]);
  expect(insertUids(registry, 'A')).toEqual([]);
  expect(insertUids(registry, 'B')).toEqual([1n]);
});

test('a deleted webhook is found no more', () => {
  const registry = new Registry();
  registry.apply([table(), webhook('1'), webhook('2')]);
  registry.apply([{ kind: 'webhook', key: '1', row: null }]);
  expect(insertUids(registry, 'A')).toEqual([2n]);
  expect(registry.webhook(1n)).toBeUndefined();
});

test('a table that gets another relation is found there and nowhere else', () => {
  const registry = new Registry();
  registry.apply([table(), webhook('1')]);
  registry.apply([table({ relation_name: 'Offer' })]);
  expect(registry.route('erp', 'Quote')).toBeUndefined();
  expect(registry.route('erp', 'Offer')?.table.name).toBe('quote');
});

test.each([
  ['one by one', ['quote', 'offer']],
  ['in the other order', ['offer', 'quote']],
])('two tables that take each other’s relations in one transaction are both found, told %s', (_, order) => {
  const registry = new Registry();
  const offer = { name: 'offer', relation_name: 'Offer' };
  registry.apply([
    table(),
    { ...table(offer), key: 'offer' },
    webhook('1'),
    webhook('2', { table_name: 'offer' }),
  ]);
  const changed: Readonly<Record<string, ConfigurationChange>> = {
    quote: table({ relation_name: 'Offer' }),
    offer: { ...table({ ...offer, relation_name: 'Quote' }), key: 'offer' },
  };
  registry.apply(order.flatMap((key) => changed[key] ?? []));
  expect(registry.route('erp', 'Offer')?.table.name).toBe('quote');
  expect(registry.route('erp', 'Quote')?.table.name).toBe('offer');
});

test('who asked for nothing but TRUNCATE wants no row', () => {
  const registry = new Registry();
  registry.apply([table(), webhook('1', { on_insert: 'f', on_truncate: 't' })]);
  const route = registry.route('erp', 'Quote');
  if (route === undefined) throw new Error('no route');
  const wanted = (['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] as const).filter((each) =>
    isWanted(route, each),
  );
  expect(wanted).toEqual(['TRUNCATE']);
});

test('an update is wanted by whoever wants inserts or deletes, because a row may change its company', () => {
  const registry = new Registry();
  registry.apply([table(), webhook('1')]);
  const route = registry.route('erp', 'Quote');
  if (route === undefined) throw new Error('no route');
  expect(isWanted(route, 'UPDATE')).toBe(true);
  expect(isWanted(route, 'DELETE')).toBe(false);
});

test('a row of another schema than this release knows is refused by the names of its columns', () => {
  expect(() => {
    new Registry().apply([webhook('1', { revision: undefined })]);
  }).toThrow('revision');
});
