// Whether many companies cost more than one: the same 100 000 changes go round among 10 000 companies with a webhook each, or are all one
// company's. The endpoint is the same, so that only the service tells them apart.
import type { Figure, Measurement } from './figure.ts';
import { interleave } from './rounds.ts';
import { Sending } from './sending.ts';

const changes = { count: 100_000, perTransaction: 1 };
const companies = 10_000;

export const manyCompanies: Figure = {
  name: 'companies',
  title: '100 000 one-row transactions of 10 000 companies with a webhook each',
  rounds: 3,
  async measure({ postgresUrl, rounds, logs }): Promise<Measurement> {
    await using one = await Sending.open({ postgresUrl });
    await using many = await Sending.open({ postgresUrl, webhooks: companies });
    const log = logs[0] ?? 'all';
    return {
      unit: 'POSTs/s',
      baseline: 'one company with one webhook',
      ours: '10 000 companies with a webhook each',
      rounds: await interleave(
        {
          baseline: async () => (await one.drain(changes, log)).perSecond,
          ours: async () => (await many.drain(changes, log)).perSecond,
        },
        { warmUp: 0, rounds },
      ),
      ratio: {
        meaning: 'of the speed of one',
        of: 'ours ÷ baseline',
        budget: { atLeast: 0.8 },
        aim: { atLeast: 0.95 },
      },
      facts: { 'delivery log': log },
    };
  },
};
