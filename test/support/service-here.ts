/** The service inside the test's own process, for what is composed and not configured: how often it looks around. */
import { pino } from 'pino';
import { runService } from '../../src/service.ts';
import type { LogLine } from './service-process.ts';
import { waitUntil, within } from './wait.ts';

export interface ServiceHere extends AsyncDisposable {
  readonly logs: readonly LogLine[];
  /** What it ended with; null after a drain. */
  ended(): Promise<unknown>;
  waitForLog(wanted: (line: LogLine) => boolean): Promise<LogLine>;
}

export interface ServiceHereOptions {
  readonly databaseUrl: string;
  readonly lookEveryMs: number;
}

/** Resolves when it streams as leader; its slot has the database's name. */
export async function startServiceHere({
  databaseUrl,
  lookEveryMs,
}: ServiceHereOptions): Promise<ServiceHere> {
  const logs: LogLine[] = [];
  const stop = new AbortController();
  const ready = Promise.withResolvers<undefined>();
  const log = { write: (line: string) => void logs.push(JSON.parse(line) as LogLine) };
  const running = runService({
    config: {
      databaseUrl,
      listen: { host: '127.0.0.1', port: 0 },
      slot: new URL(databaseUrl).pathname.slice(1),
      consoleOrigins: [],
      allowTargets: ['127.0.0.1'],
      allowHttp: false,
      logLevel: 'debug',
      deliveryLog: 'all',
      deliveryLogDays: 3,
      maxInFlight: 1_000,
      breaker: { mode: 'off', failures: 20, maxProbeMs: 60_000 },
      backlog: { maxCount: 1_000_000, maxBytes: 1024 ** 3, maxAgeMs: 86_400_000 },
    },
    logger: pino({ level: 'debug', base: null }, log),
    stop: stop.signal,
    onReady: () => ready.resolve(undefined),
    lookEveryMs,
  }).then(
    () => null,
    (error: unknown) => error,
  );
  const describe = (): string =>
    `the service; its log:\n${logs.map((line) => JSON.stringify(line)).join('\n')}`;
  const failure = await within(Promise.race([ready.promise, running]), { describe });
  if (failure !== undefined) throw new Error('the service ended before it was ready', { cause: failure });
  return {
    logs,
    ended: () => within(running, { describe }),
    waitForLog: (wanted) => waitUntil(() => logs.find(wanted), { describe }),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}
