// Partitioned tables: published under the root's name, whatever happens to their partitions, and never more of an old row than the
// partition wrote to the log.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { changes, columns, expected, identities, type Identity } from './identity-cases.ts';
import { heldAnswers, openScene, type Scene } from './scene.ts';

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

/** Once more after a change of the partitions, as a DBA does. */
async function enable(table: string): Promise<void> {
  await scene.dba(`select rowhook.enable_table('erp.${table}', company_column => 'tenant')`);
}

/** Enabled, with webhooks `<table>-acme`, `<table>-globex` and `<table>-all`. */
async function watch(table: string): Promise<void> {
  await enable(table);
  await scene.createWebhook({ name: `${table}-acme`, table, company: 'acme' });
  await scene.createWebhook({ name: `${table}-globex`, table, company: 'globex' });
  await scene.createWebhook({ name: `${table}-all`, table, company: null });
}

interface Payload {
  readonly type: string;
  readonly table: string;
  readonly record: { readonly id: number; readonly note?: string | null };
}

/** `INSERT 1 note` for each of a webhook's bodies, once there are so many. */
async function summaries(name: string, count: number): Promise<string[]> {
  const bodies = await scene.waitForBodies(name, count);
  return bodies.map((body) => {
    const { type, record } = JSON.parse(body) as Payload;
    return `${type} ${record.id} ${record.note ?? '-'}`;
  });
}

test('rows of every partition come under the name of the root, with its columns in its order', async () => {
  await scene.dba(
    'create table erp.parted (tenant text, id int primary key, note text) partition by range (id)',
    'create table erp.parted_low partition of erp.parted for values from (0) to (100)',
    'create table erp.parted_high partition of erp.parted for values from (100) to (300) partition by range (id)',
    // Below another partition, with its columns in another order and one of them dropped.
    'create table erp.parted_deep (note text, gone int, id int not null primary key, tenant text)',
    'alter table erp.parted_deep drop column gone',
    'alter table erp.parted_high attach partition erp.parted_deep for values from (100) to (200)',
  );
  await watch('parted');
  await scene.app(
    `insert into erp.parted values ('acme', 1, 'low'), ('acme', 101, 'deep')`,
    `update erp.parted set note = null where id = 101`,
    // Not by way of the root.
    `delete from erp.parted_deep`,
    `insert into erp.parted_low values ('globex', 2, null)`,
  );

  const head = '"table":"parted","companyId":"acme"';
  const [low, deep, later] = ['1,"note":"low"', '101,"note":"deep"', '101,"note":null'].map(
    (rest) => `{"tenant":"acme","id":${rest}}`,
  );
  const bodies = await scene.waitForBodies('parted-acme', 4);
  expect(bodies.toSorted()).toEqual(
    [
      `{"type":"INSERT",${head},"record":${low}}`,
      `{"type":"INSERT",${head},"record":${deep}}`,
      `{"type":"UPDATE",${head},"record":${later},"old":${deep}}`,
      `{"type":"DELETE",${head},"record":${later},"old":${later}}`,
    ].toSorted(),
  );
  expect(await summaries('parted-globex', 1)).toEqual(['INSERT 2 -']);
});

const keyed = identities.filter((identity) => identity !== 'nothing');

describe.concurrent('the identity of a partition', () => {
  test.each(keyed.flatMap((root) => keyed.map((leaf) => [leaf, root] as const)))(
    '%s says what old holds, and its root’s (%s) does not',
    async (leaf, root) => {
      const table = `by_${leaf}_under_${root}`.replaceAll(' ', '_');
      await scene.dba(
        `create table erp.${table} (${columns}) partition by range (id)`,
        `create table erp.${table}_1 partition of erp.${table} for values from (0) to (100)`,
        `create unique index ${table}_key on erp.${table} (tenant, id)`,
      );
      await watch(table);
      await setIdentity(table, root);
      await setIdentity(`${table}_1`, leaf);
      await scene.app(...changes(`erp.${table}`));

      const { acme, globex, all, undecidable: count } = expected(table, leaf);
      expect(await scene.waitForBodies(`${table}-all`, all.length)).toEqual(all);
      expect(await scene.waitForBodies(`${table}-acme`, acme.length)).toEqual(acme);
      expect(await scene.waitForBodies(`${table}-globex`, globex.length)).toEqual(globex);
      await scene.waitForCounts(`${table}-acme`, { claimed: acme.length, success: acme.length });
      await scene.waitForCounts(`${table}-globex`, { claimed: globex.length, success: globex.length });
      await scene.waitForUndecidable(table, count);
    },
  );

  async function setIdentity(table: string, identity: Identity): Promise<void> {
    const [row] = await scene.database.dba.query(
      `select relname as index from pg_index i join pg_class c on c.oid = i.indexrelid
       where indrelid = 'erp.${table}'::regclass and not indisprimary`,
    );
    const wanted = identity === 'using index' ? `using index ${row?.['index'] ?? ''}` : identity;
    await scene.dba(`alter table only erp.${table} replica identity ${wanted}`);
  }
});

