/** A wait for counters ends when every claim has its outcome, and not when one was counted too much. */
import { expect, test } from 'vitest';
import { readCounters, waitForCounters } from './counters.ts';
import { createInstalledDatabase } from './installed-database.ts';

test('waits for exactly these counters, over all webhooks or for one', async () => {
  await using database = await createInstalledDatabase();
  const { dba, app, admin } = database;
  await dba.query('create table customer (id text primary key, "companyId" text)');
  await dba.query(`select rowhook.enable_table('customer')`);
  const [webhook] = await database.appAs('c1').query<{ id: string; uid: string }>(
    `insert into rowhook.webhook (company_id, name, table_name, url, on_insert)
     values ('c1', 'crm', 'customer', 'https://crm.example/hook', true) returning id, uid`,
  );
  expect(await app.query('select * from rowhook.webhook')).toEqual([]);
  const webhookId = webhook?.id ?? '';
  expect(await readCounters(admin, webhookId)).toEqual({ claimed: 0, success: 0, error: 0, missed: 0 });

  const waiting = waitForCounters(admin, { success: 2, error: 1 });
  await admin.query(
    `insert into rowhook.counter (uid, claimed_count, success_count, error_count) values ($1, 3, 2, 1)`,
    [webhook?.uid],
  );
  expect(await waiting).toEqual({ claimed: 3, success: 2, error: 1, missed: 0 });
  await expect(waitForCounters(admin, { success: 1 }, { webhookId })).rejects.toThrow(
    /"success":1.*"success":2/,
  );
});
