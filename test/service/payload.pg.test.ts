// The exact bytes of what is posted, on a schema of the application's own making.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query('create schema erp');
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

const large = 'x'.repeat(100_000);

/** Keeps a failure readable. */
function shortened(bodies: readonly string[]): string[] {
  return bodies.map((body) => body.replaceAll(large, '<100 kB>'));
}

async function createTable(definition: string, enable: string): Promise<void> {
  await scene.database.dba.query(`create table ${definition}`);
  await scene.database.dba.query(`select rowhook.enable_table(${enable})`);
}

test('an insert, an update and a delete arrive with the exact bytes of the payload', async () => {
  await createTable(
    `erp."salesOrder" (id text primary key, "tenantRef" text, total numeric(18,2), doc text, "createdAt" timestamptz)`,
    `'erp.salesOrder', company_column => 'tenantRef'`,
  );
  await scene.createWebhook({ name: 'orders', table: 'salesOrder', company: 'acme' });

  const { app } = scene.database;
  await app.query(
    `insert into erp."salesOrder" values
       ('so1', 'acme', 1234567890123.50, E'a "quoted"\\nline', '2026-01-02 03:04:05.678901+02')`,
  );
  await app.query(`update erp."salesOrder" set total = 0.10 where id = 'so1'`);
  await app.query(`delete from erp."salesOrder" where id = 'so1'`);

  const first =
    '{"id":"so1","tenantRef":"acme","total":1234567890123.50,"doc":"a \\"quoted\\"\\nline","createdAt":"2026-01-02T01:04:05.678901+00:00"}';
  const second = first.replace('1234567890123.50', '0.10');
  const head = '"table":"salesOrder","companyId":"acme"';
  expect(await scene.waitForBodies('orders', 3)).toEqual([
    `{"type":"INSERT",${head},"record":${first}}`,
    `{"type":"UPDATE",${head},"record":${second},"old":${first}}`,
    `{"type":"DELETE",${head},"record":${second},"old":${second}}`,
  ]);
});

test('a request carries the headers that HTTP needs and the content type, and nothing else', async () => {
  await createTable('erp.head (id int primary key, tenant text)', `'erp.head', company_column => 'tenant'`);
  await scene.createWebhook({ name: 'heads', table: 'head', company: 'acme' });
  await scene.database.app.query(`insert into erp.head values (1, 'acme')`);

  const [request] = await scene.receiver.waitFor(1, { path: '/heads' });
  const length = Buffer.byteLength(request?.body ?? '');
  expect(request?.method).toBe('POST');
  expect(request?.headers).toEqual({
    host: `127.0.0.1:${scene.receiver.port}`,
    connection: 'keep-alive',
    'content-type': 'application/json',
    'content-length': String(length),
  });
});

test('the company may be a bigint beyond what JavaScript counts, or a uuid', async () => {
  const uuid = '0d7f2f0e-6d4e-4a52-9a53-0a1b2c3d4e5f';
  const big = '9007199254740993';
  await createTable('erp.big (tenant bigint, id int primary key)', `'erp.big', company_column => 'tenant'`);
  await createTable(
    'erp.unique (tenant uuid, id int primary key)',
    `'erp.unique', company_column => 'tenant'`,
  );
  await scene.createWebhook({ name: 'bigs', table: 'big', company: big });
  await scene.createWebhook({ name: 'uniques', table: 'unique', company: uuid });
  const { app } = scene.database;
  await app.query(`insert into erp.big values (9007199254740992, 1), (9007199254740993, 2)`);
  await app.query(`insert into erp.unique values (gen_random_uuid(), 1), ('${uuid.toUpperCase()}', 2)`);

  expect(await scene.waitForBodies('bigs', 1)).toEqual([
    `{"type":"INSERT","table":"big","companyId":"${big}","record":{"tenant":${big},"id":2}}`,
  ]);
  expect(await scene.waitForBodies('uniques', 1)).toEqual([
    `{"type":"INSERT","table":"unique","companyId":"${uuid}","record":{"tenant":"${uuid}","id":2}}`,
  ]);
  await scene.waitForCounts('bigs', { claimed: 1, success: 1 });
});

