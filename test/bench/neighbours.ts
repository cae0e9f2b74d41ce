// What a bad endpoint costs a healthy one beside it. One hangs with 200 000 changes waiting for it, one refuses 200 000; all the while a
// healthy webhook of another company gets 100 changes a second, each a transaction of its own. The baseline is the same in the
// same run, with the same writes for a company that has no webhook. Then the one that hung answers, and gets what is left in order;
// the one that refused listens, and gets nothing.
import { setTimeout as pause } from 'node:timers/promises';
import { startEndpoints } from '../soak/endpoints.ts';
import { startService } from '../support/service-process.ts';
import type { Figure, FigureContext, Measurement } from './figure.ts';
import { LogAge } from './log-age.ts';
import { NeighboursScene, type Company } from './neighbours-scene.ts';

import { percentile } from './percentile.ts';
import type { Round } from './rounds.ts';

const changes = 200_000;
const longestMs = 400_000;

interface Beside {
  readonly p50: number;
  readonly p99: number;
}

interface Passage {
  readonly alone: Beside;
  readonly hanging: Beside;
  readonly draining: Beside;
  readonly refusing: Beside;
  readonly drained: string;
  readonly refused: string;
}

export const neighbours: Figure = {
  name: 'neighbours',
  title:
    'a healthy webhook beside one that hangs with 200 000 changes waiting, and beside one that refuses as many',
  rounds: 3,
  async measure({ postgresUrl, rounds }: FigureContext): Promise<Measurement[]> {
    const passages: Passage[] = [];
    for (let round = 0; round < rounds; round++) passages.push(await passage(postgresUrl));
    const part = (name: 'hanging' | 'refusing', facts: Record<string, string>): Measurement => ({
      part: `beside one ${name === 'hanging' ? 'that hangs' : 'that refuses'}`,
      unit: 'ms from before the commit to the receipt, p99',
      baseline: 'alone',
      ours: `with ${name === 'hanging' ? '200 000 changes that wait' : 'changes that are refused'} beside it`,
      rounds: passages.map((each): Round => ({ baseline: each.alone.p99, ours: each[name].p99 })),
      ratio: {
        meaning: 'times what it is alone',
        of: 'ours ÷ baseline',
        budget: { atMost: 1.5 },
        aim: { atMost: 1.1 },
      },
      facts: {
        'p50, alone and beside it': passages
          .map((each) => `${each.alone.p50.toFixed(1)} and ${each[name].p50.toFixed(1)} ms`)
          .join('; '),
        ...facts,
      },
    });
    return [
      part('hanging', {
        'once it answers': passages.map(({ drained }) => drained).join('; '),
        'p99 of the healthy one meanwhile': passages
          .map(({ draining }) => `${draining.p99.toFixed(1)} ms`)
          .join('; '),
      }),
      part('refusing', { 'in the end': passages.map(({ refused }) => refused).join('; ') }),
    ];
  },
};

async function passage(postgresUrl: string): Promise<Passage> {
  await using endpoints = await startEndpoints();
  await using scene = await NeighboursScene.open(postgresUrl, `${endpoints.url}/hang/0`);
  const { database } = scene;
  await using service = startService({
    databaseUrl: database.serviceUrl,
    env: { ROWHOOK_LOG_LEVEL: 'info' },
    keepsLine: ({ msg }) => msg !== 'delivery.attempted',
  });
  await service.ready();
  const log = new LogAge(database, service.slot);
  // Whatever is compiled and opened first.
  await beside(scene, 'nobody', 3_000);
  const alone = await beside(scene, 'nobody');

  // As a dump has it: while its snapshot is open, no dead row goes.
  const dump = await database.connect(database.adminUrl);
  await dump.query('begin isolation level repeatable read');
  await dump.query('select count(*) from erp.job');
  await scene.change('hanging', changes);
  await log.waitUntilFree(longestMs);
  const hanging = await beside(scene, 'hanging');
  const before = await scene.counts('hanging');
  const releasedAt = performance.now();
  await endpoints.release();
  const [draining] = await Promise.all([beside(scene, 'nobody'), scene.finished('hanging', longestMs)]);
  const seconds = (performance.now() - releasedAt) / 1000;
  const { claimed, success, error } = await scene.counts('hanging');
  const { received, outOfOrder, answered } = (await endpoints.counts())['/hang/0'] ?? {};
  if (claimed !== scene.written('hanging') || received !== claimed || outOfOrder !== 0)
    throw new Error(`${claimed} claimed, ${received} received, ${outOfOrder} out of order`);
  if (answered === undefined || answered < success) throw new Error(`${success} successes of ${answered}`);

  await dump.query('commit');
  const refusing = await beside(scene, 'refusing');
  const beganAt = performance.now();
  const already = await scene.counts('refusing');
  await scene.change('refusing', changes - already.error);
  await scene.finished('refusing', longestMs);
  const perSecond = (changes - already.error) / ((performance.now() - beganAt) / 1000);
  const later = await scene.listenLater();
  return {
    alone,
    hanging,
    draining,
    refusing,
    drained:
      `${success} arrived in order, ${error} were timeouts; ` +
      `${Math.round((claimed - before.success - before.error) / seconds)} a second out of the backlog`,
    refused: `${changes} errors, ${Math.round(perSecond)} a second; ${later} sent later`,
  };
}

/** What the healthy one gets while this company's records change, 1 000 a second. */
async function beside(scene: NeighboursScene, company: Company, forMs = 10_000): Promise<Beside> {
  const stop = AbortSignal.timeout(forMs);
  const latencies = scene.pulse(stop);
  const [perTick, tickMs] = [10, 10];
  const beganAt = performance.now();
  for (let ticks = 0; !stop.aborted; ticks++) {
    await pause(Math.max(0, beganAt + ticks * tickMs - performance.now()));
    await scene.change(company, perTick);
  }
  const micros = await latencies;
  return { p50: percentile(micros, 50) / 1000, p99: percentile(micros, 99) / 1000 };
}
