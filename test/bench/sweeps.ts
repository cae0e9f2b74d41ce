// Tables of rates: how sending behaves as one setting changes, beside a bare loop that posts the same body over the same kind of connection. They
// have no budget. Counts are small enough that all of them take a few minutes, and both sides are still warming up in part of that.
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cert, key } from '../delivery/certificate.ts';
import type { Figure, FigureContext, Measurement } from './figure.ts';
import { interleave } from './rounds.ts';
import { defaultConnections, describeRate, Sending, type Rate, type SendingOptions } from './sending.ts';

interface Setting extends Omit<SendingOptions, 'postgresUrl'> {
  readonly part: string;
  readonly count?: number;
  readonly perTransaction?: number;
  /** Of the bare loop. */
  readonly connections?: number;
}

const usualCount = 30_000;

function sweep(name: string, title: string, settings: readonly Setting[]): Figure {
  return {
    name,
    title,
    rounds: 2,
    isSweep: true,
    measure: async (context) => {
      const rows: Measurement[] = [];
      for (const setting of settings) rows.push(await measure(setting, context));
      return rows;
    },
  };
}

async function measure(setting: Setting, context: FigureContext): Promise<Measurement> {
  const { part, count = usualCount, perTransaction = 1, connections = defaultConnections, ...wish } = setting;
  const log = context.logs[0] ?? 'all';
  await using sending = await Sending.open({ ...wish, postgresUrl: context.postgresUrl });
  const ours: Rate[] = [];
  const sides = {
    baseline: async () => (await sending.bareLoop(count, connections)).perSecond,
    ours: async () => {
      const rate = await sending.drain({ count, perTransaction }, log);
      ours.push(rate);
      return rate.perSecond;
    },
  };
  return {
    part,
    unit: 'POSTs/s',
    baseline: 'bare undici.request loop',
    ours: 'rowhook',
    rounds: await interleave(sides, { warmUp: 0, rounds: context.rounds }),
    ratio: { meaning: 'of the bare loop', of: 'ours ÷ baseline' },
    facts: {
      changes: `${count}, ${perTransaction} per transaction`,
      body: `${Buffer.byteLength(sending.body)} bytes`,
      'connections of the bare loop': String(connections),
      rowhook: ours.map(describeRate).join('; '),
      'delivery log': log,
    },
  };
}

const tls: Figure = {
  name: 'tls',
  title: 'sending with and without TLS',
  rounds: 2,
  isSweep: true,
  measure: async (context) => {
    const file = join(tmpdir(), `rowhook-bench-${randomUUID()}.pem`);
    await writeFile(file, cert);
    try {
      const plain = await measure({ part: 'plain' }, context);
      return [plain, await measure({ part: 'TLS', tls: { key, cert, file } }, context)];
    } finally {
      await rm(file);
    }
  },
};

export const sweeps: readonly Figure[] = [
  sweep('payload-size', 'sending, by the size of the payload', [
    { part: '200 B', payloadBytes: 200 },
    { part: '1 kB', payloadBytes: 1_000 },
    { part: '10 kB', payloadBytes: 10_000 },
  ]),
  sweep('receiver-delay', 'sending, by how long the receiver takes', [
    { part: '0 ms' },
    { part: '50 ms', path: '/delay/50', count: 4_000 },
    { part: '300 ms', path: '/delay/300', count: 1_000 },
  ]),
  sweep('concurrency', 'sending to a receiver that takes 50 ms, by how many POSTs may be out', [
    { part: '32, one webhook', path: '/delay/50', count: 4_000 },
    { part: '128, 4 webhooks', path: '/delay/50', count: 15_000, webhooks: 4, connections: 128 },
    { part: '256, 8 webhooks', path: '/delay/50', count: 30_000, webhooks: 8, connections: 256 },
  ]),
  sweep('webhook-count', 'sending, by the number of companies with a webhook each', [
    { part: '1 webhook' },
    { part: '100 webhooks', webhooks: 100 },
    { part: '10 000 webhooks', webhooks: 10_000 },
  ]),
  sweep('transaction-size', 'sending, by the number of changes in a transaction', [
    { part: '1 change' },
    { part: '100 changes', perTransaction: 100 },
    { part: '10 000 changes', perTransaction: 10_000 },
  ]),
  tls,
];
