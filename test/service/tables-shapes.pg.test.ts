// Tables of every shape: identities, generated columns, no key, names that are the same or odd, children, policies, rewrites.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { changes, columns, expected, identities, type Identity } from './identity-cases.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;
const major = inject('postgresMajor');

beforeAll(async () => {
  scene = await openScene(async (database) => {
    await database.dba.query('create schema erp');
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

async function enable(table: string, options = ''): Promise<void> {
  await scene.dba(`select rowhook.enable_table('erp.${table}', company_column => 'tenant'${options})`);
}

describe('each replica identity', () => {
  test.each(identities)(
    '%s: what an insert, an update, a change of the key and of the company and a delete tell',
    async (identity) => {
      const table = `by_${identity.replace(' ', '_')}`;
      await scene.dba(
        `create table erp.${table} (${columns})`,
        `create unique index ${table}_key on erp.${table} (tenant, id)`,
      );
      await enable(table);
      await setIdentity(table, identity);
      for (const company of ['acme', 'globex'])
        await scene.createWebhook({ name: `${table}-${company}`, table, company });
      await scene.createWebhook({ name: `${table}-all`, table, company: null });
      const [insert = '', ...others] = changes(`erp.${table}`);
      await scene.app(insert);
      for (const statement of others) {
        // Postgres refuses the application's own statement: without an identity nobody could tell which row it meant.
        if (identity === 'nothing') await expect(scene.app(statement)).rejects.toThrow('replica identity');
        else await scene.app(statement);
      }

      const { acme, globex, all, undecidable } = expected(table, identity);
      expect(await scene.waitForBodies(`${table}-all`, all.length)).toEqual(all);
      expect(await scene.waitForBodies(`${table}-acme`, acme.length)).toEqual(acme);
      expect(await scene.waitForBodies(`${table}-globex`, globex.length)).toEqual(globex);
      await scene.waitForCounts(`${table}-all`, { claimed: all.length, success: all.length });
      await scene.waitForUndecidable(table, undecidable);
      expect(scene.bodies(`${table}-acme`)).toEqual(acme);
      expect(scene.bodies(`${table}-globex`)).toEqual(globex);
    },
  );

  async function setIdentity(table: string, identity: Identity): Promise<void> {
    const wanted = identity === 'using index' ? `using index ${table}_key` : identity;
    await scene.dba(`alter table erp.${table} replica identity ${wanted}`);
  }
});

test('rows of a table without a key arrive in order, also those that are the same', async () => {
  await scene.dba('create table erp.keyless (tenant text, note text)');
  await enable('keyless');
  await scene.createWebhook({ name: 'keyless', table: 'keyless', company: 'acme' });
  await scene.app(
    `insert into erp.keyless values ('acme', 'twin'), ('acme', 'twin')`,
    `update erp.keyless set note = null where ctid = (select min(ctid) from erp.keyless)`,
    `delete from erp.keyless`,
  );
  const head = '"table":"keyless","companyId":"acme","record"';
  const twin = '{"tenant":"acme","note":"twin"}';
  const changed = '{"tenant":"acme","note":null}';
  const bodies = await scene.waitForBodies('keyless', 5);
  expect(bodies.slice(0, 3)).toEqual([
    `{"type":"INSERT",${head}:${twin}}`,
    `{"type":"INSERT",${head}:${twin}}`,
    `{"type":"UPDATE",${head}:${changed},"old":${twin}}`,
  ]);
  expect(bodies.slice(3).toSorted()).toEqual([
    `{"type":"DELETE",${head}:${twin},"old":${twin}}`,
    `{"type":"DELETE",${head}:${changed},"old":${changed}}`,
  ]);
});

test('a stored generated column is in the payload from Postgres 18 on, and before that in none', async () => {
  await scene.dba(
    `create table erp.priced (tenant text, net int, gross int generated always as (net * 2) stored, id int primary key)`,
  );
  await enable('priced');
  await scene.createWebhook({ name: 'priced', table: 'priced', company: 'acme' });
  await scene.app(
    `insert into erp.priced values ('acme', 5, default, 1)`,
    `update erp.priced set net = 7`,
    `delete from erp.priced`,
  );
  const row = (net: number): string =>
    `{"tenant":"acme","net":${net}${major >= 18 ? `,"gross":${net * 2}` : ''},"id":1}`;
  const head = '"table":"priced","companyId":"acme","record"';
  expect(await scene.waitForBodies('priced', 3)).toEqual([
    `{"type":"INSERT",${head}:${row(5)}}`,
    `{"type":"UPDATE",${head}:${row(7)},"old":${row(5)}}`,
    `{"type":"DELETE",${head}:${row(7)},"old":${row(7)}}`,
  ]);
});

test('a virtual generated column is in no payload', async ({ skip }) => {
  skip(major < 18, 'virtual columns came with Postgres 18');
  await scene.dba(
    `create table erp.figured (tenant text not null, net int, gross int generated always as (net * 2) virtual, id int primary key)`,
    'create unique index figured_key on erp.figured (tenant, id)',
  );
  await enable('figured', `, replica_identity => 'figured_key'`);
  await scene.createWebhook({ name: 'figured', table: 'figured', company: 'acme' });
  await scene.app(
    `insert into erp.figured values ('acme', 5, default, 1)`,
    `update erp.figured set net = 7`,
    `delete from erp.figured`,
  );
  const head = '"table":"figured","companyId":"acme","record"';
  const key = '{"tenant":"acme","id":1}';
  expect(await scene.waitForBodies('figured', 3)).toEqual([
    `{"type":"INSERT",${head}:{"tenant":"acme","net":5,"id":1}}`,
    `{"type":"UPDATE",${head}:{"tenant":"acme","net":7,"id":1},"old":null}`,
    `{"type":"DELETE",${head}:${key},"old":${key},"partial":true}`,
  ]);
});

test('tables of one name in two schemas are told apart', async () => {
  await scene.dba(
    'create schema archive',
    'create table erp.job (tenant text, id int primary key)',
    'create table archive.job (id int primary key, tenant text, "archivedBy" text)',
  );
  await enable('job');
  await scene.dba(
    `select rowhook.enable_table('archive.job', company_column => 'tenant', name => 'archivedJob')`,
  );
  for (const table of ['job', 'archivedJob'])
    await scene.createWebhook({ name: table, table, company: 'acme' });
  await scene.app(
    `insert into erp.job values ('acme', 1)`,
    `insert into archive.job values (1, 'acme', 'x')`,
    `delete from erp.job`,
  );
  const head = '"companyId":"acme","record"';
  const row = '{"tenant":"acme","id":1}';
  expect(await scene.waitForBodies('archivedJob', 1)).toEqual([
    `{"type":"INSERT","table":"archivedJob",${head}:{"id":1,"tenant":"acme","archivedBy":"x"}}`,
  ]);
  expect(await scene.waitForBodies('job', 2)).toEqual([
    `{"type":"INSERT","table":"job",${head}:${row}}`,
    `{"type":"DELETE","table":"job",${head}:${row},"old":${row}}`,
  ]);
});

const longName = 'n'.repeat(60) + 'é1';

test.each([
  ['Order Details', 'uuid', '550e8400-e29b-41d4-a716-446655440000'],
  ['__proto__', 'int', '42'],
  ['a.b"c\'d', 'bigint', '-9007199254740993'],
  ['📦', 'numeric(4,2)', '1.50'],
  ['constructor', 'boolean', 'true'],
  [longName, 'char(4)', 'ab  '],
])('a table called %j whose companyId is of type %s', async (table, type, company) => {
  const quoted = `erp."${table.replaceAll('"', '""')}"`;
  const webhook = `odd-${type.replace(/\W.*/, '')}`;
  await scene.dba(
    `create table ${quoted} ("toString" int primary key, "companyId" ${type}, "${longName}" text, "valueOf" text, hasOwnProperty text)`,
  );
  await scene.database.dba.query('select rowhook.enable_table($1)', [`erp.${table}`]);
  // In the text that Postgres prints of it.
  const text = type === 'boolean' ? 't' : company;
  await scene.createWebhook({ name: webhook, table, company: text });
  await scene.app(
    `insert into ${quoted} values (1, '${company}', 'long', null, 'x')`,
    `update ${quoted} set "toString" = 2, "companyId" = null`,
    `update ${quoted} set "companyId" = '${company}'`,
  );

  const isText = ['uuid', 'char(4)'].includes(type);
  const value = isText ? JSON.stringify(company) : company;
  const row = (id: number): string =>
    `{"toString":${id},"companyId":${value},"${longName}":"long","valueOf":null,"hasownproperty":"x"}`;
  const head = `"table":${JSON.stringify(table)},"companyId":${JSON.stringify(text)},"record"`;
  expect(await scene.waitForBodies(webhook, 3)).toEqual([
    `{"type":"INSERT",${head}:${row(1)}}`,
    `{"type":"DELETE",${head}:${row(1)},"old":${row(1)}}`,
    `{"type":"INSERT",${head}:${row(2)}}`,
  ]);
});

test('rows of a child table are told under its own name, and only when it is enabled itself', async () => {
  await scene.dba(
    'create table erp.vehicle (tenant text, id int primary key, note text)',
    'create table erp.truck (load int) inherits (erp.vehicle)',
    'create table erp.boat () inherits (erp.vehicle)',
  );
  await enable('vehicle');
  await enable('truck');
  for (const table of ['vehicle', 'truck'])
    await scene.createWebhook({ name: table, table, company: 'acme' });
  await scene.app(
    `insert into erp.vehicle values ('acme', 1, 'a')`,
    `insert into erp.truck values ('acme', 2, 'b', 7)`,
    `insert into erp.boat values ('acme', 3, 'c')`,
    // Of all three tables.
    `update erp.vehicle set note = null`,
    `insert into erp.vehicle values ('acme', 4, 'last')`,
  );
  const row = (id: number, rest: string): string => `{"tenant":"acme","id":${id},"note":${rest}}`;
  const head = (table: string): string => `"table":"${table}","companyId":"acme","record"`;
  expect((await scene.waitForBodies('vehicle', 3)).toSorted()).toEqual([
    `{"type":"INSERT",${head('vehicle')}:${row(1, '"a"')}}`,
    `{"type":"INSERT",${head('vehicle')}:${row(4, '"last"')}}`,
    `{"type":"UPDATE",${head('vehicle')}:${row(1, 'null')},"old":${row(1, '"a"')}}`,
  ]);
  expect(await scene.waitForBodies('truck', 2)).toEqual([
    `{"type":"INSERT",${head('truck')}:${row(2, '"b","load":7')}}`,
    `{"type":"UPDATE",${head('truck')}:${row(2, 'null,"load":7')},"old":${row(2, '"b","load":7')}}`,
  ]);
});

test('row-level security hides nothing from the webhooks of the company that the row has', async () => {
  await scene.dba(
    'create table erp.secret (tenant text, id int primary key, note text)',
    'alter table erp.secret enable row level security',
    'alter table erp.secret force row level security',
    'create policy writing on erp.secret for insert with check (true)',
    `create policy none on erp.secret for select using (false)`,
  );
  await enable('secret');
  await scene.createWebhook({ name: 'secret', table: 'secret', company: 'acme' });
  await scene.app(
    `insert into erp.secret values ('acme', 1, 'nobody sees it'), ('globex', 2, 'nobody sees it')`,
  );
  await expect(scene.database.app.query('select * from erp.secret')).resolves.toEqual([]);
  await scene.database.admin.query(`update erp.secret set note = null`);
  const row = (note: string): string => `{"tenant":"acme","id":1,"note":${note}}`;
  const head = '"table":"secret","companyId":"acme","record"';
  expect(await scene.waitForBodies('secret', 2)).toEqual([
    `{"type":"INSERT",${head}:${row('"nobody sees it"')}}`,
    `{"type":"UPDATE",${head}:${row('null')},"old":${row('"nobody sees it"')}}`,
  ]);
});

test('a table that is written anew tells nothing: no row has changed', async () => {
  await scene.dba('create table erp.rewritten (tenant text, id int primary key, note text)');
  await enable('rewritten');
  await scene.createWebhook({ name: 'rewritten', table: 'rewritten', company: 'acme' });
  await scene.app(`insert into erp.rewritten values ('acme', 1, '7')`);
  await scene.dba(
    'vacuum full erp.rewritten',
    'cluster erp.rewritten using rewritten_pkey',
    'alter table erp.rewritten alter column note type int using note::int',
    'alter table erp.rewritten add column stamp uuid default gen_random_uuid()',
    'alter table erp.rewritten drop column stamp',
  );
  await scene.app(`delete from erp.rewritten`);
  const head = '"table":"rewritten","companyId":"acme","record"';
  const row = '{"tenant":"acme","id":1,"note":7}';
  expect(await scene.waitForBodies('rewritten', 2)).toEqual([
    `{"type":"INSERT",${head}:{"tenant":"acme","id":1,"note":"7"}}`,
    `{"type":"DELETE",${head}:${row},"old":${row}}`,
  ]);
});