// On 14 Postgres goes on with a partition as it knows it, and with a table that is none yet, until the table is enabled again.
test('a partition that is created, detached and attached while the service runs belongs to the table while it is one', async () => {
  await scene.dba(
    'create table erp.growing (tenant text, id int primary key, note text) partition by range (id)',
  );
  await watch('growing');
  await scene.dba(
    'create table erp.growing_1 partition of erp.growing for values from (0) to (100)',
    'create table erp.growing_2 (id int primary key, tenant text, note text)',
  );
  await scene.app(
    `insert into erp.growing values ('acme', 1, 'created')`,
    // Before it is attached it is a table that nobody enabled.
    `insert into erp.growing_2 values (101, 'acme', 'before')`,
  );
  await scene.dba('alter table erp.growing attach partition erp.growing_2 for values from (100) to (200)');
  if (major < 15) await enable('growing');
  await scene.app(
    `update erp.growing set note = 'attached' where id = 101`,
    `insert into erp.growing values ('acme', 102, 'attached')`,
    `update erp.growing set note = 'still one' where id = 1`,
  );
  await scene.dba('alter table erp.growing detach partition erp.growing_1');
  if (major < 15) await enable('growing');
  await scene.app(
    `insert into erp.growing_1 values ('acme', 2, 'detached')`,
    `insert into erp.growing values ('acme', 103, 'last')`,
  );

  const told = await summaries('growing-acme', 5);
  expect(told.toSorted()).toEqual([
    'INSERT 1 created',
    'INSERT 102 attached',
    'INSERT 103 last',
    'UPDATE 1 still one',
    'UPDATE 101 attached',
  ]);
  await scene.waitForCounts('growing-acme', { claimed: 5, success: 5 });
});

test('a partition with an identity of its own is not said to have what it did not write', async () => {
  await scene.dba(
    'create table erp.late (tenant text, id int primary key, note text) partition by range (id)',
    'create table erp.late_1 partition of erp.late for values from (0) to (100)',
  );
  await watch('late');
  // Its identity is its primary key until the table is enabled again.
  await scene.dba('create table erp.late_2 partition of erp.late for values from (100) to (200)');
  await scene.app(
    `insert into erp.late values ('acme', 1, 'kept'), ('acme', 101, 'lost')`,
    `delete from erp.late`,
    `insert into erp.late values ('acme', 102, 'mended')`,
  );
  await enable('late');
  await scene.app(`update erp.late set note = null`, `delete from erp.late`);

  const head = '"table":"late","companyId"';
  const keyOnly = '{"id":101}';
  const row = (note: string): string => `{"tenant":"acme","id":102,"note":${note}}`;
  const all = await scene.waitForBodies('late-all', 7);
  expect(all.filter((body) => !body.includes('INSERT') && body.includes('"id":10')).toSorted()).toEqual([
    `{"type":"DELETE",${head}:"acme","record":${row('null')},"old":${row('null')}}`,
    `{"type":"DELETE",${head}:null,"record":${keyOnly},"old":${keyOnly},"partial":true}`,
    `{"type":"UPDATE",${head}:"acme","record":${row('null')},"old":${row('"mended"')}}`,
  ]);
  // The company's webhook lacks the delete whose company the log did not tell.
  await scene.waitForCounts('late-acme', { claimed: 6, success: 6 });
  await scene.waitForUndecidable('late', 1);
});

test('a row that moves to another partition is a delete and an insert, in this order', async () => {
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/moving-acme');
  await scene.dba(
    'create table erp.moving (tenant text, id int, region text, note text, primary key (id, region)) partition by list (region)',
    `create table erp.moving_eu partition of erp.moving for values in ('eu')`,
    `create table erp.moving_us (region text not null, id int not null, note text, tenant text, primary key (id, region))`,
    `alter table erp.moving attach partition erp.moving_us for values in ('us')`,
  );
  await watch('moving');
  await scene.app(
    `insert into erp.moving values ('acme', 1, 'eu', 'a')`,
    `update erp.moving set region = 'us', note = 'b' where id = 1`,
    `update erp.moving set note = 'c' where id = 1`,
    `update erp.moving set region = 'eu', note = 'd' where id = 1`,
    `insert into erp.moving values ('acme', 2, 'eu', 'other')`,
  );
  await scene.waitForBodies('moving-all', 7);
  // Only the other record overtakes the first one, whose partitions it has all seen.
  expect(await summaries('moving-acme', 2)).toEqual(['INSERT 1 a', 'INSERT 2 other']);
  answers.release();
  const [, , ...rest] = await summaries('moving-acme', 7);
  expect(rest).toEqual(['DELETE 1 a', 'INSERT 1 b', 'UPDATE 1 c', 'DELETE 1 c', 'INSERT 1 d']);
});

