// How long a change takes from the application's statement, which commits by itself, until the receiver has the POST: a service that
// runs, a writer that writes at a pace, and one clock for all processes.
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import type { DeliveryLog } from './figure.ts';
import { createItems, createItemWebhooks } from './items.ts';
import type { OneByOne } from './one-by-one.ts';
import type { PacedWrites, Written } from './paced-writer.ts';
import { percentile } from './percentile.ts';
import { startRawReceiver, type RawReceiver } from './raw-receiver-process.ts';
import { runScript } from './script.ts';

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  /** What the writer reached, and how long its commits took beside it all. */
  readonly writes: string;
}

export interface CommitToReceipt extends AsyncDisposable {
  readonly database: InstalledDatabase;
  readonly receiver: RawReceiver;
  readonly service: ServiceProcess;
  /** Of the healthy webhook. */
  measure(perSecond: number, seconds: number): Promise<Latency>;
  /** One commit and one POST, each alone: the medians, in milliseconds. */
  alone(): Promise<{ readonly commit: number; readonly post: number }>;
}

const company = 'company 1';
const healthy = '/timed/healthy';
const noteBytes = 580;
const alone = { path: '/timed/alone', count: 1_000 };

/** Warm, after two seconds of writing. */
export async function openCommitToReceipt(postgresUrl: string, log: DeliveryLog): Promise<CommitToReceipt> {
  const open = new AsyncDisposableStack();
  try {
    const database = open.use(await createInstalledDatabase(postgresUrl));
    const receiver = open.use(await startRawReceiver());
    await createItems(database);
    await database.dba.query('create table erp.plain (like erp.item including all)');
    await createItemWebhooks(database, { url: receiver.url + healthy, companies: 1 });
    const service = open.use(
      startService({
        databaseUrl: database.serviceUrl,
        env: { ROWHOOK_LOG_LEVEL: 'info', ROWHOOK_DELIVERY_LOG: log },
      }),
    );
    await service.ready();
    await measure({ database, receiver }, 1_000, 2);
    return {
      database,
      receiver,
      service,
      measure: async (perSecond, seconds) => await measure({ database, receiver }, perSecond, seconds),
      alone: async () => await measureAlone({ database, receiver }),
      [Symbol.asyncDispose]: async () => {
        await open.disposeAsync();
      },
    };
  } catch (error) {
    await open.disposeAsync();
    throw error;
  }
}

type Parts = Pick<CommitToReceipt, 'database' | 'receiver'>;

async function measure({ database, receiver }: Parts, perSecond: number, seconds: number): Promise<Latency> {
  await receiver.reset();
  const count = perSecond * seconds;
  const writes: PacedWrites = { databaseUrl: database.appUrl, company, perSecond, count, noteBytes };
  const written = await runScript<Written>('paced-writer.ts', writes);
  await receiver.waitFor(healthy, count);
  const latencies = await receiver.latencies(healthy);
  const commits = written.commitMicros;
  return {
    p50: percentile(latencies, 50) / 1000,
    p99: percentile(latencies, 99) / 1000,
    writes:
      `${Math.round(written.perSecond)}/s, ` +
      `commits ${(percentile(commits, 50) / 1000).toFixed(2)} ms, p99 ${(percentile(commits, 99) / 1000).toFixed(2)} ms`,
  };
}

async function measureAlone({ database, receiver }: Parts): Promise<{ commit: number; post: number }> {
  await receiver.reset();
  const { path, count } = alone;
  const options: OneByOne = { databaseUrl: database.appUrl, url: receiver.url + path, count, noteBytes };
  const { commitMicros } = await runScript<{ commitMicros: number[] }>('one-by-one.ts', options);
  return {
    commit: percentile(commitMicros, 50) / 1000,
    post: percentile(await receiver.latencies(path), 50) / 1000,
  };
}