test('under an index identity old is null or partial, and a large unchanged value is named', async () => {
  const { dba, app } = scene.database;
  await dba.query(`
    create table erp.part (id int primary key, tenant text not null, code text not null, doc text, note text);
    alter table erp.part alter column doc set storage external;
    create unique index part_identity on erp.part (tenant, code)`);
  await dba.query(
    `select rowhook.enable_table('erp.part', company_column => 'tenant', replica_identity => 'part_identity')`,
  );
  await scene.createWebhook({ name: 'parts', table: 'part', company: 'acme' });
  await app.query(`insert into erp.part values (1, 'acme', 'p1', repeat('x', 100000), 'first')`);
  await app.query(`update erp.part set note = 'second'`);
  await app.query(`update erp.part set code = 'p2'`);
  await app.query(`update erp.part set doc = 'short', note = null`);
  await app.query(`delete from erp.part`);

  const head = '"table":"part","companyId":"acme"';
  const kept = '{"tenant":"acme","code":"p2"}';
  expect(shortened(await scene.waitForBodies('parts', 5))).toEqual([
    `{"type":"INSERT",${head},"record":{"id":1,"tenant":"acme","code":"p1","doc":"<100 kB>","note":"first"}}`,
    `{"type":"UPDATE",${head},"record":{"id":1,"tenant":"acme","code":"p1","note":"second"},"old":null,"unchanged":["doc"]}`,
    `{"type":"UPDATE",${head},"record":{"id":1,"tenant":"acme","code":"p2","note":"second"},"old":{"tenant":"acme","code":"p1"},"unchanged":["doc"],"partial":true}`,
    `{"type":"UPDATE",${head},"record":{"id":1,"tenant":"acme","code":"p2","doc":"short","note":null},"old":null}`,
    `{"type":"DELETE",${head},"record":${kept},"old":${kept},"partial":true}`,
  ]);
});

test('under full identity a large unchanged value stands in record and in old', async () => {
  const { dba, app } = scene.database;
  await dba.query(`
    create table erp.manual (id int primary key, tenant text, doc text, note text);
    alter table erp.manual alter column doc set storage external`);
  await dba.query(`select rowhook.enable_table('erp.manual', company_column => 'tenant')`);
  await scene.createWebhook({ name: 'manuals', table: 'manual', company: 'acme', on: ['update'] });
  await app.query(`insert into erp.manual values (1, 'acme', repeat('x', 100000), 'first')`);
  await app.query(`update erp.manual set note = 'second'`);

  const row = (note: string): string => `{"id":1,"tenant":"acme","doc":"<100 kB>","note":"${note}"}`;
  expect(shortened(await scene.waitForBodies('manuals', 1))).toEqual([
    `{"type":"UPDATE","table":"manual","companyId":"acme","record":${row('second')},"old":${row('first')}}`,
  ]);
});

test('rows without a company go to webhooks for all companies only, with companyId null', async () => {
  await createTable(
    'erp.rate (currency text primary key, value numeric)',
    `'erp.rate', company_column => null`,
  );
  await createTable('erp.note (id int primary key, tenant text)', `'erp.note', company_column => 'tenant'`);
  for (const table of ['rate', 'note']) {
    await scene.createWebhook({ name: `${table}-acme`, table, company: 'acme' });
    await scene.createWebhook({ name: `${table}-null`, table, company: 'null' });
    await scene.createWebhook({ name: `${table}-all`, table, company: null });
  }
  const { app } = scene.database;
  await app.query(`insert into erp.rate values ('EUR', 1.10)`);
  await app.query(`insert into erp.note values (1, null)`);
  await app.query(`insert into erp.note values (2, 'acme')`);

  expect(await scene.waitForBodies('rate-all', 1)).toEqual([
    `{"type":"INSERT","table":"rate","companyId":null,"record":{"currency":"EUR","value":1.10}}`,
  ]);
  expect((await scene.waitForBodies('note-all', 2)).sort()).toEqual([
    `{"type":"INSERT","table":"note","companyId":"acme","record":{"id":2,"tenant":"acme"}}`,
    `{"type":"INSERT","table":"note","companyId":null,"record":{"id":1,"tenant":null}}`,
  ]);
  // The last row is counted after the ones that must not be there.
  await scene.waitForCounts('note-acme', { claimed: 1, success: 1 });
  expect(scene.bodies('note-acme').join()).toContain('"id":2');
  for (const name of ['rate-acme', 'rate-null', 'note-null']) {
    expect(await scene.counts(name), name).toEqual({ claimed: 0, success: 0, error: 0, missed: 0 });
  }
});

