import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { http } from '../support/http.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil, within } from '../support/wait.ts';
import { balance, createOrders, createWebhook, insertOneByOne, insertOrders, repeated } from './orders.ts';

const ours = `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and application_name like 'rowhook/' || $1 || '/'`;

test.each([
  ['the replication connection', 'stream'],
  ['every connection of the service', ''],
])('%s is ended in the middle of a burst: nothing is repeated or lost', async (_, purpose) => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const [orders, times] = [1500, 5];
  const bulk = 500;
  const writing = insertOneByOne(database, bulk + 1, orders);
  await insertOrders(database, 1, bulk);
  for (let time = 1; time <= times; time++) {
    await receiver.waitFor((orders / (times + 1)) * time);
    await database.admin.query(`${ours} || $2 || '%'`, [service.slot, purpose]);
  }
  await writing;
  const { received } = await balance(database, receiver, { committed: orders });
  expect(received).toBe(orders);
});

test('waits for a database that is away at the start', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(database.serviceUrl);
  await createOrders(database);
  await createWebhook(database, receiver.url);
  proxy.refuse();
  await using service = startService({ databaseUrl: proxy.url });
  await service.waitForLog(({ level, msg }) => level === 'warn' && msg !== '');
  expect((await http.get(`${await service.listening()}/readyz`)).statusCode).toBe(503);
  expect((await http.get(`${service.httpUrl}/livez`)).statusCode).toBe(200);
  proxy.pass();
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
});

test('delivers what was committed while the database was out of reach, once it is back', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(database.serviceUrl);
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: proxy.url });
  await service.ready();
  await insertOrders(database, 1, 20);
  await receiver.waitFor(10);
  proxy.refuse();
  proxy.cut();
  await insertOrders(database, 21, 60);
  await service.waitForLog(({ msg }) => msg.includes('the replication connection was lost'));
  expect((await http.get(`${service.httpUrl}/readyz`)).statusCode).toBe(503);
  proxy.pass();
  await service.ready();
  await waitForCounters(database.admin, { claimed: 60, success: 60 });
  expect(repeated(receiver.requests)).toEqual([]);
});

test('a line that dies in both directions without a word is given up, and nothing is repeated or lost', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(database.serviceUrl);
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: proxy.url });
  await service.ready();
  await insertOrders(database, 1, 300);
  await receiver.waitFor(100);
  proxy.stall('toClient');
  proxy.stall('toServer');
  await insertOrders(database, 301, 400);
  proxy.cut();
  proxy.pass();
  await balance(database, receiver, { committed: 400 });
});

test('a claim or a fold whose answer is cut off is done once, and what it claimed is sent once', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(database.serviceUrl);
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: proxy.url });
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  let orders = 1;
  for (const pattern of [
    'rowhook_append',
    'rowhook_fold',
    'rowhook_append',
    'rowhook_append',
    'rowhook_fold',
  ]) {
    const cut = proxy.cutAfter({ pattern });
    await insertOneByOne(database, orders + 1, orders + 20);
    orders += 20;
    await within(cut, { describe: `a ${pattern} to cut` });
  }
  await waitForCounters(database.admin, { claimed: orders, success: orders });
  expect(repeated(receiver.requests)).toEqual([]);
  expect(receiver.requests.length).toBe(orders);
});

test('a stream that breaks as soon as it stands is opened again less and less often', async () => {
  await using database = await createInstalledDatabase();
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const waits = (): unknown[] =>
    service.logs
      .filter(({ msg }) => msg.startsWith('the replication connection was lost'))
      .map(({ retryInMs }) => retryInMs);
  const breaks = 5;
  const streams = (): number => service.logs.filter(({ msg }) => msg === 'streaming').length;
  for (let count = 1; count <= breaks; count++) {
    // One that is ended before it stands is a failed attempt, which is another matter.
    await waitUntil(() => streams() >= count, {
      describe: () => `stream ${count}; output:\n${service.output}`,
    });
    await database.admin.query(`${ours} || 'stream'`, [service.slot]);
    await waitUntil(() => waits().length >= count, {
      describe: () => `${count} breaks; output:\n${service.output}`,
    });
  }
  // At once, and then after ever longer rests.
  const [first, ...rests] = waits().slice(0, breaks);
  expect(first).toBe(0);
  expect(rests).toEqual([...new Set(rests)].map(Number).toSorted((a, b) => a - b));
  expect(rests[0]).toBeGreaterThan(0);
});

test('a stream that breaks at the same row every time ends the service, whatever Postgres gives as the reason', async () => {
  await using database = await createInstalledDatabase();
  const { dba, admin } = database;
  await dba.query(`
    create type mood as enum ('glad');
    create table note (id int primary key, mood mood);
    insert into note values (1, 'glad')`);
  await dba.query(`select rowhook.enable_table('note', company_column => null)`);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  // No walsender can print the next change.
  await admin.query(`delete from pg_enum where enumtypid = 'mood'::regtype`);
  await dba.query('update note set id = 2');
  expect(await service.exited).toMatchObject({ code: 3 });
  expect(service.output).toMatch(/It fails with: invalid internal value for enum/);
  const [, lsn] = /rowhook slot skip ([0-9A-F/]+) --accept-gap/.exec(service.output) ?? [];
  // Also where it goes on, an operator sees where it broke off.
  const lost = service.logs.find(({ msg }) => msg.startsWith('the replication connection was lost'));
  expect(lost).toMatchObject({ inTransaction: lsn });
});
