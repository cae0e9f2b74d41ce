// A soak: a Postgres with fsync on, the service and the endpoints as processes of their own, a constant load, and the balance at the end.
// What waits for endpoints that hang is let go when the load ends, so that every delivery has its outcome before the books are compared.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { startEmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { LogAge } from '../bench/log-age.ts';
import { describeMachine, type Machine } from '../bench/machine.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { startEndpoints, type Endpoints } from './endpoints.ts';
import { Load } from './load.ts';
import { watch, type Sample } from './samples.ts';
import { judge, type Books, type Check, type SoakEnd } from './verdict.ts';

export interface SoakOptions {
  readonly seconds: number;
  /** Changes a second; default: half of what this machine can do. */
  readonly rate?: number | undefined;
  readonly webhooks: number;
  readonly env: Readonly<Record<string, string>>;
  /** Aborted: the load ends, and the balance is drawn. */
  readonly stop?: AbortSignal;
  say(line: string): void;
}

export interface SoakResult extends SoakEnd {
  readonly machine: Machine;
  /** Measured first; null where the rate was given. */
  readonly maximum: number | null;
  readonly rate: number;
  readonly written: number;
  readonly transactions: number;
  /** For endpoints that hang, when the load ended; and how fast that went out once they answered. */
  readonly waited: number;
  readonly waitedPerSecond: number;
  readonly peakRows: number;
  readonly checks: readonly Check[];
}

interface Scene {
  readonly database: InstalledDatabase;
  readonly endpoints: Endpoints;
  readonly service: ServiceProcess;
  readonly load: Load;
}

const burst = 20_000;
const longestSettlingMs = 20 * 60_000;

export async function soak(options: SoakOptions): Promise<SoakResult> {
  await using postgres = await startEmbeddedPostgres({
    dataDir: join(tmpdir(), `rowhook-soak-${randomUUID()}`),
    persistent: false,
    log: options.say,
  });
  await using database = await createInstalledDatabase(postgres.url);
  await using endpoints = await startEndpoints();
  const { webhooks, env } = options;
  const load = await Load.prepare({ database, webhooks, endpointsUrl: endpoints.url });
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_LOG_LEVEL: 'info', NODE_OPTIONS: '--inspect=127.0.0.1:0', ...env },
    // Every failed delivery has a line.
    keepsLine: ({ msg }) => msg !== 'delivery.attempted',
  });
  await service.ready();
  const ended = service.exited.then(({ code, signal }) => {
    throw new Error(`the service ended (${code ?? signal}); it wrote last:\n${service.output.slice(-4_000)}`);
  });
  const machine = await describeMachine(postgres.url);
  const result = await Promise.race([run({ database, endpoints, service, load }, options), ended]);
  ended.catch(() => undefined);
  return { machine, ...result, checks: judge(result) };
}

async function run(scene: Scene, options: SoakOptions): Promise<Omit<SoakResult, 'machine' | 'checks'>> {
  const { database, endpoints, service, load } = scene;
  const { webhooks, say } = options;
  const maximum = options.rate === undefined ? await measureMaximum(scene) : null;
  const rate = options.rate ?? Math.round((maximum ?? 0) / 2);
  if (maximum !== null) say(`this machine does ${Math.round(maximum)} changes/s; half of it from now on`);
  const before = load.written;
  const { samples, seconds } = await underLoad(scene, { ...options, rate });
  const written = load.written - before;
  await new LogAge(database, service.slot).waitUntilFree(longestSettlingMs);
  const waited = await backlogRows(database);
  say(`the load has ended; ${waited} deliveries wait for endpoints that hang, which answer from now on`);
  const releasedAt = performance.now();
  await endpoints.release();
  const books = await settledBooks(scene, webhooks);
  const waitedPerSecond = waited / ((performance.now() - releasedAt) / 1000);
  return {
    maximum,
    rate,
    seconds,
    samples,
    written,
    transactions: load.transactions,
    waited,
    waitedPerSecond,
    peakRows: Math.max(...samples.map((sample) => sample.backlogRows)),
    webhooks,
    expected: load.expected,
    books,
    received: await endpoints.counts(),
    backlogRows: await backlogRows(database),
  };
}

