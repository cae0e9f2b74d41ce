// The main figure of speed: 100 000 changes, each the only one of its transaction and of its record, wait in the log when the service
// starts, and go to one fast endpoint; every delivery is claimed in a Postgres that syncs. Against a bare loop of `undici.request`.
import type { DeliveryLog, Figure, FigureContext, Measurement } from './figure.ts';
import type { Round } from './rounds.ts';
import { describeRate, Sending, type Rate } from './sending.ts';

const changes = 100_000;

export const drain: Figure = {
  name: 'drain',
  title: '100 000 one-row transactions to one fast endpoint',
  rounds: 3,
  async measure({ postgresUrl, rounds, logs }: FigureContext): Promise<Measurement[]> {
    await using sending = await Sending.open({ postgresUrl });
    const limit = await sending.receiverLimit(3 * changes);
    const bare: Rate[] = [];
    const ours = new Map<DeliveryLog, Rate[]>(logs.map((log) => [log, []]));
    for (let round = 0; round < rounds; round++) {
      bare.push(await sending.bareLoop(changes));
      // Turned round each time, so that none is always the one after the bare loop.
      const inTurn = round % 2 === 0 ? [...ours] : [...ours].reverse();
      for (const [log, rates] of inTurn) {
        rates.push(await sending.drain({ count: changes, perTransaction: 1 }, log));
      }
    }
    const large = await sending.drain({ count: changes, perTransaction: 100 }, logs[0]);
    const facts = {
      body: `${Buffer.byteLength(sending.body)} bytes`,
      'the receiver takes': `${Math.round(limit)} POSTs/s from a client that costs next to nothing`,
      'with 100 rows in each transaction': describeRate(large),
    };
    return [...ours].map(([log, rates]) => ({
      part: `log ${log}`,
      unit: 'POSTs/s',
      baseline: 'bare undici.request loop',
      ours: 'rowhook',
      rounds: bare.map(({ perSecond }, round): Round => ({
        baseline: perSecond,
        ours: rates[round]?.perSecond ?? NaN,
      })),
      ratio: {
        meaning: 'of the bare loop',
        of: 'ours ÷ baseline',
        budget: { atLeast: 0.7 },
        aim: { atLeast: 1 },
      },
      facts: {
        ...facts,
        'the bare loop': bare.map(describeRate).join('; '),
        rowhook: rates.map(describeRate).join('; '),
      },
    }));
  },
};
