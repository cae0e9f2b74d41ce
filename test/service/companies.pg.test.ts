// A company sees its own rows only: the 13 tables of the sample ERP, every operation, three companies.
import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { InstalledDatabase } from '../support/installed-database.ts';
import { openScene, type Scene } from './scene.ts';

/** In an order in which rows can be created; `columns` beside id, readableId and companyId, {c} being the company. */
const tables: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  employee: { name: 'Buyer 1', role: 'Buyer', email: 'buyer@{c}.example' },
  item: { name: 'Bracket 1', type: 'Make' },
  customer: { name: 'Customer 1' },
  supplier: { name: 'Supplier 1' },
  salesRfq: { customerId: '{c}-customer' },
  quote: { customerId: '{c}-customer', salesRfqId: '{c}-salesRfq' },
  salesOrder: { customerId: '{c}-customer', quoteId: '{c}-quote' },
  job: { itemId: '{c}-item', quantity: '12.5' },
  supplierQuote: { supplierId: '{c}-supplier' },
  purchaseOrder: { supplierId: '{c}-supplier' },
  receipt: { purchaseOrderId: '{c}-purchaseOrder' },
  salesInvoice: { customerId: '{c}-customer' },
  purchaseInvoice: { supplierId: '{c}-supplier' },
};
const names = Object.keys(tables);
const operations = ['INSERT', 'UPDATE', 'DELETE'];
/** The third has no webhook of its own. */
const companies = ['company-a', 'company-b', 'company-c'];

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(createSampleErp);
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function createSampleErp({ dba }: InstalledDatabase): Promise<void> {
  const folder = new URL('../../sql/demo/', import.meta.url);
  for (const file of (await readdir(folder)).sort()) {
    if (!file.startsWith('06_')) await dba.query(await readFile(new URL(file, folder), 'utf8'));
  }
  for (const company of companies) {
    await dba.query('insert into erp.company (id, name) values ($1, $1)', [company]);
  }
}

async function insertRow(company: string, table: string): Promise<void> {
  const values = {
    id: `${company}-${table}`,
    readableId: `${table}-1`,
    companyId: company,
    ...tables[table],
  };
  const columns = Object.keys(values).map((column) => `"${column}"`);
  await scene.database.app.query(
    `insert into erp."${table}" (${columns.join()}) values (${columns.map((_, i) => `$${i + 1}`).join()})`,
    Object.values(values).map((value) => value.replace('{c}', company)),
  );
}

interface Payload {
  readonly type: string;
  readonly table: string;
  readonly companyId: string;
  readonly record: Readonly<Record<string, unknown>>;
}

function received(name: string): Payload[] {
  return scene.bodies(name).map((body) => JSON.parse(body) as Payload);
}

function summary({ type, table, companyId, record }: Payload): string {
  return `${type} ${table} of ${companyId}: ${String(record['id'])}`;
}

test('every operation on every sample table reaches the company it belongs to, and nobody else', async () => {
  expect(names).toHaveLength(13);
  const { app } = scene.database;
  for (const table of names) {
    await scene.createWebhook({ name: `company-a.${table}`, table, company: 'company-a' });
    await scene.createWebhook({ name: `company-b.${table}`, table, company: 'company-b' });
    await scene.createWebhook({ name: `all.${table}`, table, company: null });
  }
  for (const company of companies) {
    for (const table of names) await insertRow(company, table);
    for (const table of names) {
      await app.query(`update erp."${table}" set "updatedAt" = now() where "companyId" = $1`, [company]);
    }
    for (const table of names.toReversed()) {
      await app.query(`delete from erp."${table}" where "companyId" = $1`, [company]);
    }
  }

  for (const table of names) await scene.waitForBodies(`all.${table}`, 9);
  for (const table of names) {
    await scene.waitForCounts(`all.${table}`, { claimed: 9, success: 9 });
    const ofAll = received(`all.${table}`).map(summary);
    const expected = (company: string): string[] =>
      operations.map((type) => `${type} ${table} of ${company}: ${company}-${table}`);
    expect(ofAll.sort()).toEqual(companies.flatMap(expected).sort());
    for (const company of ['company-a', 'company-b']) {
      await scene.waitForCounts(`${company}.${table}`, { claimed: 3, success: 3 });
      expect(received(`${company}.${table}`).map(summary)).toEqual(expected(company));
    }
  }
});

test('a change whose company the log does not carry is not sent, and stands in the ledger', async () => {
  const { dba, app } = scene.database;
  await scene.createWebhook({ name: 'undecidable', table: 'customer', company: 'company-a' });
  await insertRow('company-a', 'customer');
  await scene.waitForBodies('undecidable', 1);

  await dba.query('alter table erp.customer replica identity default');
  await app.query(`delete from erp.customer where "companyId" = 'company-a'`);
  await insertRow('company-a', 'customer');

  await scene.waitForBodies('undecidable', 2);
  expect(received('undecidable').map(({ type }) => type)).toEqual(['INSERT', 'INSERT']);
  await scene.waitForCounts('undecidable', { claimed: 2, success: 2 });
  expect(await scene.losses(null)).toEqual([
    { reason: 'undecidable', table: 'customer', company: null, count: 1 },
  ]);
  expect(await scene.losses('undecidable')).toEqual([]);
});