/** How fast a burst goes out that is larger than what fits into memory; what waits for endpoints that hang aside. */
async function measureMaximum({ endpoints, load }: Scene): Promise<number> {
  const received = async (): Promise<number> =>
    Object.values(await endpoints.counts()).reduce((sum, path) => sum + path.received, 0);
  const wait = async (count: number): Promise<void> => {
    const wanted = (await received()) + count * 0.95;
    for (let done = 0; done < count; done += 500) await load.change(500);
    await waitUntil(async () => (await received()) >= wanted, {
      timeoutMs: 120_000,
      intervalMs: 50,
      describe: 'the burst to go out',
    });
  };
  // Once for the just-in-time compiler.
  await wait(burst);
  const beganAt = performance.now();
  await wait(burst);
  return (burst * 0.95 * 1000) / (performance.now() - beganAt);
}

async function underLoad(
  { database, service, load }: Scene,
  { rate, seconds, stop, say }: SoakOptions & { readonly rate: number },
): Promise<{ samples: Sample[]; seconds: number }> {
  const ends = AbortSignal.any([AbortSignal.timeout(seconds * 1000), ...(stop === undefined ? [] : [stop])]);
  const beganAt = performance.now();
  let toldAt = 0;
  const tell = (sample: Sample): void => {
    if (sample.seconds - toldAt < 30) return;
    toldAt = sample.seconds;
    const { rssMb, heapMb, lagSeconds, backlogRows: rows } = sample;
    say(
      `${sample.seconds.toFixed(0)} s: ${load.written} changes, ${rssMb.toFixed(0)} MB, heap ${heapMb.toFixed(0)} MB, ` +
        `lag ${lagSeconds.toFixed(1)} s, backlog ${rows}`,
    );
  };
  const everyMs = Math.min(5_000, (seconds * 1000) / 40);
  const [samples] = await Promise.all([
    watch({ database, service }, { everyMs, stop: ends, onSample: tell }),
    load.keepUp(rate, ends),
  ]);
  return { samples, seconds: (performance.now() - beganAt) / 1000 };
}

async function backlogRows({ admin }: InstalledDatabase): Promise<number> {
  const [row] = await admin.query('select count(*) as rows from rowhook.backlog');
  return Number(row?.['rows']);
}

/** As soon as everything has its outcome, or nothing moves any more: then the checks will tell. */
async function settledBooks({ database, load }: Scene, webhooks: number): Promise<Books[]> {
  let seen = '';
  let sameSince = performance.now();
  return await waitUntil(
    async () => {
      const books = await readBooks(database, webhooks);
      const isSettled = books.every(
        ({ claimed, success, error }, no) => claimed === load.expected[no] && success + error === claimed,
      );
      const now = JSON.stringify(books);
      if (now !== seen) sameSince = performance.now();
      seen = now;
      return isSettled || performance.now() - sameSince > 30_000 ? books : null;
    },
    { timeoutMs: longestSettlingMs, intervalMs: 200, describe: 'every delivery to have its outcome' },
  );
}

async function readBooks({ admin }: InstalledDatabase, webhooks: number): Promise<Books[]> {
  const rows = await admin.query(
    `select w.id, claimed_count as claimed, success_count as success, error_count as error, missed_count as missed,
            (select coalesce(json_object_agg(reason, count), '{}')
             from (select reason, sum(count) as count from rowhook.loss l where l.uid = c.uid group by reason) as r) as losses
     from rowhook.counter c join rowhook.webhook w using (uid)`,
  );
  const byId = new Map(rows.map((row) => [row['id'], row]));
  return Array.from({ length: webhooks }, (_, no) => {
    const row = byId.get(`w${no}`) ?? {};
    return {
      claimed: Number(row['claimed'] ?? 0),
      success: Number(row['success'] ?? 0),
      error: Number(row['error'] ?? 0),
      missed: Number(row['missed'] ?? 0),
      losses: JSON.parse(row['losses'] ?? '{}') as Record<string, number>,
    };
  });
}
