/**
 * `rowhook demo`: the whole idea on one machine. An embedded Postgres, a sample ERP at work in it, a receiver, and the
 * service with the rights that it has in production. Stops in the order: activity, service, receiver, Postgres.
 */
import { join } from 'node:path';
import { readEnvironment } from '../config.ts';
import type { Config } from '../config.ts';
import { openDemoDatabase } from '../database/demo-database.ts';
import type { DemoDatabase } from '../database/demo-database.ts';
import { ensureWebhooks } from '../database/demo-webhooks.ts';
import { startEmbeddedPostgres } from '../embedded-postgres.ts';
import { isFree } from '../embedded-postgres/port.ts';
import { createLogger } from '../logger.ts';
import { runService } from '../service.ts';
import { runActivity } from './demo/activity.ts';
import { buildConsole } from './demo/console-build.ts';
import { createDeliveryLines } from './demo/delivery-lines.ts';
import type { ShownAttempt } from './demo/delivery-lines.ts';
import { consoleLine, introduction } from './demo/introduction.ts';
import { prepareDatabase } from './demo/prepare.ts';
import { createRandom } from './demo/random.ts';
import { startReceiver } from './demo/receiver.ts';
import { demoWebhooks } from './demo/webhooks.ts';

export interface DemoOptions {
  /** Aborting it stops the demo cleanly. */
  readonly stop: AbortSignal;
  readonly write: (line: string) => void;
}

const dataDir = join(import.meta.dirname, '../../data/demo');
const receiverPort = 4480;

export async function demo({ stop, write }: DemoOptions): Promise<void> {
  const isStopping = (): boolean => stop.aborted;
  const { config } = readEnvironment({ needsDatabase: false });
  write('Starting a Postgres of its own; the first time takes a few seconds.');
  await using postgres = await startEmbeddedPostgres({
    dataDir,
    persistent: true,
    settings: { max_slot_wal_keep_size: '4GB' },
    log: write,
  });
  if (isStopping()) return;
  const { databaseUrl, serviceUrl } = await prepareDatabase(postgres.url, write);
  await using database = await openDemoDatabase(databaseUrl);
  await using receiver = await startReceiver(receiverPort);
  await ensureWebhooks(database, { receiverUrl: receiver.url, webhooks: demoWebhooks });
  if (isStopping()) return;
  await buildConsole(write);
  write(introduction({ databaseUrl, receiverUrl: receiver.url, dataDir: postgres.dataDir }));
  const showDelivery = createDeliveryLines({
    companies: await companyNames(database),
    takePayload: receiver.take,
    write,
  });
  const demoConfig = await serviceConfig(config, serviceUrl);
  await workUntil({ stop, write, database, config: demoConfig, onAttempt: showDelivery });
  write('Stopped. The data is kept: the next start goes on from here.');
}

interface Work extends DemoOptions {
  readonly database: DemoDatabase;
  readonly config: Config;
  readonly onAttempt: (attempt: ShownAttempt) => void;
}

/** The application works while the service runs, and rests before the service drains. */
async function workUntil({ stop, write, database, config, onAttempt }: Work): Promise<void> {
  const drain = new AbortController();
  const ended = new AbortController();
  const ready = Promise.withResolvers<undefined>();
  const until = AbortSignal.any([stop, ended.signal]);
  until.addEventListener('abort', () => ready.resolve(undefined));
  const logger = createLogger(config.logLevel);
  const service = runService({
    config,
    logger,
    stop: drain.signal,
    isDemo: true,
    onListening: (url) => write(consoleLine(url)),
    onReady: () => ready.resolve(undefined),
    onAttempt,
  }).finally(() => ended.abort());
  const application = async (): Promise<void> => {
    await ready.promise;
    await runActivity({
      database,
      random: createRandom(Date.now()),
      stop: until,
      onTrouble: (activity, error) => write(`The sample ERP could not do "${activity}": ${error.message}`),
    });
    if (stop.aborted) write('Stopping: what is in flight is finished first.');
    drain.abort();
  };
  const results = await Promise.allSettled([service, application()]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function companyNames(database: DemoDatabase): Promise<ReadonlyMap<string, string>> {
  const companies = await database.query('select id, name from erp.company');
  return new Map(companies.map(({ id, name }) => [String(id), String(name)]));
}

/** The environment's settings count here too, except where the demo brings its own; its log is quieter, to leave room. */
async function serviceConfig(config: Config, serviceUrl: string): Promise<Config> {
  return {
    ...config,
    databaseUrl: serviceUrl,
    listen: { ...config.listen, port: await freePort(config.listen.port) },
    allowTargets: ['127.0.0.1', ...config.allowTargets],
    logLevel: config.logLevel === 'info' ? 'warn' : config.logLevel,
  };
}

async function freePort(wanted: number): Promise<number> {
  for (let port = wanted; port > 0 && port < wanted + 20; port++) if (await isFree(port)) return port;
  return 0;
}
