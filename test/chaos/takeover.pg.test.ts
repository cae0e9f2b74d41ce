import { hostname } from 'node:os';
import { expect, test } from 'vitest';
import { waitForCounters } from '../support/counters.ts';
import { runJsonHere } from '../cli/cli-here.ts';
import { http } from '../support/http.ts';
import { createInstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitUntil } from '../support/wait.ts';
import { balance, createOrders, createWebhook, insertOrders, orderState, repeated } from './orders.ts';
import { giveSlotTo, isFenced, isStandby, leaderAndStandby } from './pair.ts';

test('a standby names the pid that has the slot, waits, and leads when the leader is gone', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  const { leader, standby, walSender } = await leaderAndStandby(database);
  await using _leader = leader;
  await using _standby = standby;
  expect((await standby.waitForLog(isStandby)).msg).toContain(`pid ${walSender}`);
  const answer = await http.get(`${standby.httpUrl}/readyz`);
  expect(answer.statusCode).toBe(503);
  expect(answer.body).toContain(`pid ${walSender}`);
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  // It has looked many times by now, and says it once.
  expect(standby.logs.filter(isStandby).length).toBe(1);
  await leader.kill('SIGKILL');
  await standby.ready();
  await insertOrders(database, 2);
  await waitForCounters(database.admin, { success: 2 });
  expect(receiver.requests.length).toBe(2);
});

interface Leading {
  readonly leader: { readonly host: string; readonly pid: number; readonly term: number } | null;
  readonly standbys: readonly { readonly process: string }[];
  readonly checks: readonly { readonly check: string; readonly detail: string }[];
}

test.each(['serviceUrl', 'dbaUrl'] as const)(
  'status as %s names who leads, under which term, and who waits; and nobody once it is gone',
  async (url) => {
    await using database = await createInstalledDatabase();
    await createOrders(database);
    const { leader, standby } = await leaderAndStandby(database);
    await using _leader = leader;
    await using _standby = standby;
    const status = async (): Promise<Leading> => {
      const environment = { DATABASE_URL: database[url], ROWHOOK_SLOT: database.name };
      return (await runJsonHere(['status'], environment)).json as Leading;
    };
    const line = ({ checks }: Leading): string | undefined =>
      checks.find(({ check }) => check === 'leader')?.detail;
    const host = hostname();
    const both = await status();
    expect(both.leader).toMatchObject({ host, pid: leader.pid, term: 1 });
    expect(both.standbys).toMatchObject([{ process: `${standby.pid} on ${host}` }]);
    expect(line(both)).toMatch(new RegExp(`^process ${leader.pid} on ${host} leads \\(term 1, since 2`));
    await leader.kill('SIGKILL');
    await standby.ready();
    expect(await status()).toMatchObject({ leader: { host, pid: standby.pid, term: 2 }, standbys: [] });
    await standby.kill('SIGKILL');
    const isGone = async (): Promise<boolean> =>
      (
        await database.admin.query(`select 1 from pg_stat_activity where application_name like 'rowhook/%'
                                     and datname = current_database()`)
      ).length === 0;
    await waitUntil(isGone, { describe: 'the connections of the last leader to end' });
    const none = await status();
    expect(none.leader).toBeNull();
    expect(line(none)).toMatch(
      new RegExp(
        `^nobody leads: the last leader, process ${standby.pid} on ${host} \\(term 2, .*, has ended`,
      ),
    );
  },
);

