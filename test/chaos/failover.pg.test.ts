// A standby takes the primary's place, with all that was written or without the last of it: the new primary's changes arrive, nothing
// arrives twice, and what nobody can know stands in the ledger.
import { expect, test } from 'vitest';
import { readCounters, waitForCounters } from '../support/counters.ts';
import type { Check } from '../../src/checks/check.ts';
import { runHere, runJsonHere } from '../cli/cli-here.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { report } from '../support/report.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { ownMajor } from '../support/test-postgres.ts';
import { waitUntil } from '../support/wait.ts';
import {
  createOrders,
  createWebhook,
  currentLsn,
  insertOneByOne,
  insertOrders,
  orderId,
  range,
  repeated,
} from './orders.ts';
import { startPair, type Pair } from './standby.ts';

const skip = ownMajor < 17;
/** Written in one transaction before a switchover. */
const waiting = Number(process.env['ROWHOOK_TEST_BACKLOG'] ?? 1_980);
const patienceMs = 20_000 + 5 * waiting;

interface Stage extends AsyncDisposable {
  readonly pair: Pair;
  readonly service: ServiceProcess;
  readonly receiver: Receiver;
}

/** A service that has delivered orders 1 to 20, and a standby that has all of it. */
async function startStage(behaviour?: Parameters<typeof startReceiver>[0]): Promise<Stage> {
  await using open = new AsyncDisposableStack();
  const pair = open.use(await startPair());
  const receiver = open.use(await startReceiver(behaviour));
  await createOrders(pair.database);
  await createWebhook(pair.database, receiver.url);
  const service = open.use(startService({ databaseUrl: pair.database.serviceUrl }));
  await service.ready();
  await insertOneByOne(pair.database, 1, 20);
  await receiver.waitFor(20);
  await pair.slotSynchronised(service.slot);
  await pair.caughtUp();
  const kept = open.move();
  return { pair, service, receiver, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

function idsOf(receiver: Receiver): number[] {
  return receiver.requests.map(orderId).sort((a, b) => a - b);
}

async function epochs({ database }: Pair): Promise<unknown> {
  return await database.admin.query('select n, timeline, reason from rowhook.epoch order by n');
}

/** Under its name what `status --json` says of it. */
async function status({ database }: Pair, slot: string): Promise<Map<string, Check>> {
  const { json } = await runJsonHere(['status'], { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: slot });
  return new Map((json as { checks: Check[] }).checks.map((each) => [each.check, each]));
}

const failedOver = [
  { n: '1', timeline: '1', reason: 'first start' },
  { n: '2', timeline: '2', reason: 'failover' },
];

test.skipIf(skip)(
  'a promoted standby that lacks the last rows: all new ones arrive, none twice',
  async () => {
    await using stage = await startStage();
    const { pair, receiver, service } = stage;
    const { database } = pair;
    await waitForCounters(database.admin, { success: 20 });
    await pair.caughtUp();
    expect((await status(pair, service.slot)).get('standbys')).toMatchObject({
      status: 'warn',
      remedy: expect.stringMatching(/^alter system set synchronized_standby_slots = 'standby';/) as string,
    });
    pair.freeze();
    await insertOneByOne(database, 21, 60);
    await receiver.waitFor(60);
    // More log than the new primary writes until its first changes, page images and all.
    await database.admin.query(`select pg_logical_emit_message(true, 'undone', repeat('x', 4000000))`);
    const undoneUpTo = await currentLsn(database);

    await pair.primary.stop('immediate');
    await pair.promote();
    await insertOneByOne(database, 61, 70);
    const [reused] = await database.admin.query('select pg_current_wal_lsn() < $1::pg_lsn as is_reused', [
      undoneUpTo,
    ]);
    expect(reused?.['is_reused']).toBe('t');
    await receiver.waitFor(70);
    expect(idsOf(receiver)).toEqual(range(1, 70));
    expect(repeated(receiver.requests)).toEqual([]);
    expect(await epochs(pair)).toEqual(failedOver);
    expect(await database.admin.query('select reason, count from rowhook.loss')).toEqual([
      { reason: 'failover', count: '40' },
    ]);
    await explainsFailover(stage);
  },
);

/** In words, with the statement that shows what the ledger has. */
async function explainsFailover({ pair, service }: Stage): Promise<void> {
  const [ledger] = await pair.database.admin.query(
    `select from_position, to_position from rowhook.loss where reason = 'failover'`,
  );
  const [from, to] = [ledger?.['from_position'] ?? '?', ledger?.['to_position'] ?? '?'];
  const failover = (await status(pair, service.slot)).get('failover');
  expect(failover).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(
      /^a standby was promoted \(timeline 1 to 2, switch point [0-9A-F]+\/[0-9A-F]+\); the service has led here since 2\S+Z\. Not proven/,
    ) as string,
  });
  expect(failover?.detail).toContain('; 40 claims of the service that led before are missing here: ');
  expect(failover?.detail).toContain('may be of changes that this server does not have');
  expect(failover?.remedy).toContain(`changes from ${from} on may be missing from the counters`);
  expect(failover?.remedy).toContain(`of epoch 1 from ${to} on`);
  const shown = await pair.database.admin.query(failover?.remedy?.split('\n')[0] ?? '');
  expect(shown.map(({ reason }) => reason)).toContain('failover');
  const printed = await runHere(['status'], {
    DATABASE_URL: pair.database.dbaUrl,
    ROWHOOK_SLOT: service.slot,
  });
  expect(printed.stdout.replaceAll(/\s+/g, ' ')).toContain('a standby was promoted (timeline 1 to 2,');
}