test('a row that moves between companies leaves the one, joins the other and neither sees the other', async () => {
  await createTable(
    'erp.asset (id int primary key, tenant text, name text)',
    `'erp.asset', company_column => 'tenant'`,
  );
  const { app } = scene.database;
  await app.query(`insert into erp.asset values (1, 'acme', 'Press')`);
  for (const company of ['acme', 'globex']) {
    await scene.createWebhook({ name: `asset-${company}`, table: 'asset', company });
    await scene.createWebhook({ name: `asset-updates-${company}`, table: 'asset', company, on: ['update'] });
  }
  await scene.createWebhook({ name: 'asset-all', table: 'asset', company: null });
  await app.query(`update erp.asset set tenant = 'globex', name = 'Press 2'`);
  await app.query(`update erp.asset set tenant = null`);
  await app.query(`update erp.asset set tenant = 'acme'`);

  const row = (tenant: string, name: string): string => `{"id":1,"tenant":${tenant},"name":"${name}"}`;
  const [atAcme, atGlobex] = [row('"acme"', 'Press'), row('"globex"', 'Press 2')];
  const [atNobody, backAtAcme] = [row('null', 'Press 2'), row('"acme"', 'Press 2')];
  expect(await scene.waitForBodies('asset-acme', 2)).toEqual([
    `{"type":"DELETE","table":"asset","companyId":"acme","record":${atAcme},"old":${atAcme}}`,
    `{"type":"INSERT","table":"asset","companyId":"acme","record":${backAtAcme}}`,
  ]);
  expect(await scene.waitForBodies('asset-globex', 2)).toEqual([
    `{"type":"INSERT","table":"asset","companyId":"globex","record":${atGlobex}}`,
    `{"type":"DELETE","table":"asset","companyId":"globex","record":${atGlobex},"old":${atGlobex}}`,
  ]);
  expect(await scene.waitForBodies('asset-all', 3)).toEqual([
    `{"type":"UPDATE","table":"asset","companyId":"globex","record":${atGlobex},"old":${atAcme}}`,
    `{"type":"UPDATE","table":"asset","companyId":null,"record":${atNobody},"old":${atGlobex}}`,
    `{"type":"UPDATE","table":"asset","companyId":"acme","record":${backAtAcme},"old":${atNobody}}`,
  ]);
  await scene.waitForCounts('asset-all', { claimed: 3, success: 3 });
  await scene.waitForCounts('asset-updates-acme', {});
  await scene.waitForCounts('asset-updates-globex', {});
});

test('names of schemas, tables, columns and companies may be anything that Postgres allows', async () => {
  const table = `"Odd ""schema""; é"."we""ird. tab'le\\"`;
  const { dba, app } = scene.database;
  const company = `o'Neil "&" Söhne \\ 😀`;
  await dba.query(`
    create schema "Odd ""schema""; é";
    create table ${table} (
      "__proto__" int primary key, constructor text, "he said ""hi""" text, "emoji 😀" text, "back\\slash" text,
      "toString" text, "com""pany id" text)`);
  await dba.query(`select rowhook.enable_table($1, company_column => $2)`, [
    `Odd "schema"; é.we"ird. tab'le\\`,
    'com"pany id',
  ]);
  await scene.createWebhook({ name: 'odd', table: `we"ird. tab'le\\`, company });
  await app.query(`insert into ${table} values (1, 'a', E'tab\\t', '😀', E'\\u0001', null, $1)`, [company]);

  const companyText = JSON.stringify(company);
  expect(await scene.waitForBodies('odd', 1)).toEqual([
    `{"type":"INSERT","table":"we\\"ird. tab'le\\\\","companyId":${companyText},"record":{"__proto__":1,"constructor":"a",` +
      `"he said \\"hi\\"":"tab\\t","emoji 😀":"😀","back\\\\slash":"\\u0001","toString":null,"com\\"pany id":${companyText}}}`,
  ]);
});

test('columns added, renamed and dropped inside a transaction appear as they were at each row', async () => {
  await createTable(
    'erp.growing (id int primary key, tenant text, a int)',
    `'erp.growing', company_column => 'tenant'`,
  );
  await scene.createWebhook({ name: 'growing', table: 'growing', company: 'acme' });
  const { database } = scene;
  const session = await database.connect(database.dbaUrl);
  await session.query(`
    begin;
    insert into erp.growing values (1, 'acme', 1);
    alter table erp.growing add column extra int default 7;
    update erp.growing set a = 2;
    alter table erp.growing rename column a to b;
    update erp.growing set b = 3;
    alter table erp.growing drop column extra;
    delete from erp.growing;
    commit`);

  const head = '"table":"growing","companyId":"acme"';
  const row = (columns: string): string => `{"id":1,"tenant":"acme",${columns}}`;
  expect(await scene.waitForBodies('growing', 4)).toEqual([
    `{"type":"INSERT",${head},"record":${row('"a":1')}}`,
    `{"type":"UPDATE",${head},"record":${row('"a":2,"extra":7')},"old":${row('"a":1,"extra":7')}}`,
    `{"type":"UPDATE",${head},"record":${row('"b":3,"extra":7')},"old":${row('"b":2,"extra":7')}}`,
    `{"type":"DELETE",${head},"record":${row('"b":3')},"old":${row('"b":3')}}`,
  ]);
});
