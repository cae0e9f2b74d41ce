import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { runHere, runJsonHere } from './cli-here.ts';

let database: InstalledDatabase;
let env: { DATABASE_URL: string };

beforeAll(async () => {
  database = await createInstalledDatabase();
  env = { DATABASE_URL: database.dbaUrl };
  await database.dba.query(`
    create schema erp;
    create table erp."salesOrder" (id text primary key, "companyId" text not null);
    create table erp.invoice (id text primary key, tenant_id text not null);
    create table erp.payment (id text primary key, tenant_id text not null);
    create table erp.currency (code text primary key);
    create table erp."Sales Order" (id text primary key, "companyId" text not null);
    create table erp."wareHouse" (id text primary key, "companyId" text not null);
  `);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

describe('enable', () => {
  test('registers the table with all that was said about it', async () => {
    const options = ['--module', 'Sales', '--label', 'Sales order', '--name', 'order'];
    const { exitCode, json } = await runJsonHere(['enable', 'erp.salesOrder', ...options], env);
    expect(exitCode).toBe(0);
    expect(json).toEqual({
      name: 'order',
      schema: 'erp',
      relation: 'salesOrder',
      companyColumn: 'companyId',
      module: 'Sales',
      label: 'Sales order',
      enabled: true,
      replicaIdentity: 'full',
      logBodies: true,
    });
    const published = await database.query(
      `select 1 from pg_publication_tables where pubname = 'rowhook' and tablename = 'salesOrder'`,
    );
    expect(published).toHaveLength(1);
  });

  test.each([
    ['erp.invoice', ['--company-column', 'tenant_id'], 'tenant_id'],
    ['erp.currency', ['--no-company'], null],
    ['erp."Sales Order"', ['--replica-identity', 'full'], 'companyId'],
  ])('takes %s with %j', async (relation, options, companyColumn) => {
    const { json } = await runJsonHere(['enable', relation, ...options], env);
    expect(json).toMatchObject({ enabled: true, companyColumn });
  });

  test('tells people what comes next', async () => {
    const { stdout } = await runHere(['enable', 'erp.wareHouse'], env);
    expect(stdout).toMatch(
      /^enabled erp\.wareHouse as "wareHouse"[^]*next: rowhook webhook create --table wareHouse/,
    );
  });

  test('passes on what the database refuses, with its remedy', async () => {
    const unknown = await runHere(['enable', 'erp.nothing'], env);
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toMatch(/no table "erp\.nothing"/);
    const column = await runHere(['enable', 'erp.invoice'], env);
    expect(column.exitCode).toBe(1);
    expect(column.stderr).toMatch(
      /companyId[^]*enable_table\('erp\.invoice', company_column => 'tenant_id'\)/,
    );
  });

  test('is refused to a role that is no DBA', async () => {
    const { exitCode, stderr } = await runHere(['enable', 'erp.invoice'], {
      DATABASE_URL: database.serviceUrl,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/permission denied[^]*rowhook_dba/);
  });
});

describe('inspect', () => {
  test('prints a line per check and ends with code 0 when nothing fails', async () => {
    const { exitCode, stdout } = await runHere(['inspect', 'erp.salesOrder'], env);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^ok {4}relation/m);
  });

  test('ends with code 1 when a check fails, and gives the statement that mends it', async () => {
    const { exitCode, json } = await runJsonHere(['inspect', 'erp.payment'], env);
    expect(exitCode).toBe(1);
    expect(json).toContainEqual({
      check: 'company column',
      status: 'fail',
      detail: expect.stringContaining('companyId') as string,
      remedy: expect.stringContaining('tenant_id') as string,
    });
  });

  test.each([
    ['erp.payment', '--company-column', 'tenant_id'],
    ['erp.currency', '--no-company'],
  ])('takes %s with %s', async (...args) => {
    expect(await runJsonHere(['inspect', ...args], env)).toMatchObject({ exitCode: 0 });
  });
});

test('disable takes the table out of the publication and keeps its webhooks', async () => {
  await runHere(['enable', 'erp.wareHouse'], env);
  await database.service.query(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
     values ('a', 'kept', 'wareHouse', 'https://example.com/', true)`,
  );
  expect(await runHere(['disable', 'erp.wareHouse'], env)).toMatchObject({ exitCode: 0 });
  const rows = await database.query(
    `select t.enabled, w.name from rowhook.subscribable_table t join rowhook.webhook w on w.table_name = t.name
     where t.name = 'wareHouse'`,
  );
  expect(rows).toEqual([{ enabled: 'f', name: 'kept' }]);
});
