import { describe, expect, test } from 'vitest';
import { TableActivities, type ReadTable, type TableActivity } from '../src/table-activity.ts';

const minuteMs = 60_000;
const noon = Date.UTC(2026, 2, 1, 12);
const inMinutes = (count: number): number => noon + count * minuteMs;
const item: ReadTable = { name: 'item', operations: ['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE'] };
const whole = (count: number): object => ({ count, since: null });

function of(companyId: string | null, oldCompanyId = companyId): Parameters<TableActivities['changed']>[2] {
  return { companyId, oldCompanyId };
}

/** The counts alone: inserts, updates, deletes, truncates. */
function counts({ inserts, updates, deletes, truncates }: TableActivity): (number | null)[] {
  return [inserts, updates, deletes, truncates].map((counted) => counted?.count ?? null);
}

/** It leads since ten to twelve and has read a transaction of that moment. */
function begun(tables = [item], maxCompanies?: number): TableActivities {
  const activities = new TableActivities(inMinutes(-10), maxCompanies);
  activities.reads(tables);
  activities.begins(inMinutes(-10));
  return activities;
}

describe('the last hour of a table', () => {
  test('has for each company what its webhooks are told of, and for all whatever was changed', () => {
    const activities = begun();
    activities.begins(noon);
    activities.changed('item', 'INSERT', of('a'));
    activities.changed('item', 'UPDATE', of('a'));
    activities.changed('item', 'UPDATE', of('b'));
    activities.changed('item', 'DELETE', of('a'));
    activities.changed('item', 'INSERT', of(null));
    expect(counts(activities.of('item', 'a', noon))).toEqual([1, 1, 1, 0]);
    expect(counts(activities.of('item', 'b', noon))).toEqual([0, 1, 0, 0]);
    expect(counts(activities.of('item', 'nobody', noon))).toEqual([0, 0, 0, 0]);
    expect(counts(activities.of('item', null, noon))).toEqual([2, 2, 1, 0]);
  });

  test('has a row that moves as a delete for one company, an insert for the other and an update for all', () => {
    const activities = begun();
    activities.changed('item', 'UPDATE', of('b', 'a'));
    activities.changed('item', 'UPDATE', of(null, 'b'));
    activities.changed('item', 'UPDATE', of('c', null));
    expect(counts(activities.of('item', 'a', noon))).toEqual([0, 0, 1, 0]);
    expect(counts(activities.of('item', 'b', noon))).toEqual([1, 0, 1, 0]);
    expect(counts(activities.of('item', 'c', noon))).toEqual([1, 0, 0, 0]);
    expect(counts(activities.of('item', null, noon))).toEqual([0, 3, 0, 0]);
  });

  test('has a TRUNCATE for whoever asks, for it has no company', () => {
    const activities = begun();
    activities.truncated('item');
    expect(activities.of('item', 'a', noon).truncates?.count).toBe(1);
    expect(activities.of('item', null, noon).truncates?.count).toBe(1);
  });

  test('slides on by the minute of the commit, whatever was read or asked for last', () => {
    const activities = begun();
    const inserted = (atMs: number): void => {
      activities.begins(atMs);
      activities.changed('item', 'INSERT', of('a'));
    };
    const seen = (nowMs: number): number | undefined => activities.of('item', 'a', nowMs).inserts?.count;
    inserted(noon);
    inserted(inMinutes(20));
    expect([seen(inMinutes(20)), seen(inMinutes(59)), seen(inMinutes(60))]).toEqual([2, 2, 1]);
    // What is read now was committed before: the service is behind.
    inserted(inMinutes(30));
    expect([seen(inMinutes(60)), seen(inMinutes(89)), seen(inMinutes(90))]).toEqual([2, 1, 0]);
    inserted(inMinutes(30));
    expect(seen(inMinutes(90))).toBe(0);
  });
});