/** A receiver that answers the first twenty at once and the others only when it is let. */
function holding(): { behaviour: Parameters<typeof startReceiver>[0]; release(): void } {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  let seen = 0;
  const behaviour = {
    behaviour: async () => {
      seen += 1;
      if (seen > 20) await released;
      return { status: 200 };
    },
  };
  return { behaviour, release };
}

/** As `holding`, but what waits for its answer gets it before the service gives up: a large backlog takes its time. */
function slow(): ReturnType<typeof holding> {
  let isReleased = false;
  let seen = 0;
  const behaviour = {
    behaviour: () => {
      seen += 1;
      return { status: 200, delayMs: seen > 20 && !isReleased ? 2_000 : 0 };
    },
  };
  return { behaviour, release: () => (isReleased = true) };
}

test.skipIf(skip)(
  'a clean switchover with a backlog, the process alive: nothing is lost, none arrives twice',
  async () => {
    const { behaviour, release } = slow();
    await using stage = await startStage(behaviour);
    const { pair, receiver, service } = stage;
    const { database } = pair;
    const last = 20 + waiting;
    await insertOrders(database, 21, last);
    // What is not stored yet comes from the log of the new primary.
    await waitUntil(
      async () => {
        const [row] = await database.admin.query('select count(*) as stored from rowhook.backlog');
        return Number(row?.['stored']) > 0.9 * (waiting - 1_980);
      },
      { timeoutMs: patienceMs, describe: 'a backlog' },
    );
    await pair.slotSynchronised(service.slot);
    const startedAt = performance.now();
    await pair.switchOver();
    release();
    await insertOneByOne(database, last + 1, last + 10);
    const counted = { claimed: last + 10, success: last + 10 };
    await waitForCounters(database.admin, counted, { timeoutMs: patienceMs });
    const ids = idsOf(receiver);
    const twice = repeated(receiver.requests);
    report({
      written: last + 10,
      received: ids.length,
      twice: twice.length,
      lost: last + 10 - new Set(ids).size,
      seconds: Math.round((performance.now() - startedAt) / 1_000),
    });
    expect(twice).toEqual([]);
    expect(ids).toEqual(range(1, last + 10));
    expect(await epochs(pair)).toMatchObject([
      { reason: 'first start' },
      { timeline: '2', reason: 'switchover' },
    ]);
    expect(await database.admin.query('select reason from rowhook.loss')).toEqual([]);
    expect((await status(pair, service.slot)).get('failover')).toMatchObject({
      status: 'ok',
      detail: expect.stringMatching(/timeline 1 to 2, .* Proven: nothing was lost$/) as string,
    });
  },
  2 * patienceMs + 20_000,
);

