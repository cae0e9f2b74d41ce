import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Loss, Resent } from '../../../src/http/console/api/types.ts';
import {
  aboutBodies,
  aboutCount,
  addResent,
  emptyTally,
  lossReasons,
  mayHaveArrived,
  nothingLeft,
  receiptOf,
  resendInWords,
  whyNotAgain,
  type ResendPhase,
} from '../../../src/http/console/words/resends.ts';

function resent(changed: Partial<Resent>): Resent {
  return {
    ...{ deliveryId: '1-1', id: '2-1', changeId: '1-0-0', key: 'k', status: null, totalMs: 3 },
    ...{ isDelivered: false, isSentElsewhere: false, outcome: null, refusal: null },
    ...changed,
  };
}

const arrived = resent({ isDelivered: true, outcome: 'delivered 200' });
const elsewhere = resent({ id: null, isSentElsewhere: true, refusal: 'another resend had it meanwhile' });
const busy = resent({ outcome: 'rejected 503 busy' });
const late = resent({ outcome: 'timeout after 10000 ms' });
const bodiless = resent({ id: null, refusal: 'its body was not kept' });

describe('what came of many', () => {
  test('is added up over pages, failures by kind', () => {
    const first = addResent(emptyTally, [arrived, busy, late, busy]);
    const { failures, ...counts } = addResent(first, [elsewhere, arrived, bodiless, busy]);
    expect(counts).toEqual({ ended: 8, arrived: 2, elsewhere: 1 });
    expect(failures.map(({ kind, count }) => [kind, count]).toSorted()).toEqual([
      ['not sent', 1],
      ['rejected 503', 3],
      ['timeout', 1],
    ]);
    expect(failures.find(({ kind }) => kind === 'not sent')?.advice).toBe('Its body was not kept.');
  });

  const tally = addResent(emptyTally, [arrived, arrived, busy]);
  test.each<[ResendPhase, number, string]>([
    ['running', 5, 'Sending: 3 of 5; 2 arrived.'],
    ['stopping', 5, 'Stopping, once those that are out have ended: 3 of 5; 2 arrived.'],
    ['stopped', 5, 'Stopped after 3 of 5; 2 arrived. The rest was not sent.'],
    ['failed', 5, 'Broken off after 3 of 5; 2 arrived.'],
    ['done', 3, '2 of 3 arrived.'],
    ['done', 4, '2 of 4 arrived. 1 other went out otherwise meanwhile.'],
  ])('%s, of %i, is said in a sentence', (phase, count, words) => {
    expect(resendInWords(phase, tally, count)).toBe(words);
  });

  test('names those that another resend had', () => {
    expect(resendInWords('done', addResent(tally, [elsewhere, elsewhere]), 5)).toBe(
      '2 of 5 arrived. 2 others went out otherwise meanwhile.',
    );
  });
});

const loss: Loss = {
  ...{ id: 12, at: '2026-03-01T12:00:00Z', webhookId: 'wh_1', companyId: 'acme', table: 'item' },
  ...{ reason: 'timeout', count: 15, fromPosition: '1-0-0', toPosition: '1-0-9', detail: null },
};
const ofLoss = { kind: 'loss', loss } as const;
const ofStretch = { kind: 'stretch', since: '2026-03-01T12:00:00Z' } as const;

describe('before many are sent again', () => {
  test.each<[Partial<Loss>, string | null]>([
    [{}, null],
    [{ reason: 'interrupted' }, null],
    [{ reason: 'gap', count: null }, 'which changes it were is not known'],
    [{ reason: 'failover', fromPosition: null }, 'which changes it were is not known'],
    [{ reason: 'deleted' }, 'its webhook is deleted'],
    [{ reason: 'undecidable', webhookId: null }, 'for which webhook it was cannot be told'],
  ])('a loss with %o says why it cannot be, if its row tells', (changed, words) => {
    const why = whyNotAgain({ ...loss, ...changed });
    if (words === null) expect(why).toBe(null);
    else expect(why).toContain(words);
  });

  test('it is said how many the loss counts, and how many of them there are', () => {
    expect(aboutCount(ofLoss, 15)).toBe(
      'Of the 15 deliveries that this loss counts the log has 15 to send again.',
    );
    expect(aboutCount(ofLoss, 13)).toContain('the log has 13 to send again. The others arrived, or may have');
    expect(aboutCount({ ...ofLoss, loss: { ...loss, count: 1 } }, 1)).toBe(
      'Of the delivery that this loss counts the log has 1 to send again.',
    );
    expect(aboutCount(ofStretch, 1)).toContain('1 delivery would be sent again.');
    expect([nothingLeft(ofLoss), nothingLeft(ofStretch)]).toEqual([
      expect.stringContaining('the log has nothing of it'),
      expect.stringContaining('nothing ended like that since then'),
    ]);
  });

  test('what the log has no body of goes out as it is now for a loss, and not at all otherwise', () => {
    expect(aboutBodies(ofLoss, 0)).toBe(null);
    expect(aboutBodies(ofLoss, 2)).toMatch(/^Of 2 the log has no body: the record goes out as it is now/);
    expect(aboutBodies(ofStretch, 2)).toBe('Of 2 the log has no body: they cannot be sent.');
  });

  test.each([
    [['interrupted'], true],
    [['timeout'], true],
    [['rejected', 'failed'], true],
    [['rejected'], false],
    [['dropped'], false],
    [['breaker_open'], false],
    [['refused'], false],
  ])('whether the receiver may have it already, after %o: %s', (kinds, may) => {
    expect(mayHaveArrived(kinds)).toBe(may);
  });
});

test('losses are found by each reason that the ledger has', () => {
  const ledger = readFileSync('sql/004_bookkeeping.sql', 'utf8');
  const words = /column rowhook\.loss\.reason is 'Why: ([^']+)\.'/.exec(ledger)?.[1] ?? '';
  expect(lossReasons.toSorted()).toEqual(words.split(/, | or /).toSorted());
});

test.each([
  ['delivered', null, 200, 'It arrived: the receiver gets it twice.'],
  ['rejected', null, 503, 'The receiver answered 503: it has seen this once.'],
  ['interrupted', null, null, 'Whether it arrived is not known: the receiver may get it twice.'],
  ['failed', 'timeout', null, 'Whether it arrived is not known: the receiver may get it twice.'],
  ['failed', 'refused', null, 'It never left: the receiver gets it for the first time.'],
  ['dropped', 'backlog_full', null, 'It never left: the receiver gets it for the first time.'],
])('what the receiver has of one that was %s (%s, %s) is said before it is sent again', (...row) => {
  const [outcome, failureClass, status, sentence] = row;
  expect(receiptOf({ outcome, class: failureClass, status })).toBe(sentence);
});
