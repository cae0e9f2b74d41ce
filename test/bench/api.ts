// How long the API of a service at work takes to list webhooks: 1 000 of them, while 5 000 changes are written and delivered each second. The
// baseline is the time it may take; the same question with nothing else to do stands beside it.
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startService, type ServiceProcess } from '../support/service-process.ts';
import type { Asked, Times } from './api-asker.ts';
import type { Figure, Measurement } from './figure.ts';
import { createItems, createItemWebhooks } from './items.ts';
import type { PacedWrites, Written } from './paced-writer.ts';
import { percentile } from './percentile.ts';
import { perSecond as arrivedPerSecond, startRawReceiver, type RawReceiver } from './raw-receiver-process.ts';
import { runScript } from './script.ts';

const webhooks = 1_000;
const perSecond = 5_000;
const seconds = 10;
const mayTakeMs = 100;
const rowsEach = 10;
const restMs = 20;
const path = '/fast';

const pages = [
  { part: 'all 1 000', query: `limit=${webhooks}` },
  { part: 'a page of the default size', query: '' },
] as const;

interface Scene {
  readonly database: InstalledDatabase;
  readonly receiver: RawReceiver;
  readonly service: ServiceProcess;
}

interface Round {
  readonly alone: number;
  readonly p50: number;
  readonly p99: number;
  readonly asked: number;
  readonly bytes: number;
  readonly delivered: string;
}

export const api: Figure = {
  name: 'api',
  title: '1 000 webhooks listed over HTTP while 5 000 changes a second are delivered',
  rounds: 5,
  async measure({ postgresUrl, rounds, logs }): Promise<Measurement[]> {
    const log = logs[0] ?? 'all';
    await using open = new AsyncDisposableStack();
    const database = open.use(await createInstalledDatabase(postgresUrl));
    const receiver = open.use(await startRawReceiver());
    await createItems(database);
    await createItemWebhooks(database, { url: receiver.url + path, companies: webhooks });
    const service = open.use(
      startService({
        databaseUrl: database.serviceUrl,
        env: { ROWHOOK_LOG_LEVEL: 'info', ROWHOOK_DELIVERY_LOG: log },
      }),
    );
    await service.ready();
    const scene = { database, receiver, service };
    // Whatever is compiled and opened first.
    await measureRound(scene, pages[0].query, 3);
    const seen = pages.map((): Round[] => []);
    for (let round = 0; round < rounds; round++) {
      for (const [index, { query }] of pages.entries())
        seen[index]?.push(await measureRound(scene, query, seconds));
    }
    return pages.map(({ part }, index) => measurement(part, seen[index] ?? [], log));
  },
};

function measurement(part: string, rounds: readonly Round[], log: string): Measurement {
  const each = (show: (round: Round) => string): string => rounds.map(show).join('; ');
  return {
    part,
    unit: 'ms, p99',
    baseline: 'what it may take',
    ours: 'while changes are delivered',
    rounds: rounds.map(({ p99 }) => ({ baseline: mayTakeMs, ours: p99 })),
    ratio: {
      meaning: 'of what it may take',
      of: 'ours ÷ baseline',
      budget: { atMost: 1 },
      aim: { atMost: 0.5 },
    },
    facts: {
      'delivery log': log,
      'p50 meanwhile, p99 with nothing else to do': each(
        ({ p50, alone }) => `${p50.toFixed(1)} and ${alone.toFixed(1)} ms`,
      ),
      'requests and bytes of an answer': each(({ asked, bytes }) => `${asked}, ${bytes}`),
      delivered: each(({ delivered }) => delivered),
    },
  };
}

async function measureRound(
  { database, receiver, service }: Scene,
  query: string,
  forSeconds: number,
): Promise<Round> {
  const url = `${service.httpUrl}/v1/webhooks?${query}`;
  const ask = async (asked: Omit<Asked, 'url' | 'restMs'>): Promise<Times> =>
    await runScript<Times>('api-asker.ts', { ...asked, url, restMs } satisfies Asked);
  const alone = await ask({ seconds: 2 });
  await receiver.reset();
  const count = perSecond * forSeconds;
  const writes: PacedWrites = {
    databaseUrl: database.appUrl,
    company: '',
    rows: { each: rowsEach, companies: webhooks },
    perSecond: perSecond / rowsEach,
    count: count / rowsEach,
    noteBytes: 580,
  };
  const [written, times] = await Promise.all([
    runScript<Written>('paced-writer.ts', writes),
    ask({ seconds: forSeconds }),
  ]);
  const arrived = await receiver.waitFor(path, count);
  return {
    alone: percentile(alone.ms, 99),
    p50: percentile(times.ms, 50),
    p99: percentile(times.ms, 99),
    asked: times.ms.length,
    bytes: times.bytes,
    delivered: `${Math.round(written.perSecond * rowsEach)}/s written, ${Math.round(arrivedPerSecond(arrived))}/s arrived`,
  };
}
