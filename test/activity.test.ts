import { describe, expect, test } from 'vitest';
import { Activity } from '../src/activity.ts';
import type { Outcome } from '../src/delivery/outcome.ts';

const minuteMs = 60_000;
const noon = Date.UTC(2026, 2, 1, 12);
const webhook = { id: 'wh_1', companyId: 'abc' };
const delivered: Outcome = { kind: 'delivered', status: 200 };
const refused: Outcome = { kind: 'failed', class: 'refused', detail: '' };

describe('the last hour of a webhook', () => {
  test('has what came of its deliveries in each minute, the one that runs last', () => {
    const activity = new Activity(0);
    activity.finished(webhook, delivered, 1, noon);
    activity.finished(webhook, delivered, 1, noon + minuteMs);
    activity.finished(webhook, refused, 7, noon + 3 * minuteMs);
    const { delivered: good, failed } = activity.of(webhook, noon + 4 * minuteMs);
    expect(good).toHaveLength(60);
    expect([good.slice(-5), failed.slice(-5)]).toEqual([
      [1, 1, 0, 0, 0],
      [0, 0, 0, 1, 0],
    ]);
  });

  test('forgets what is older', () => {
    const activity = new Activity(0);
    activity.finished(webhook, delivered, 1, noon);
    const sum = (nowMs: number): number => activity.of(webhook, nowMs).delivered.reduce((a, b) => a + b);
    expect([sum(noon + 59 * minuteMs), sum(noon + 60 * minuteMs), sum(noon + 1e6 * minuteMs)]).toEqual([
      1, 0, 0,
    ]);
  });

  test('says since when it is counted, until that is an hour ago', () => {
    const activity = new Activity(noon);
    const since = (nowMs: number): Date | null => activity.of(webhook, nowMs).since;
    expect([since(noon + 1), since(noon + 59 * minuteMs), since(noon + 60 * minuteMs)]).toEqual([
      new Date(noon),
      null,
      null,
    ]);
    const late = new Activity(noon + 1);
    expect(late.of(webhook, noon + 59 * minuteMs).since).toEqual(new Date(noon + 1));
    expect(late.of(webhook, noon + 60 * minuteMs).since).toBeNull();
  });

  test('goes on when the clock is set back', () => {
    const activity = new Activity(0);
    activity.finished(webhook, delivered, 1, noon);
    activity.finished(webhook, delivered, 1, noon - 30 * minuteMs);
    expect(activity.of(webhook, noon).delivered.at(-1)).toBe(2);
  });

  test('counts failures in a row from the first after a success, and says since when', () => {
    const activity = new Activity(0);
    activity.finished(webhook, refused, 3, noon - minuteMs);
    activity.finished(webhook, delivered, 1, noon);
    expect(activity.of(webhook, noon)).toMatchObject({ failuresInRow: 0, failingSince: null });
    activity.finished(webhook, refused, 5, noon + 1);
    activity.finished(webhook, refused, 9, noon + 2);
    expect(activity.of(webhook, noon + 3)).toMatchObject({
      failuresInRow: 2,
      failingSince: new Date(noon + 1),
      lastFailureMs: 9,
    });
  });

  test('is nothing for another company, should the id come back there', () => {
    const activity = new Activity(0);
    activity.finished(webhook, refused, 5, noon);
    const other = { id: webhook.id, companyId: 'xyz' };
    expect(activity.of(other, noon)).toMatchObject({ failuresInRow: 0, lastFailureMs: null });
    activity.finished(other, delivered, 1, noon);
    expect(activity.of(webhook, noon).failed.at(-1)).toBe(0);
  });

  test('does not count what was dropped because the webhook is gone', () => {
    const activity = new Activity(0);
    activity.finished(webhook, { kind: 'dropped', reason: 'deleted' }, null, noon);
    expect(activity.of(webhook, noon).failuresInRow).toBe(0);
  });

  test('is kept no longer than an hour after the last delivery', () => {
    const activity = new Activity(0);
    activity.finished(webhook, refused, 5, noon);
    activity.forgetIdle(noon + 59 * minuteMs);
    expect(activity.of(webhook, noon + 59 * minuteMs).failuresInRow).toBe(1);
    activity.forgetIdle(noon + 60 * minuteMs);
    expect(activity.of(webhook, noon + 60 * minuteMs).failuresInRow).toBe(0);
  });
});
