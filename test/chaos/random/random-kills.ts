/**
 * A Postgres of its own, one service or two, an endpoint, writers, and one fault after the other; then everything settles, and the
 * balance is drawn. Only real processes; every decision comes from the seed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { InstalledDatabase } from '../../support/installed-database.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { waitUntil } from '../../support/wait.ts';
import { currentLsn, waitForConfirmed } from '../orders.ts';
import { startOwnCluster } from '../own-cluster.ts';
import { audit, readBooks, type Balance } from './audit.ts';
import { Breaker } from './breaker.ts';
import { Dice } from './dice.ts';
import { Endpoint } from './endpoint.ts';
import { drawFault, isKill, type FaultKind } from './faults.ts';
import { OrdersModel, webhookPlans } from './orders-model.ts';
import { ordersSchema, OrdersWriter, Pace } from './orders-writer.ts';
import { RestlessWebhook } from './restless-webhooks.ts';
import { Services } from './services.ts';

export interface RandomKillsOptions {
  readonly seed: number;
  /** Ends when so many processes were killed… */
  readonly kills: number;
  /** …or after so long. */
  readonly limitMs: number;
  readonly changesPerSecond: number;
  /** At the end: how long nothing may move while something is not settled. */
  readonly stillMs: number;
  /** Aborted: nothing more breaks, and the balance is drawn. */
  readonly stop?: AbortSignal;
  say(line: string): void;
}

export interface RandomKillsResult {
  readonly balance: Balance;
  readonly kills: number;
  readonly faults: ReadonlyMap<FaultKind, number>;
  readonly changes: number;
  readonly transactions: number;
  /** While things broke, those times included. */
  readonly changesPerSecond: number;
  readonly seconds: number;
}

const writerCount = 3;

export async function runRandomKills(options: RandomKillsOptions): Promise<RandomKillsResult> {
  const { seed, say } = options;
  await using open = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'rowhook-chaos-'));
  open.defer(async () => await rm(folder, { recursive: true, force: true }));
  const { postgres, database } = open.use(
    await startOwnCluster({ autovacuum: 'on', autovacuum_naptime: '5s', checkpoint_timeout: '30s' }),
  );
  const endpoint = open.use(new Endpoint(join(folder, 'received.log')));
  await endpoint.start();
  const endpointProxy = open.use(await startTcpProxy(endpoint.url));
  const restless = await prepare(database, {
    direct: endpoint.url,
    proxied: endpointProxy.url.replace(/\/$/, ''),
    seed,
  });
  const services = open.use(await Services.open(database.serviceUrl));
  const slot = services.start().service.slot;
  await services.untilReady(20_000);

  const model = new OrdersModel();
  const pace = new Pace(options.changesPerSecond);
  const writing = Array.from(
    { length: writerCount },
    (_, no) => new OrdersWriter({ url: database.appUrl, seed, no, of: writerCount, pace, model }),
  );
  const breaker = new Breaker({ postgres, database, services, endpoint, endpointProxy, slot });
  const startedAt = performance.now();
  const { kills, faults } = await breakAll(options, breaker, restless, () => model.changes);
  const seconds = (performance.now() - startedAt) / 1000;
  const changesPerSecond = model.changes / seconds;
  say('Everything runs again; waiting until all is settled');
  const stopped = await Promise.allSettled(writing.map(async (writer) => await writer.stop()));
  const writers = stopped.flatMap((each) => (each.status === 'rejected' ? [String(each.reason)] : []));
  await breaker.mend();
  for (const webhook of restless) await webhook.activate();
  const unsettled = await settle({ database, slot, model, stillMs: options.stillMs }).then(
    () => [],
    (error: unknown) => [`${String(error)}\n${services.lastWords()}`],
  );
  const found = await audit({
    database,
    logFile: endpoint.logFile,
    model,
    restless,
    leads: services.leads,
  });
  const findings = [...services.surprises, ...breaker.troubles, ...writers, ...unsettled, ...found.findings];
  return {
    balance: { ...found, findings },
    kills,
    faults,
    changes: model.changes,
    transactions: model.transactions,
    changesPerSecond,
    seconds,
  };
}

async function prepare(
  database: InstalledDatabase,
  { direct, proxied, seed }: { direct: string; proxied: string; seed: number },
): Promise<readonly RestlessWebhook[]> {
  for (const statement of ordersSchema.split(';')) await database.dba.query(statement);
  for (const { name, company, operations, isProxied } of webhookPlans) {
    await database.admin.query(
      `insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert, on_update, on_delete)
       values ($1, $2, $1, 'sales_order', $3, $4, $5, $6)`,
      [
        name,
        company,
        `${isProxied ? proxied : direct}/${name}`,
        ...(['INSERT', 'UPDATE', 'DELETE'] as const).map((operation) => operations.includes(operation)),
      ],
    );
  }
  const restless = (['acme', 'bolt'] as const).map(
    (company) => new RestlessWebhook(database, new Dice(seed, `restless ${company}`), company, direct),
  );
  for (const webhook of restless) await webhook.create();
  return restless;
}

async function breakAll(
  { seed, kills: wanted, limitMs, stop, say }: RandomKillsOptions,
  breaker: Breaker,
  restless: readonly RestlessWebhook[],
  changes: () => number,
): Promise<{ kills: number; faults: Map<FaultKind, number> }> {
  const dice = new Dice(seed, 'faults');
  const faults = new Map<FaultKind, number>();
  const endsAt = performance.now() + limitMs;
  let kills = 0;
  while (kills < wanted && performance.now() < endsAt && stop?.aborted !== true) {
    const fault = drawFault(dice);
    await breaker.break(fault);
    faults.set(fault.kind, (faults.get(fault.kind) ?? 0) + 1);
    if (isKill(fault.kind)) kills += 1;
    if (dice.chance(0.3)) await dice.pick(restless as [RestlessWebhook, ...RestlessWebhook[]]).step();
    if (isKill(fault.kind) && kills % 25 === 0) say(`  ${kills} kills, ${changes()} changes`);
  }
  return { kills, faults };
}

interface Settling {
  readonly database: InstalledDatabase;
  readonly slot: string;
  readonly model: OrdersModel;
  readonly stillMs: number;
}

const longestSettlingMs = 60 * 60_000;

/** Until everything written is confirmed and has its outcome: as long as that takes while it goes on, and `stillMs` after it stopped. */
async function settle({ database, slot, model, stillMs }: Settling): Promise<void> {
  const lsn = await currentLsn(database);
  let seen = '';
  let sameSince = performance.now();
  await waitUntil(
    async () => {
      const { byId, byUid } = await readBooks(database);
      const isComplete = webhookPlans.every(({ name }) => {
        const { claimed = 0, missed = 0 } = byId.get(name) ?? {};
        return claimed + missed === model.expected(name).size;
      });
      const isIdle = [...byUid.values()].every(({ claimed, success, error }) => claimed === success + error);
      if (isIdle && isComplete) return true;
      const now = JSON.stringify([...byUid]);
      if (now !== seen) sameSince = performance.now();
      seen = now;
      if (performance.now() - sameSince < stillMs) return false;
      // What is lost does not come any more: the balance will say so.
      if (isIdle) return true;
      throw new Error(`nothing moved for ${stillMs} ms, and some deliveries have no outcome`);
    },
    { timeoutMs: longestSettlingMs, intervalMs: 100, describe: 'every delivery to have its outcome' },
  );
  await waitForConfirmed(database, { slot, lsn, timeoutMs: stillMs });
}
