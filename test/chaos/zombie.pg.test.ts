/**
 * A leader that is frozen, at a random moment or exactly between a claim and its POST, and wakes when another one leads.
 * ROWHOOK_TEST_ROUNDS: how often, 2 by default; ROWHOOK_TEST_SEED repeats what was chosen.
 */
import { expect, test } from 'vitest';
import { createRandom, type Random } from '../../src/cli/demo/random.ts';
import { waitForCounters } from '../support/counters.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { report } from '../support/report.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { isFrozen, waitUntilFrozen } from './crash.ts';
import { createOrders, createWebhook, insertOrders, orderState, walSenderPid } from './orders.ts';
import { isFenced, isStandby } from './pair.ts';
import { outOfOrder, RecordWriter } from './record-versions.ts';

const rounds = Number(process.env['ROWHOOK_TEST_ROUNDS'] ?? 2);
const seed = Number(process.env['ROWHOOK_TEST_SEED'] ?? Math.floor(Math.random() * 1e9));

/** When the frozen one wakes: as soon as its term is taken, or when newer versions have arrived. */
type Waking = 'at once' | 'late';

async function startWith(
  { serviceUrl }: InstalledDatabase,
  failpoint: string | undefined,
): Promise<ServiceProcess> {
  const env = failpoint === undefined ? {} : { ROWHOOK_FAILPOINT: failpoint };
  return startService({ databaseUrl: serviceUrl, env });
}

async function termOf({ admin }: InstalledDatabase): Promise<number> {
  const [row] = await admin.query<{ term: string }>(`select term from rowhook.fence where writer = 'claim'`);
  return Number(row?.term);
}

/** Ends the walsender of the frozen leader and waits until somebody else has its term. */
async function takeTerm(database: InstalledDatabase, slot: string): Promise<void> {
  const term = await termOf(database);
  await database.admin.query('select pg_terminate_backend($1)', [await walSenderPid(database, slot)]);
  await waitUntil(async () => (await termOf(database)) > term, {
    intervalMs: 5,
    describe: 'the standby to take the term',
  });
}

function count(service: ServiceProcess, wanted: typeof isStandby): number {
  return service.logs.filter(wanted).length;
}

async function becomesStandby(service: ServiceProcess, before: number): Promise<void> {
  await waitUntil(() => count(service, isStandby) > before, {
    describe: () => `the leader that woke to wait as a standby; its output:\n${service.output.slice(-4_000)}`,
  });
}

test.each(['at once', 'late'] satisfies Waking[])(
  'a leader frozen between a claim and its POST sends nothing after what is newer when it wakes %s',
  async (waking) => {
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver();
    await createOrders(database);
    await createWebhook(database, receiver.url);
    await using leader = await startWith(database, 'claimed:stop');
    await leader.ready();
    await using standby = await startWith(database, undefined);
    await standby.waitForLog(isStandby);
    await insertOrders(database, 1);
    await waitUntilFrozen(leader.pid);
    await takeTerm(database, leader.slot);
    await database.app.query(`update orders set state = 'newer' where id = 1`);
    if (waking === 'late') await receiver.waitFor((request) => orderState(request) === 'newer');
    leader.signal('SIGCONT');
    await leader.waitForLog(isFenced);
    await becomesStandby(leader, 0);
    await waitForCounters(database.admin, { claimed: 2, success: 1, error: 1 });
    // Awake while its claim is still good it may send it: the new leader waits for that.
    const states = receiver.requests.map(orderState);
    expect(waking === 'late' ? [['newer']] : [['newer'], ['new', 'newer']]).toContainEqual(states);
  },
);

interface Round {
  readonly database: InstalledDatabase;
  readonly receiver: Receiver;
  readonly writer: RecordWriter;
  readonly random: Random;
  readonly leader: ServiceProcess;
  readonly standby: ServiceProcess;
  /** The leader does, right after a claim. */
  readonly freezesItself: boolean;
}

// The new leader may be one that freezes itself again.
async function newerArrive({ writer, standby }: Round): Promise<void> {
  const isNewer = writer.newerThanNow();
  await waitUntil(async () => isNewer() || (await isFrozen(standby.pid)), {
    describe: 'newer versions of every record',
  });
}

/** Returns what was chosen. */
async function playRound(round: Round): Promise<Waking> {
  const { database, receiver, random, leader, freezesItself } = round;
  if (!freezesItself) {
    await receiver.waitFor(receiver.requests.length + random.between(1, 60));
    leader.signal('SIGSTOP');
  }
  await waitUntilFrozen(leader.pid);
  const standbys = count(leader, isStandby);
  await takeTerm(database, leader.slot);
  const waking = random.pick(['at once', 'late'] as const) ?? 'late';
  if (waking === 'late') await newerArrive(round);
  leader.signal('SIGCONT');
  await becomesStandby(leader, standbys);
  await newerArrive(round);
  expect(outOfOrder(receiver.requests)).toEqual([]);
  return waking;
}

test(
  `${rounds} leaders that are frozen under load and wake later repeat nothing and send nothing stale`,
  { timeout: 60_000 + rounds * 15_000 },
  async () => {
    const random = createRandom(seed);
    const played: string[] = [];
    await using database = await createInstalledDatabase();
    await using receiver = await startReceiver();
    receiver.behave(() => ({ status: 200, delayMs: random.between(0, 8) }));
    await createOrders(database);
    await createWebhook(database, receiver.url);
    await using open = new AsyncDisposableStack();
    let leader = open.use(await startWith(database, undefined));
    await leader.ready();
    let freezesItself = false;
    await using writer = new RecordWriter(database, receiver);
    writer.start();
    let standby: ServiceProcess | null = null;
    try {
      for (let round = 1; round <= rounds; round++) {
        const isPlain = round === rounds || random.between(0, 1) === 0;
        const failpoint = isPlain ? undefined : `claimed:stop@${random.between(1, 120)}`;
        if (standby === null || failpoint !== undefined) {
          await standby?.kill('SIGKILL');
          standby = open.use(await startWith(database, failpoint));
          await standby.waitForLog(isStandby);
        }
        const parts = { database, receiver, writer, random, leader, standby, freezesItself };
        played.push(`${freezesItself ? 'after a claim' : 'anywhere'}, awake ${await playRound(parts)}`);
        [leader, standby, freezesItself] = [standby, leader, failpoint !== undefined];
      }
      await writer.stop();
      const { success, error } = await waitForCounters(database.admin, { claimed: writer.written });
      expect(outOfOrder(receiver.requests)).toEqual([]);
      const received = receiver.requests.length;
      expect(received).toBeGreaterThanOrEqual(success);
      expect(received).toBeLessThanOrEqual(writer.written);
      report({ seed, rounds, played, written: writer.written, received, success, error });
    } catch (error) {
      throw new Error(`with ROWHOOK_TEST_SEED=${seed}, after the rounds: ${played.join('; ')}`, {
        cause: error,
      });
    }
  },
);
