// What a bad endpoint costs a healthy one beside it: both have a webhook for every change, 1 000 a second. The healthy one's p99,
// from the commit to the receipt, is compared with what it was just before, alone.
import { openCommitToReceipt } from './commit-to-receipt.ts';
import type { Figure, Measurement } from './figure.ts';
import { createItemWebhooks } from './items.ts';

const perSecond = 1_000;
const seconds = 6;

const neighbours = [
  { part: 'one that refuses', path: null },
  { part: 'one that hangs', path: '/hang' },
] as const;

export const isolation: Figure = {
  name: 'isolation',
  title: "a healthy webhook's p99 with a bad endpoint beside it",
  rounds: 5,
  async measure({ postgresUrl, rounds, logs }): Promise<Measurement[]> {
    const log = logs[0] ?? 'all';
    const seen = neighbours.map(() => [] as { baseline: number; ours: number }[]);
    for (let round = 0; round < rounds; round++) {
      await using scene = await openCommitToReceipt(postgresUrl, log);
      const p99 = async (): Promise<number> => (await scene.measure(perSecond, seconds)).p99;
      for (const [index, { path }] of neighbours.entries()) {
        const baseline = await p99();
        const url = path === null ? 'http://127.0.0.1:9/' : scene.receiver.url + path;
        await createItemWebhooks(scene.database, { url, companies: 1, name: 'bad' });
        seen[index]?.push({ baseline, ours: await p99() });
        await scene.database.admin.query(`delete from rowhook.webhook where name = 'bad'`);
      }
    }
    return neighbours.map(({ part }, index) => ({
      part,
      unit: 'ms',
      baseline: 'p99 alone',
      ours: `p99 beside ${part}`,
      rounds: seen[index] ?? [],
      ratio: {
        meaning: 'times as long',
        of: 'ours ÷ baseline',
        budget: { atMost: 1.5 },
        aim: { atMost: 1.1 },
      },
      facts: { 'delivery log': log, changes: `${perSecond}/s for ${seconds} s on each side` },
    }));
  },
};
