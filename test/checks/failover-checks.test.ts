import { expect, test } from 'vitest';
import { checkFailovers } from '../../src/checks/failover-checks.ts';
import type { PromotionFacts } from '../../src/database/status/failover.ts';

const failover: PromotionFacts = {
  reason: 'failover',
  since: new Date('2026-01-31T12:00:00Z'),
  isRecent: true,
  fromTimeline: 1,
  toTimeline: 2,
  switchedAt: '0/3000060',
  epochBefore: 1,
  interrupted: 12,
  fromPosition: '1-0000000002000000-0',
  toPosition: '1-0000000003000060-0',
  undoneClaims: null,
};
const switchover: PromotionFacts = { ...failover, reason: 'switchover', interrupted: 0, fromPosition: null };

test('a failover is a warning for a day: what was interrupted, what nobody can know, and where the ledger has it', () => {
  expect(checkFailovers([failover])).toEqual([
    {
      check: 'failover',
      status: 'warn',
      detail:
        'a standby was promoted (timeline 1 to 2, switch point 0/3000060); the service has led here since ' +
        '2026-01-31T12:00:00.000Z. Not proven that it had everything: 12 deliveries from before were not settled here and are ' +
        'interrupted; those sent last may be missing from the counters, and may be of changes that this server does not have; how ' +
        'many cannot be known',
      remedy: [
        `select * from rowhook.loss where reason in ('failover', 'interrupted') and at >= '2026-01-31T12:00:00.000Z' order by id;`,
        `Compare the records with the receivers' own: what was sent of changes from 1-0000000002000000-0 on may be missing from the ` +
          'counters; change ids of epoch 1 from 1-0000000003000060-0 on are of changes that this server does not have.',
      ].join('\n'),
    },
  ]);
  expect(checkFailovers([{ ...failover, isRecent: false }])).toMatchObject([{ status: 'ok', remedy: null }]);
});

test('a failover stays a warning when a switchover follows it', () => {
  const later = { ...switchover, since: new Date('2026-01-31T13:00:00Z'), fromTimeline: 2, toTimeline: 3 };
  expect(checkFailovers([failover, later])).toMatchObject([{ status: 'warn' }]);
  expect(checkFailovers([{ ...failover, isRecent: false }, later])).toMatchObject([
    { status: 'ok', detail: expect.stringMatching(/timeline 2 to 3.*Proven: nothing was lost$/) as string },
  ]);
});

test('without a promotion there is no line', () => {
  expect(checkFailovers([])).toEqual([]);
});