describe('since when it is counted', () => {
  const since = (activities: TableActivities, nowMs: number): Date | null | undefined =>
    activities.of('item', null, nowMs).inserts?.since;

  test('is when the term began, or the commit that it read first, until that is an hour ago', () => {
    const activities = new TableActivities(noon);
    activities.reads([item]);
    expect(since(activities, inMinutes(1))).toEqual(new Date(noon));
    activities.begins(inMinutes(-7));
    expect(since(activities, inMinutes(1))).toEqual(new Date(inMinutes(-7)));
    // A server's clock may be set back: nothing of that time was read.
    activities.begins(inMinutes(-20));
    expect(since(activities, inMinutes(1))).toEqual(new Date(inMinutes(-7)));
    expect(since(activities, inMinutes(52))).toBeNull();
  });

  test('is the commit from which on an operation is read; before that it is not known', () => {
    const activities = begun([{ name: 'item', operations: ['INSERT'] }]);
    activities.begins(noon);
    expect(activities.of('item', 'a', noon).deletes).toBeNull();
    activities.reads([item]);
    activities.changed('item', 'DELETE', of('a'));
    expect(activities.of('item', 'a', noon).deletes).toEqual({ count: 1, since: new Date(noon) });
    expect(since(activities, noon)).toEqual(new Date(inMinutes(-10)));
  });

  test('begins anew when an operation was not read for a while', () => {
    const activities = begun();
    activities.changed('item', 'DELETE', of('a'));
    activities.changed('item', 'INSERT', of('a'));
    activities.begins(noon);
    activities.reads([{ name: 'item', operations: ['INSERT', 'UPDATE'] }]);
    expect(counts(activities.of('item', 'a', noon))).toEqual([1, 0, null, null]);
    activities.begins(inMinutes(5));
    activities.reads([item]);
    const deletes = { count: 0, since: new Date(inMinutes(5)) };
    expect(activities.of('item', 'a', inMinutes(6))).toMatchObject({ deletes });
    expect(activities.of('item', null, inMinutes(6))).toMatchObject({ deletes });
    expect(counts(activities.of('item', 'a', inMinutes(6)))).toEqual([1, 0, 0, 0]);
  });

  test('is nothing for a table that is not read', () => {
    const activities = begun();
    activities.changed('item', 'INSERT', of('a'));
    expect(counts(activities.of('order', 'a', noon))).toEqual([null, null, null, null]);
    activities.reads([]);
    expect(counts(activities.of('item', 'a', noon))).toEqual([null, null, null, null]);
  });
});

describe('of more companies than are kept apart', () => {
  function full(): TableActivities {
    const activities = begun([item], 2);
    for (const company of ['a', 'b', 'c']) activities.changed('item', 'INSERT', of(company));
    return activities;
  }

  test('the others are not known, and those that are stay right', () => {
    const activities = full();
    expect(counts(activities.of('item', 'a', noon))).toEqual([1, 0, 0, 0]);
    expect(counts(activities.of('item', 'c', noon))).toEqual([null, null, null, 0]);
    // Nobody can tell it from those that were turned away.
    expect(activities.of('item', 'd', noon).inserts).toBeNull();
    expect(activities.of('item', null, noon).inserts?.count).toBe(3);
  });

  test('what was idle for an hour makes room, and who comes then is known from then on', () => {
    const activities = full();
    activities.forgetIdle(inMinutes(49));
    activities.begins(inMinutes(49));
    activities.changed('item', 'INSERT', of('c'));
    expect(activities.of('item', 'c', inMinutes(49)).inserts).toBeNull();
    activities.forgetIdle(inMinutes(50));
    activities.begins(inMinutes(50));
    activities.changed('item', 'UPDATE', of('c'));
    const { inserts, updates } = activities.of('item', 'c', inMinutes(50));
    expect([inserts, updates]).toEqual([
      { count: 0, since: new Date(inMinutes(49)) },
      { count: 1, since: new Date(inMinutes(49)) },
    ]);
    expect(activities.of('item', 'a', inMinutes(50)).inserts).toBeNull();
    expect(activities.of('item', 'a', inMinutes(110)).inserts).toEqual(whole(0));
  });

  test('a table that is not read any more makes room', () => {
    const activities = full();
    activities.reads([{ ...item, name: 'order' }]);
    activities.changed('order', 'INSERT', of('z'));
    expect(activities.of('order', 'z', noon).inserts?.count).toBe(1);
  });
});