test('a leader that was frozen with deliveries queued sends nothing stale when it wakes, and waits as a standby', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  receiver.behave(async (request) => {
    if (orderState(request) === 'new') await released;
    return { status: 200 };
  });
  const { leader, standby, walSender } = await leaderAndStandby(database);
  await using _leader = leader;
  await using _standby = standby;
  // The insert hangs; the update waits behind it in the leader's memory.
  await insertOrders(database, 1);
  await receiver.waitFor(1);
  await database.app.query(`update orders set state = 'second' where id = 1`);
  leader.signal('SIGSTOP');
  await giveSlotTo(standby, { database, from: walSender });
  await database.app.query(`update orders set state = 'third' where id = 1`);
  await receiver.waitFor((request) => orderState(request) === 'third');
  leader.signal('SIGCONT');
  release();
  await leader.waitForLog(isFenced);
  await leader.waitForLog(isStandby);
  await waitForCounters(database.admin, { claimed: 3, success: 2, error: 1 });
  expect(receiver.requests.map(orderState)).toEqual(['new', 'second', 'third']);

  await standby.kill('SIGKILL');
  await leader.ready();
  await insertOrders(database, 2);
  await waitForCounters(database.admin, { claimed: 4, success: 3, error: 1 });
  expect(receiver.requests.length).toBe(4);
});

test('a committed claim whose answer comes after a takeover is not sent', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(database.serviceUrl);
  await createOrders(database);
  await createWebhook(database, receiver.url);
  const { leader, standby, walSender } = await leaderAndStandby(database, proxy.url);
  await using _leader = leader;
  await using _standby = standby;
  // One delivered change, so that the table is known and the claim's own round trip is all that is left.
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });

  const other = await database.connect();
  await other.query(`begin; select 1 from rowhook.fence where writer = 'claim' for update`);
  await insertOrders(database, 2);
  await waitUntil(
    async () => {
      const waiting = await database.admin.query(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name like '%/claim term=%'`,
      );
      return waiting.length > 0;
    },
    { describe: 'the claim to wait for the fence' },
  );
  proxy.stall('toClient');
  await other.query('commit');
  await waitUntil(async () => (await database.admin.query('select 1 from rowhook.journal')).length > 0, {
    describe: 'the claim to be committed',
  });
  const claimedAt = performance.now();
  await giveSlotTo(standby, { database, from: walSender });
  await database.app.query(`update orders set state = 'newer' where id = 2`);
  await receiver.waitFor((request) => orderState(request) === 'newer');
  await waitUntil(() => performance.now() - claimedAt > 2_000, { describe: 'the claim to be too old' });
  proxy.pass();
  await leader.waitForLog(isFenced);
  await leader.waitForLog(isStandby);
  await waitForCounters(database.admin, { claimed: 3, success: 2, error: 1 });
  expect(receiver.requests.map(orderState)).toEqual(['new', 'newer']);
});

test('a leader that is frozen in the middle of a burst repeats nothing, and nothing is lost', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver({ behaviour: { delayMs: 5 } });
  await createOrders(database);
  await createWebhook(database, receiver.url);
  const { leader, standby, walSender } = await leaderAndStandby(database);
  await using _leader = leader;
  await using _standby = standby;
  const orders = 1500;
  for (let id = 1; id <= orders; id += 50) await insertOrders(database, id, id + 49);
  await receiver.waitFor(400);
  leader.signal('SIGSTOP');
  await giveSlotTo(standby, { database, from: walSender });
  await receiver.waitFor(900);
  leader.signal('SIGCONT');
  await leader.waitForLog(isFenced);
  await leader.waitForLog(isStandby);
  const { received } = await balance(database, receiver, { committed: orders });
  expect(orders - received).toBeLessThanOrEqual(96);
});

test('two services that start together on a fresh database lead one after the other', async () => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using one = startService({ databaseUrl: database.serviceUrl });
  await using two = startService({ databaseUrl: database.serviceUrl });
  const leader = await Promise.race([one.ready().then(() => one), two.ready().then(() => two)]);
  const standby = leader === one ? two : one;
  await standby.waitForLog(isStandby);
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  await leader.kill('SIGTERM');
  await standby.ready();
  await insertOrders(database, 2);
  await waitForCounters(database.admin, { success: 2 });
  expect(repeated(receiver.requests)).toEqual([]);
  expect(await database.admin.query('select n from rowhook.epoch')).toEqual([{ n: '1' }]);
});
