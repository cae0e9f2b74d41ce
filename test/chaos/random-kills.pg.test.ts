import { expect, test } from 'vitest';
import { report } from '../support/report.ts';
import { runRandomKills } from './random/random-kills.ts';
import { reportText } from './random/report.ts';

test(
  'whatever is killed under load, nothing arrives twice and the ledger explains every difference',
  { timeout: 180_000 },
  async () => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    const result = await runRandomKills({
      seed,
      kills: 4,
      limitMs: 60_000,
      changesPerSecond: 300,
      stillMs: 20_000,
      say: () => undefined,
    });
    const text = reportText(result, seed);
    report({ text });
    expect(result.balance.twice, text).toBe(0);
    expect(result.balance.findings, text).toEqual([]);
    expect(result.balance.once, text).toBeGreaterThan(0);
  },
);
