// How late a change arrives while 1 000 are committed each second, from the application's statement until the receiver has the POST;
// against one commit and one bare POST, each alone on the same machine.
import { openCommitToReceipt, type Latency } from './commit-to-receipt.ts';
import type { Figure, Measurement } from './figure.ts';
import type { Round } from './rounds.ts';

const perSecond = 1_000;
const seconds = 10;

const percentiles = [
  { part: 'p50', budget: { atMost: 4 }, aim: { atMost: 2 } },
  { part: 'p99', budget: { atMost: 15 }, aim: { atMost: 6 } },
] as const;

export const latency: Figure = {
  name: 'latency',
  title: 'from a commit to its receipt, at 1 000 changes a second',
  rounds: 5,
  async measure({ postgresUrl, rounds, logs }): Promise<Measurement[]> {
    const log = logs[0] ?? 'all';
    await using scene = await openCommitToReceipt(postgresUrl, log);
    const alone: { commit: number; post: number }[] = [];
    const ours: Latency[] = [];
    for (let round = 0; round < rounds; round++) {
      alone.push(await scene.alone());
      ours.push(await scene.measure(perSecond, seconds));
    }
    return percentiles.map(({ part, budget, aim }) => ({
      part,
      unit: 'ms',
      baseline: 'one commit + one bare POST, each alone',
      ours: `${part} of commit to receipt`,
      rounds: ours.map((measured, round): Round => {
        const { commit = NaN, post = NaN } = alone[round] ?? {};
        return { baseline: commit + post, ours: measured[part] };
      }),
      ratio: { meaning: 'times as long', of: 'ours ÷ baseline', budget, aim },
      facts: {
        'delivery log': log,
        alone: alone.map(({ commit, post }) => `${commit.toFixed(2)} + ${post.toFixed(2)} ms`).join('; '),
        written: ours.map(({ writes }) => writes).join('; '),
      },
    }));
  },
};