test.skipIf(skip)(
  'a clean switchover and a process that did not live through it: nothing twice, the rest interrupted',
  async () => {
    const { behaviour, release } = holding();
    await using stage = await startStage(behaviour);
    const { pair, receiver, service } = stage;
    const { database } = pair;
    await insertOrders(database, 21, 2_000);
    await waitUntil(
      async () => (await database.admin.query('select 1 from rowhook.backlog limit 1')).length > 0,
      { describe: 'a backlog' },
    );
    await pair.slotSynchronised(service.slot);
    await service.kill('SIGKILL');
    const sentBefore = idsOf(receiver);
    await pair.switchOver();
    release();
    await using next = startService({ databaseUrl: database.serviceUrl });
    await next.ready();
    await insertOneByOne(database, 2_001, 2_010);
    await waitForCounters(database.admin, { claimed: 2_010 });
    const { success, error } = await readCounters(database.admin);
    // Nobody knows any more whether the others were sent: none of them is.
    expect(idsOf(receiver)).toEqual([...sentBefore, ...range(2_001, 2_010)]);
    const [ledger] = await database.admin.query(
      `select sum(count) as count, count(*) filter (where from_position is null) as without_range
     from rowhook.loss where reason = 'interrupted'`,
    );
    expect(ledger).toEqual({ count: String(error), without_range: '0' });
    expect(success).toBe(30);
    expect(await database.admin.query('select 1 from rowhook.backlog limit 1')).toEqual([]);
    expect(await epochs(pair)).toEqual(failedOver);
    expect((await status(pair, next.slot)).get('failover')?.detail).toContain(
      `${error} deliveries from before were not settled here and are interrupted`,
    );
  },
);

test('a promoted standby without the slot, or with one that was made there by hand, sends nothing until the gap is accepted', async () => {
  await using pair = await startPair();
  const { database } = pair;
  await using receiver = await startReceiver();
  await createOrders(database);
  await createWebhook(database, receiver.url);
  await using service = startService({ databaseUrl: database.serviceUrl });
  await service.ready();
  const { slot } = service;
  await insertOrders(database, 1);
  await waitForCounters(database.admin, { success: 1 });
  await pair.caughtUp();
  // Before 17 no slot outlives a promotion, and no setting changes that.
  expect((await status(pair, slot)).get('standbys')?.status).toBe(skip ? undefined : 'warn');
  await pair.primary.stop('immediate');
  await pair.promote();
  await insertOrders(database, 2);
  expect(await service.exited).toMatchObject({ code: 3 });
  expect(service.output).toContain(`it has no replication slot "${slot}"`);
  expect(service.output).toContain('rowhook slot recreate --accept-gap');

  await database.admin.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
  {
    await using again = startService({ databaseUrl: database.serviceUrl });
    expect(await again.exited).toMatchObject({ code: 3 });
    expect(again.output).toMatch(/Postgres did not synchronise it/);
  }
  const environment = { DATABASE_URL: database.serviceUrl, ROWHOOK_SLOT: slot };
  const accepted = await runHere(['slot', 'recreate', '--accept-gap'], environment);
  expect(accepted).toMatchObject({ exitCode: 0 });
  await using next = startService({ databaseUrl: database.serviceUrl });
  await next.ready();
  await insertOrders(database, 3);
  await receiver.waitFor(2);
  expect(idsOf(receiver)).toEqual([1, 3]);
});
