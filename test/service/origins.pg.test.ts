/** Rows whose writer is not the application itself, and rows that hardly anybody may see: another server's, and a policy's. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { openScene, type Scene } from './scene.ts';

const createItem = 'create table item (id int primary key, "companyId" text, state text)';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba, service }) => {
    await dba.query(createItem);
    await dba.query(`select rowhook.enable_table('item')`);
    await dba.query(`create table hidden (like item including all)`);
    await dba.query(`select rowhook.enable_table('hidden')`);
    await dba.query('alter table hidden enable row level security');
    await dba.query('alter table hidden force row level security');
    await dba.query('create policy writers on hidden for insert with check (true)');
    await dba.query(`revoke all on hidden from ${service.role}`);
  });
  await scene.createWebhook({ name: 'items', table: 'item', company: 'acme' });
  await scene.createWebhook({ name: 'hidden', table: 'hidden', company: 'acme' });
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

test('rows that come from another database by logical replication are sent as those of the application are', async () => {
  await using publisher = await createDatabase();
  const { admin, app } = scene.database;
  await publisher.query(createItem);
  await publisher.query('create publication items for table item');
  const slot = `${publisher.name}_sub`;
  await publisher.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
  const source = publisher.url.replaceAll("'", "''");
  await admin.query(
    `create subscription ${slot} connection '${source}' publication items
       with (create_slot = false, slot_name = '${slot}', copy_data = false)`,
  );
  try {
    await publisher.query(`insert into item values (1, 'acme', 'new')`);
    await publisher.query(`update item set state = 'old'`);
    await publisher.query('delete from item');
    await scene.waitForBodies('items', 3);
    await app.query(`insert into item values (2, 'acme', 'own')`);
    const bodies = await scene.waitForBodies('items', 4);
    expect(bodies.map((body) => JSON.parse(body) as unknown)).toMatchObject([
      { type: 'INSERT', record: { id: 1, state: 'new' } },
      { type: 'UPDATE', record: { id: 1, state: 'old' } },
      { type: 'DELETE', record: { id: 1 } },
      { type: 'INSERT', record: { id: 2, state: 'own' } },
    ]);
  } finally {
    await admin.query(`alter subscription ${slot} disable`);
    await admin.query(`alter subscription ${slot} set (slot_name = none)`);
    await admin.query(`drop subscription ${slot}`);
  }
});

test('row-level security does not reach the log: a payload holds the whole row, whoever may read it', async () => {
  await scene.database.app.query(`insert into hidden values (1, 'acme', 'hidden')`);
  const [body = ''] = await scene.waitForBodies('hidden', 1);
  expect(JSON.parse(body)).toMatchObject({ type: 'INSERT', record: { id: 1, state: 'hidden' } });
  expect(await scene.database.app.query('select from hidden')).toEqual([]);
});
