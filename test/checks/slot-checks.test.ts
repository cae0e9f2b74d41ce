import { describe, expect, test } from 'vitest';
import { checkCatalogAge, checkKeptLog, checkOrigin, checkSlot } from '../../src/checks/slot-checks.ts';
import { serverFacts as server, slotFacts as slot, stateFacts as state } from './facts.ts';

describe('the slot', () => {
  test.each([
    ['fail', { walStatus: 'lost' }, /is lost/],
    ['fail', { invalidationReason: 'wal_removed' }, /lost \(wal_removed\)/],
    ['fail', { isHere: false, database: 'other' }, /belongs to database "other"/],
    ['fail', { isHere: false, database: null, plugin: null }, /physical/],
    ['fail', { plugin: 'wal2json' }, /plugin wal2json/],
    ['ok', { lagBytes: 1536, retainedBytes: 32 * 1024 ** 2 }, /1\.5 kB behind, 32\.0 MB of WAL kept/],
    ['ok', { failover: null }, /wal_status reserved$/],
  ])('is %s with %j', (status, facts, detail) => {
    expect(checkSlot('rowhook', { ...slot, ...facts }, state)).toMatchObject({
      status,
      detail: expect.stringMatching(detail) as string,
    });
  });

  test('that does not exist yet is a warning that names rowhook start', () => {
    const remedy = expect.stringContaining('rowhook start') as string;
    expect(checkSlot('rowhook', null, null)).toMatchObject({ status: 'warn', remedy });
  });

  test('that was read and is gone fails in the words of start, with its remedy and what is missed', () => {
    const check = checkSlot('rowhook', null, state);
    expect(check).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(
        /^The replication slot "rowhook" is gone.* after 0\/16B3748 .*2026-01-31T11:00:00\.000Z\.$/,
      ) as string,
      remedy: expect.stringContaining('rowhook slot recreate --accept-gap') as string,
    });
    expect(JSON.stringify(check)).not.toContain('first start');
  });

  test.each([
    ['wal_removed', /Raise max_slot_wal_keep_size/],
    ['idle_timeout', /Raise idle_replication_slot_timeout/],
  ])('that is lost by %s says from where and since when changes are missed', (reason, remedy) => {
    const inactiveSince = new Date('2026-01-31T13:00:00Z');
    const lost = { ...slot, walStatus: 'lost', invalidationReason: reason, inactiveSince };
    expect(checkSlot('rowhook', lost, state)).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(
        /after 0\/16B3748 .* missed.*last at 2026-01-31T11:00.*nobody has read since 2026-01-31T13:00/,
      ) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  test.each([null, slot])('of another name than the one that was read fails and names both', (found) => {
    expect(checkSlot('other', found, state)).toMatchObject({
      status: 'fail',
      detail: 'ROWHOOK_SLOT is "other", but the slot that was read here is "rowhook"',
      remedy: expect.stringMatching(
        /^Set ROWHOOK_SLOT=rowhook; .*ROWHOOK_SLOT=other rowhook slot recreate/,
      ) as string,
    });
  });

  test('that somebody else made under its name is left alone: the way on is another name', () => {
    const foreign = { ...slot, plugin: 'test_decoding' };
    expect(checkSlot('rowhook', foreign, state)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining("is not this installation's") as string,
      remedy: expect.stringContaining('ROWHOOK_SLOT=rowhook_2 rowhook slot recreate --accept-gap') as string,
    });
    expect(checkSlot('rowhook', foreign, null).remedy).toMatch(/^Set ROWHOOK_SLOT to a name of its own/);
  });
});

describe('the log kept for the slot', () => {
  const mb = 1024 ** 2;
  test.each([
    ['ok', { safeWalBytes: 6 * 1024 * mb }],
    ['warn', { safeWalBytes: 4 * 1024 * mb }],
    ['fail', { safeWalBytes: -mb, walStatus: 'unreserved' }],
    ['ok', { safeWalBytes: null }],
  ])('is %s with %j of 10 GB', (status, facts) => {
    expect(checkKeptLog({ ...slot, ...facts }, server)).toEqual([expect.objectContaining({ status })]);
  });

  test('is nobody’s where the slot is gone, lost or another’s', () => {
    expect(checkKeptLog(null, server)).toEqual([]);
    expect(checkKeptLog({ ...slot, walStatus: 'lost' }, server)).toEqual([]);
    expect(checkKeptLog({ ...slot, isHere: false }, server)).toEqual([]);
  });
});

test('catalog rows that vacuum may not remove are a warning at a quarter of autovacuum_freeze_max_age', () => {
  expect(checkCatalogAge({ ...slot, catalogAge: 49_999_999 })).toMatchObject([{ status: 'ok' }]);
  expect(checkCatalogAge({ ...slot, catalogAge: 50_000_000 })).toMatchObject([
    { status: 'warn', detail: expect.stringContaining('last 50000000 transactions') as string },
  ]);
});

test('books of another server fail in the words of start; of another timeline a start decides', () => {
  const origin = { systemId: '7', timeline: 1, databaseOid: 16_384 };
  expect(checkOrigin(state, origin)).toMatchObject([{ status: 'ok' }]);
  expect(checkOrigin(state, { ...origin, systemId: '8' })).toMatchObject([
    { status: 'fail', detail: expect.stringContaining('the cluster (system id 8 instead of 7') as string },
  ]);
  expect(checkOrigin(state, { ...origin, timeline: 2 })).toMatchObject([
    { status: 'warn', detail: expect.stringContaining('timeline 2, the books end on timeline 1') as string },
  ]);
  expect(checkOrigin(null, origin)).toEqual([]);
});
