/** The books after something broke: the journal empties, a lost term is noticed, and a login's warnings mean nothing. */
import { expect, inject, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { http } from '../support/http.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService, type LogLine } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import {
  createOrders,
  createWebhook,
  insertOneByOne,
  insertOrders,
  orderId,
  range,
  walSenderPid,
} from './orders.ts';

/** Ends the service's connections of this purpose and waits until they are gone. */
async function endConnections({ admin }: InstalledDatabase, purpose: string): Promise<void> {
  const pids = await admin.query(
    `select pid, pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name like 'rowhook/%/' || $1 || '%'`,
    [purpose],
  );
  const isGone = async (): Promise<boolean> => {
    const left = await admin.query('select 1 from pg_stat_activity where pid = any ($1::int[])', [
      `{${pids.map(({ pid }) => pid).join(',')}}`,
    ]);
    return left.length === 0;
  };
  await waitUntil(isGone, { describe: `the ${purpose} connection to end` });
}

test('what a takeover found in the journal leaves it when the floor has passed it', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  {
    await using service = startService({ databaseUrl: database.serviceUrl });
    await service.ready();
    // Claims only: with no fold the stored floor stays before them.
    const other = await database.connect();
    await other.query(`begin; select 1 from rowhook.fence where writer = 'fold' for update`);
    await insertOneByOne(database, 1, 5);
    await receiver.waitFor(5);
    await service.kill('SIGKILL');
    await endConnections(database, 'fold');
    await other.query('rollback');
  }
  const journal = async (): Promise<number> =>
    (await database.admin.query('select seq from rowhook.journal')).length;
  expect(await journal()).toBeGreaterThan(0);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  // What was confirmed before the kill is not sent again: only what comes after it tells that the floor has passed it.
  await insertOneByOne(database, 6, 6);
  await waitUntil(async () => (await journal()) === 0, { describe: 'the journal to be empty' });
  await waitForCounters(database.admin, { claimed: 6 });
  expect(receiver.requests.map(orderId).toSorted()).toEqual(range(1, 6));
});

test('a leader without work whose term was taken notices it when it connects again, and leads under a new one', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  await waitUntil(async () => (await database.admin.query('select 1 from rowhook.journal')).length === 0, {
    describe: 'the last fold before the silence',
  });
  await database.admin.query('update rowhook.fence set term = term + 1');
  const pid = await walSenderPid(database, service.slot);
  await database.admin.query('select pg_terminate_backend($1)', [pid]);
  await service.waitForLog(({ msg }: LogLine) => msg.includes('another process has taken over'));
  const terms = (): unknown[] => service.logs.filter(({ msg }) => msg === 'leading').map(({ term }) => term);
  await waitUntil(() => terms().length > 1, { describe: 'the next term' });
  expect(terms()).toEqual([1, 3]);
  await insertOrders(database, 2);
  await waitForCounters(database.admin, { claimed: 2, success: 2 });
  expect(receiver.requests.map(orderId)).toEqual([1, 2]);
});

test('a claim that the database leaves without an answer makes /readyz say so until it comes', async ({
  skip,
}) => {
  skip('TEST_DATABASE_URL' in process.env || 'TEST_DATABASE' in process.env, 'its processes are not ours');
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  const [claim] = await database.admin.query<{ pid: string }>(
    `select pid from pg_stat_activity where datname = current_database() and application_name like '%/claim term=%'`,
  );
  const pid = Number(claim?.pid);
  const answer = async (): Promise<string> => {
    const { statusCode, body } = await http.get(`${service.httpUrl}/readyz`);
    return `${statusCode} ${body}`;
  };
  process.kill(pid, 'SIGSTOP');
  try {
    await insertOrders(database, 2);
    await waitUntil(async () => /^503 the database has not answered for \d+ s/.test(await answer()), {
      describe: '/readyz to say it',
    });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
  await service.ready();
  await waitForCounters(database.admin, { claimed: 2 });
});

test('a warning at login, about the version of a collation, is no doubt about the claim that waited for it', async ({
  skip,
}) => {
  skip(inject('postgresMajor') < 15, 'databases have no collation version before 15');
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  await database.admin.query(
    `update pg_database set datcollversion = '1.0' where datname = current_database()`,
  );
  await endConnections(database, 'claim');
  await insertOrders(database, 2);
  await waitForCounters(database.admin, { claimed: 2, success: 2, error: 0 });
  expect(receiver.requests.map(orderId)).toEqual([1, 2]);
});