test('a row that moves to another partition waits for what it was there, also where nobody wants its delete', async () => {
  const answers = heldAnswers();
  scene.receiver.behave(answers.behaviour, '/quiet');
  await scene.dba(
    'create table erp.quiet (tenant text, id int, region text, note text, primary key (id, region)) partition by list (region)',
    `create table erp.quiet_eu partition of erp.quiet for values in ('eu')`,
    `create table erp.quiet_us partition of erp.quiet for values in ('us')`,
  );
  await enable('quiet');
  await scene.createWebhook({ name: 'quiet', table: 'quiet', company: 'acme', on: ['insert', 'update'] });
  await scene.app(
    `insert into erp.quiet values ('acme', 1, 'eu', 'a')`,
    `update erp.quiet set region = 'us', note = 'b'`,
    `insert into erp.quiet values ('acme', 2, 'eu', 'other')`,
  );
  expect(await summaries('quiet', 2)).toEqual(['INSERT 1 a', 'INSERT 2 other']);
  answers.release();
  expect((await summaries('quiet', 3)).at(-1)).toBe('INSERT 1 b');
});

test('a row that moves to another partition and another company leaves the one and joins the other', async () => {
  await scene.dba(
    'create table erp.by_tenant (tenant text, id int, note text, primary key (tenant, id)) partition by list (tenant)',
    `create table erp.by_tenant_a partition of erp.by_tenant for values in ('acme')`,
    `create table erp.by_tenant_g partition of erp.by_tenant for values in ('globex')`,
  );
  await watch('by_tenant');
  // The company is part of every key: nothing is lost with an identity that holds no more.
  await scene.dba(
    'alter table only erp.by_tenant_a replica identity default',
    'alter table only erp.by_tenant_g replica identity default',
  );
  await scene.app(
    `insert into erp.by_tenant values ('acme', 1, 'a')`,
    `update erp.by_tenant set tenant = 'globex'`,
    `delete from erp.by_tenant`,
  );
  const deleted = (company: string): string =>
    `{"type":"DELETE","table":"by_tenant","companyId":"${company}","record":{"tenant":"${company}","id":1},"old":{"tenant":"${company}","id":1},"partial":true}`;
  expect((await scene.waitForBodies('by_tenant-acme', 2)).at(-1)).toBe(deleted('acme'));
  expect((await scene.waitForBodies('by_tenant-globex', 2)).at(-1)).toBe(deleted('globex'));
  expect(await summaries('by_tenant-globex', 2)).toEqual(['INSERT 1 a', 'DELETE 1 -']);
});

test('a large value that did not change stands in the payload of a partition with full identity, and is named in that of another', async () => {
  await scene.dba(
    'create table erp.doc (tenant text, id int primary key, note text, body text) partition by range (id)',
    'create table erp.doc_1 partition of erp.doc for values from (0) to (100)',
    'create table erp.doc_2 partition of erp.doc for values from (100) to (200)',
    'alter table erp.doc_1 alter column body set storage external',
    'alter table erp.doc_2 alter column body set storage external',
  );
  await watch('doc');
  await scene.dba('alter table only erp.doc_2 replica identity default');
  await scene.app(
    `insert into erp.doc select 'acme', id, 'first', repeat('x', 50000) from unnest(array[1, 101]) as id`,
    `update erp.doc set note = 'second'`,
  );
  const bodies = (await scene.waitForBodies('doc-acme', 4)).map((body) =>
    body.replaceAll('x'.repeat(50_000), '<50 kB>'),
  );
  const head = '{"type":"UPDATE","table":"doc","companyId":"acme","record":{"tenant":"acme","id"';
  const old = '{"tenant":"acme","id":1,"note":"first","body":"<50 kB>"}';
  expect(bodies.filter((body) => body.includes('UPDATE')).toSorted()).toEqual([
    `${head}:1,"note":"second","body":"<50 kB>"},"old":${old}}`,
    `${head}:101,"note":"second"},"old":null,"unchanged":["body"]}`,
  ]);
});

test('a root that is renamed and enabled again goes on under its registered name', async () => {
  await scene.dba(
    'create table erp.old_name (tenant text, id int primary key, note text) partition by range (id)',
    'create table erp.old_name_1 partition of erp.old_name for values from (0) to (100)',
  );
  await watch('old_name');
  await scene.app(`insert into erp.old_name values ('acme', 1, 'before')`);
  await scene.waitForBodies('old_name-acme', 1);
  await scene.dba('alter table erp.old_name rename to new_name');
  await scene.dba(
    `select rowhook.enable_table('erp.new_name', company_column => 'tenant', name => 'old_name')`,
  );
  await scene.app(`insert into erp.new_name values ('acme', 2, 'after')`);
  expect(await summaries('old_name-acme', 2)).toEqual(['INSERT 1 before', 'INSERT 2 after']);
});
