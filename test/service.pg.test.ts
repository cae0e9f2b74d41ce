// The main job, end to end: real Postgres, real process, real sockets.
import { expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from './support/installed-database.ts';
import { startReceiver } from './support/receiver.ts';
import { startService } from './support/service-process.ts';

async function createErp(database: InstalledDatabase): Promise<void> {
  await database.dba.query(`create schema erp`);
  await database.dba.query(`grant usage on schema erp to public`);
  await database.dba.query(`
    create table erp."salesOrder" (
      id text primary key, "tenantRef" text, "totalAmount" numeric(18,2), doc text, "createdAt" timestamptz)`);
  await database.dba.query(`select rowhook.enable_table('erp.salesOrder', company_column => 'tenantRef')`);
}

async function createWebhook(
  database: InstalledDatabase,
  company: string,
  url: string,
  operations = 'true, true, true',
): Promise<void> {
  await database.appAs(company).query(
    `insert into rowhook.webhook (name, table_name, url, on_insert, on_update, on_delete)
     values ('orders', 'salesOrder', $1, ${operations})`,
    [url],
  );
}

test('an insert, an update and a delete arrive with the exact bytes of the payload', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createErp(database);
  await createWebhook(database, 'acme', `${receiver.url}/acme`);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();

  const order = `erp."salesOrder"`;
  await database.app.query(
    `insert into ${order} values ('so1', 'acme', 1234567890123.50, E'a "quoted"\\nline', '2026-01-02 03:04:05.678901+02')`,
  );
  await database.app.query(`update ${order} set "totalAmount" = 0.10 where id = 'so1'`);
  await database.app.query(`delete from ${order} where id = 'so1'`);

  const requests = await receiver.waitFor(3);
  const first =
    '{"id":"so1","tenantRef":"acme","totalAmount":1234567890123.50,"doc":"a \\"quoted\\"\\nline","createdAt":"2026-01-02T01:04:05.678901+00:00"}';
  const second = first.replace('1234567890123.50', '0.10');
  const head = '"table":"salesOrder","companyId":"acme"';
  expect(requests.map(({ body }) => body)).toEqual([
    `{"type":"INSERT",${head},"record":${first}}`,
    `{"type":"UPDATE",${head},"record":${second},"old":${first}}`,
    `{"type":"DELETE",${head},"record":${second},"old":${second}}`,
  ]);
});
