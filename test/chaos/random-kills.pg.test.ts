import { expect, test } from 'vitest';
import { report } from '../support/report.ts';
import { runRandomKills } from './random/random-kills.ts';
import { reportText } from './random/report.ts';

const anySeed = Math.floor(Math.random() * 2 ** 31);

test.each([
  ['one seed', 1],
  ['another seed each time', anySeed],
])(
  'whatever is killed under load, nothing arrives twice and the ledger explains every difference: %s',
  { timeout: 180_000 },
  async (_name, seed) => {
    const result = await runRandomKills({
      seed,
      kills: 3,
      limitMs: 60_000,
      changesPerSecond: 300,
      settleMs: 40_000,
      say: () => undefined,
    });
    const text = reportText(result, seed);
    report({ text });
    expect(result.balance.twice, text).toBe(0);
    expect(result.balance.findings, text).toEqual([]);
    expect(result.balance.once, text).toBeGreaterThan(0);
  },
);
