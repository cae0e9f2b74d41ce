/** A database that is away, at the start or later, is waited for; what was committed meanwhile arrives, once. */
import { expect, test } from 'vitest';
import { http } from '../support/http.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService, type LogLine } from '../support/service-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';

test('a start waits for the database, and a running service comes back to it', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await using line = await startTcpProxy(database.serviceUrl);
  await database.dba.query(`create table note (id int primary key, "companyId" text)`);
  await database.dba.query(`select rowhook.enable_table('note')`);
  await database
    .appAs('acme')
    .query(`insert into rowhook.webhook (name, table_name, url, on_insert) values ('n', 'note', $1, true)`, [
      receiver.url,
    ]);
  line.refuse();
  await using service = startService({ databaseUrl: line.url });
  const url = await service.listening();
  const untilNotReady = async (reason: string): Promise<string> => {
    const text = async (): Promise<string> => (await http.get(`${url}/readyz`)).body;
    return waitUntil(async () => (await text()) === `${reason}\n` && reason, {
      describe: () => `/readyz to say "${reason}"; output:\n${service.output}`,
    });
  };
  await untilNotReady('waiting for the database');
  line.pass();
  await service.ready();
  await database.app.query(`insert into note values (1, 'acme')`);
  await receiver.waitFor(1);

  line.refuse();
  line.cut();
  await untilNotReady('reconnecting');
  expect((await http.get(`${url}/livez`)).statusCode).toBe(200);
  await database.app.query(`insert into note values (2, 'acme')`);
  line.pass();
  await service.ready();
  const requests = await receiver.waitFor(2);
  expect(requests.map((request) => request.json())).toMatchObject([
    { record: { id: 1 } },
    { record: { id: 2 } },
  ]);
  expect(service.output).not.toContain(new URL(database.serviceUrl).password);
});

test('a database that takes no writes is waited for, with what to look at', async () => {
  await using database = await createInstalledDatabase();
  const set = `alter role ${database.service.role} set default_transaction_read_only`;
  await database.admin.query(`${set} = on`);
  await using service = startService({ databaseUrl: database.serviceUrl });
  const isWaiting = (line: LogLine): boolean =>
    String(line['remedy']).includes('default_transaction_read_only');
  expect(await service.waitForLog(isWaiting)).toMatchObject({ level: 'warn' });
  await database.admin.query(`${set} = off`);
  await service.ready();
});
