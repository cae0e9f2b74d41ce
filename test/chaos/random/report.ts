/** The balance of a run in words and figures. */
import type { RandomKillsResult } from './random-kills.ts';

export function reportText(result: RandomKillsResult, seed: number): string {
  const { balance, kills, faults, changes, transactions, changesPerSecond, seconds } = result;
  const losses = Object.entries(balance.losses).filter(([reason]) => reason !== 'undecidable');
  const lines: readonly (readonly [string, number | string])[] = [
    ['seed', seed],
    ['processes killed', kills],
    [
      'changes written',
      `${changes} in ${transactions} transactions, ${changesPerSecond.toFixed(0)}/s for ${seconds.toFixed(0)} s`,
    ],
    ['deliveries expected (20 webhooks)', balance.expected],
    ['received once', balance.once],
    ['received twice', balance.twice],
    ['never arrived, in the ledger', balance.absent],
    ['rejected (answered 503)', balance.rejected],
    ...losses.map(([reason, count]) => [`ledger: ${reason}`, count] as const),
    ['missed (paused webhooks)', balance.missed],
    ['undecidable', balance.undecidable],
    [
      'counters of all webhooks',
      `claimed ${balance.claimed} = success ${balance.success} + error ${balance.error}`,
    ],
    ['late across a takeover', balance.wentBack],
    ['unexplained', balance.findings.length],
  ];
  const width = Math.max(...lines.map(([name]) => name.length));
  const table = lines.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const kinds = [...faults]
    .sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => `  ${String(count).padStart(4)}  ${kind}`);
  const findings = balance.findings.slice(0, 40).map((finding) => `  ${finding}`);
  return [...table, 'faults:', ...kinds, ...(findings.length > 0 ? ['findings:', ...findings] : [])].join(
    '\n',
  );
}

export function isGreen({ balance }: RandomKillsResult): boolean {
  return balance.twice === 0 && balance.findings.length === 0;
}
