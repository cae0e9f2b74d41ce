/** What holds the slot back, as the service's own login sees it. */
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkRights } from '../../src/checks/role-checks.ts';
import { checkTransactions } from '../../src/checks/transaction-checks.ts';
import { readRole } from '../../src/database/status/server.ts';
import { readOrigin, readSlot, readTransactions } from '../../src/database/status/slot.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';

let database: InstalledDatabase;

beforeAll(async () => {
  database = await createInstalledDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function asService<T>(look: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: database.serviceUrl });
  await client.connect();
  try {
    return await look(client);
  } finally {
    await client.end();
  }
}

test('a transaction of others is hidden from the service, and named once it has pg_monitor', async () => {
  await using open = await database.connect();
  await open.query('begin; select pg_current_xact_id()');
  const look = (): Promise<unknown> =>
    asService(async (client) => {
      const { old, hidden } = await readTransactions(client, 0);
      const own = old.filter(({ pid }) => pid === open.pid);
      return checkTransactions({ old: own, hidden }, await readRole(client));
    });
  expect(await look()).toMatchObject({
    status: 'ok',
    detail: expect.stringMatching(/show after: grant pg_monitor to \w+;$/) as string,
  });
  await database.admin.query(`grant pg_monitor to ${database.service.role}`);
  expect(await look()).toMatchObject({
    status: 'warn',
    remedy: expect.stringMatching(
      new RegExp(`^select pg_terminate_backend\\(${open.pid}\\); -- .* database ${database.name}`),
    ) as string,
  });
  await database.admin.query(`revoke pg_monitor from ${database.service.role}`);
});

test('a slot that nobody reads holds the catalogs’ rows of every transaction since', async () => {
  await database.admin.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [database.name]);
  const age = (): Promise<number> =>
    asService(async (client) => (await readSlot(client, database.name))?.catalogAge ?? -1);
  const before = await age();
  for (let count = 0; count < 5; count++) await database.admin.query('select pg_current_xact_id()');
  expect(await age()).toBeGreaterThanOrEqual(before + 5);
  await database.admin.query('select pg_drop_replication_slot($1)', [database.name]);
});

test('the service may see which server it is on, without more rights than it needs', async () => {
  const [row] = await database.admin.query<{ id: string }>(
    'select system_identifier as id from pg_control_system()',
  );
  expect(await asService(readOrigin)).toMatchObject({ systemId: row?.id, timeline: 1 });
  expect(await asService(async (client) => checkRights(await readRole(client)))).toMatchObject({
    status: 'ok',
  });
  await database.admin.query(`alter role ${database.service.role} createdb`);
  await database.admin.query(`grant rowhook_dba to ${database.service.role}`);
  const { status, remedy } = await asService(async (client) => checkRights(await readRole(client)));
  expect(status).toBe('warn');
  expect(remedy).toMatch(/ nocreatedb; revoke rowhook_dba from /);
  await database.admin.query(remedy?.split('\n')[0] ?? '');
  expect(await asService(async (client) => checkRights(await readRole(client)))).toMatchObject({
    status: 'ok',
  });
});
