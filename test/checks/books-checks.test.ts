import { describe, expect, test } from 'vitest';
import { checkBacklog, checkBreakers, checkLosses, checkWebhooks } from '../../src/checks/books-checks.ts';
import { tableFacts as table } from './facts.ts';

test('failing webhooks are named with their last error and since when, five of them', () => {
  const failing = Array.from({ length: 7 }, (_, index) => ({
    id: `wh_${index}`,
    name: 'orders',
    companyId: index === 0 ? null : 'abc123',
    errorCount: 47,
    lastSuccessAt: index === 0 ? null : new Date('2026-01-30T08:00:00Z'),
    lastErrorAt: new Date('2026-01-31T12:00:00Z'),
    lastError: 'rejected 503',
  }));
  const { status, detail, remedy } = checkWebhooks([table], failing);
  expect({ status, detail }).toEqual({ status: 'warn', detail: '2, 1 active, 7 failing' });
  const lines = remedy?.split('\n') ?? [];
  expect(lines).toHaveLength(6);
  const last = '47 errors, last error at 2026-01-31T12:00:00.000Z: rejected 503';
  expect(lines[0]).toBe(`wh_0 "orders" (all companies): never succeeded, ${last}`);
  expect(lines[1]).toBe(`wh_1 "orders" (company abc123): no success since 2026-01-30T08:00:00.000Z, ${last}`);
});

test('open breakers are named with since when, why, what waits and the next probe', () => {
  const broken = {
    id: 'wh_1',
    name: 'orders',
    companyId: 'abc123',
    since: new Date('2026-01-31T12:00:00Z'),
    probeAt: new Date('2026-01-31T12:05:00Z'),
    lastError: 'rejected 503',
    waiting: 12,
  };
  const { status, detail, remedy } = checkBreakers([broken, { ...broken, id: 'wh_2', probeAt: null }]);
  expect({ status, detail }).toEqual({ status: 'warn', detail: '2 open' });
  const open = '"orders" (company abc123): open since 2026-01-31T12:00:00.000Z, rejected 503; 12 waiting';
  expect(remedy?.split('\n').slice(0, 2)).toEqual([
    `wh_1 ${open}; next probe at 2026-01-31T12:05:00.000Z`,
    `wh_2 ${open}; the next delivery is the probe`,
  ]);
  expect(checkBreakers([]).status).toBe('ok');
});

describe('the losses', () => {
  const lastAt = new Date('2026-01-31T12:00:00Z');
  const loss = { reason: 'timeout', count: 12, uncountedEntries: 0, uncountedWebhooks: 0, lastAt };
  const gap = { reason: 'gap', count: 0, uncountedEntries: 3, uncountedWebhooks: 3, lastAt };

  test('of the last 24 hours are a warning, and the commands show the same ones, and send them again', () => {
    expect(checkLosses([loss], lastAt)).toEqual({
      check: 'losses',
      status: 'warn',
      detail: 'in the last 24 hours: 12 timeout (last 2026-01-31T12:00:00.000Z)',
      remedy:
        'See: rowhook losses --since 1d\nWhere the delivery log has it, send it again: rowhook resend --loss <id>',
    });
  });

  test('before that stay in sight', () => {
    expect(checkLosses([], lastAt)).toMatchObject({
      status: 'ok',
      detail: 'none in the last 24 hours; the last one at 2026-01-31T12:00:00.000Z',
    });
  });

  test.each([
    [gap, 'gap for 3 webhooks, count unknown'],
    [{ ...gap, uncountedWebhooks: 0 }, 'gap, count unknown'],
    [{ ...gap, count: 2 }, '2 gap and gap for 3 webhooks, count unknown'],
  ])('that nobody could count are never a zero: %j', (facts, words) => {
    expect(checkLosses([facts], lastAt).detail).toContain(`: ${words} (last `);
  });
});

describe('the backlog', () => {
  const waiting = {
    id: 'wh_1',
    name: 'orders',
    companyId: 'abc123',
    isActive: true,
    isBreakerOpen: false,
    count: 12,
    bytes: 4_096,
    ageS: 90,
  };

  test('is a warning where an active webhook waits for more than a minute, and names it', () => {
    const { status, detail, remedy } = checkBacklog([waiting, { ...waiting, id: 'wh_2', ageS: 2 }]);
    expect({ status, detail }).toEqual({
      status: 'warn',
      detail: '24 deliveries of 2 webhooks (8.0 kB), the oldest for 90 s',
    });
    expect(remedy).toBe(
      'wh_1 "orders" (company abc123): its endpoint cannot keep up or is down: 12 waiting (4.0 kB), the oldest for 90 s',
    );
  });

  test('waits for a breaker, not for an endpoint that is slow, while the breaker is open', () => {
    expect(checkBacklog([{ ...waiting, isBreakerOpen: true }]).remedy).toContain(
      '(company abc123): its breaker is open: 12 waiting',
    );
  });

  test('of a paused webhook is as it should be', () => {
    expect(checkBacklog([{ ...waiting, isActive: false, ageS: 100_000 }])).toMatchObject({ status: 'ok' });
    expect(checkBacklog([])).toMatchObject({ status: 'ok', detail: 'empty' });
  });
});
