import { describe, expect, test } from 'vitest';
import { checkLosses, checkTables, checkWebhooks } from '../../src/cli/status/installation-checks.ts';
import { checkLeader, checkPublication, checkServer, checkSlot } from '../../src/cli/status/server-checks.ts';
import type { TableFacts } from '../../src/database/status/installation.ts';
import type { PublicationFacts, ServerFacts, SlotFacts } from '../../src/database/status/server.ts';

const server: ServerFacts = {
  version: '18.4',
  database: 'erp',
  login: 'rowhook',
  walLevel: 'logical',
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  maxSlotWalKeepSize: '-1',
  slots: 1,
  maxSlots: 10,
  senders: 1,
  maxSenders: 10,
};
const slot: SlotFacts = {
  plugin: 'pgoutput',
  database: 'erp',
  isHere: true,
  active: true,
  pid: 4711,
  walStatus: 'reserved',
  confirmedLsn: '0/16B3748',
  lagBytes: 0,
  retainedBytes: 56,
  safeWalBytes: null,
  invalidationReason: null,
  clientAddress: '10.0.0.7',
  connectedAt: new Date('2026-01-31T12:00:00Z'),
};
const publication: PublicationFacts = {
  allTables: false,
  publishesAll: true,
  viaRoot: true,
  generatedColumns: 's',
  ownTables: ['subscribable_table', 'webhook'],
};
const table: TableFacts = {
  name: 'salesOrder',
  relation: 'erp."salesOrder"',
  companyColumn: 'companyId',
  replicaIdentity: 'full',
  enabled: true,
  exists: true,
  published: true,
  hasCompanyColumn: true,
  hasIdentity: true,
  isFull: true,
  unpublishedGeneratedColumns: [],
  webhooks: 2,
  activeWebhooks: 1,
};

test('a healthy installation is ok throughout', () => {
  const checks = [
    ...checkServer(server, true),
    checkPublication('rowhook', publication),
    checkSlot('rowhook', slot, server),
    checkLeader(slot, 3),
    ...checkTables([table]),
    checkWebhooks([table], []),
    checkLosses([]),
  ];
  expect(checks.filter((each) => each.status !== 'ok')).toEqual([]);
  expect(checks.map((each) => each.remedy).every((remedy) => remedy === null)).toBe(true);
});

describe('the server', () => {
  test.each([
    [{ walLevel: 'replica' }, 'wal_level', /alter system set wal_level = logical; then restart/],
    [{ fsync: 'off' }, 'fsync', /alter system set fsync = on/],
    [{ fullPageWrites: 'off' }, 'fsync', /alter system set full_page_writes = on/],
    [{ slots: 10 }, 'room', /max_replication_slots = 20/],
    [{ senders: 10 }, 'room', /max_wal_senders = 20/],
  ])('with %j fails %s', (facts, check, remedy) => {
    const failed = checkServer({ ...server, ...facts }, false).filter((each) => each.status === 'fail');
    expect(failed).toEqual([
      expect.objectContaining({ check, remedy: expect.stringMatching(remedy) as string }),
    ]);
  });

  test('needs no free slot once ours exists', () => {
    expect(
      checkServer({ ...server, slots: 10, senders: 10 }, true).every((each) => each.status === 'ok'),
    ).toBe(true);
  });
});

describe('the slot', () => {
  test.each([
    ['fail', { walStatus: 'lost' }, /is lost/],
    ['fail', { invalidationReason: 'wal_removed' }, /lost \(wal_removed\)/],
    ['fail', { walStatus: 'unreserved' }, /about to be removed/],
    ['fail', { isHere: false, database: 'other' }, /belongs to database "other"/],
    ['fail', { isHere: false, database: null, plugin: null }, /physical/],
    ['fail', { plugin: 'wal2json' }, /plugin wal2json/],
    ['ok', { lagBytes: 1500, retainedBytes: 32_000_000 }, /1\.5 kB behind, 32\.0 MB of WAL kept/],
  ])('is %s with %j', (status, facts, detail) => {
    expect(checkSlot('rowhook', { ...slot, ...facts }, server)).toMatchObject({
      status,
      detail: expect.stringMatching(detail) as string,
    });
  });

  test('that does not exist yet, or that nobody reads, is a warning that names rowhook start', () => {
    const remedy = expect.stringContaining('rowhook start') as string;
    expect(checkSlot('rowhook', null, server)).toMatchObject({ status: 'warn', remedy });
    expect(checkLeader({ ...slot, active: false }, 3)).toMatchObject({ status: 'warn', remedy });
  });

  test('tells who reads it, from where and with which term', () => {
    expect(checkLeader(slot, 3).detail).toMatch(
      /pid 4711 .*10\.0\.0\.7 since 2026-01-31T12:00:00\.000Z \(term 3\)/,
    );
  });
});

describe('the publication', () => {
  test.each([
    [null, /does not exist/],
    [{ allTables: true }, /FOR ALL TABLES/],
    [{ ownTables: ['journal', 'subscribable_table', 'webhook'] }, /rowhook\.journal/],
    [{ ownTables: ['subscribable_table'] }, /lacks rowhook\.webhook/],
    [{ publishesAll: false }, /other options/],
    [{ viaRoot: false }, /other options/],
    [{ generatedColumns: 'n' }, /other options/],
  ])('fails with %j', (facts, detail) => {
    const found = facts === null ? null : { ...publication, ...facts };
    const check = checkPublication('rowhook', found);
    expect(check).toMatchObject({ status: 'fail', detail: expect.stringMatching(detail) as string });
    expect(check.remedy).not.toBeNull();
  });

  test('needs no generated columns before Postgres 18', () => {
    expect(checkPublication('rowhook', { ...publication, generatedColumns: null }).status).toBe('ok');
  });
});

describe('a table', () => {
  test.each([
    ['fail', { exists: false }, /gone or renamed/],
    ['fail', { published: false }, /not in the publication/],
    ['fail', { hasCompanyColumn: false }, /no column "companyId"/],
    ['fail', { hasIdentity: false, isFull: false }, /every UPDATE and DELETE of the application fails/],
    ['fail', { unpublishedGeneratedColumns: ['total'] }, /generated column "total": every UPDATE/],
    ['warn', { isFull: false }, /has lost identity full/],
    ['warn', { enabled: false }, /1 active webhook of it will never be sent/],
  ])('is a %s with %j', (status, facts, detail) => {
    const [, problem] = checkTables([{ ...table, ...facts }]);
    expect(problem).toMatchObject({
      check: 'table salesOrder',
      status,
      detail: expect.stringMatching(detail) as string,
      remedy: expect.stringMatching(
        /rowhook (en|dis)able 'erp\."salesOrder"'|alter table erp\."salesOrder"/,
      ) as string,
    });
  });

  test('with an index identity may have a generated column', () => {
    const facts = { replicaIdentity: 'order_key', isFull: false, unpublishedGeneratedColumns: ['total'] };
    expect(checkTables([{ ...table, ...facts }])).toHaveLength(1);
  });
});

test('failing webhooks are named with their last error, five of them', () => {
  const failing = Array.from({ length: 7 }, (_, index) => ({
    id: `wh_${index}`,
    name: 'orders',
    companyId: index === 0 ? null : 'abc123',
    errorCount: 47,
    lastErrorAt: new Date('2026-01-31T12:00:00Z'),
    lastError: 'rejected 503',
  }));
  const { status, detail, remedy } = checkWebhooks([table], failing);
  expect({ status, detail }).toEqual({ status: 'warn', detail: '2, 1 active, 7 failing' });
  expect(remedy?.split('\n')).toHaveLength(6);
  expect(remedy).toMatch(
    /^wh_0 "orders" \(all companies\): 47 errors, last at 2026-01-31T12:00:00\.000Z: rejected 503\nwh_1 "orders" \(company abc123\)/,
  );
});

test('losses are a warning for a day, and stay in sight afterwards', () => {
  const loss = { reason: 'timeout', entries: 2, count: 12, lastAt: new Date('2026-01-31T12:00:00Z') };
  expect(checkLosses([{ ...loss, isRecent: true }])).toMatchObject({ status: 'warn' });
  expect(checkLosses([{ ...loss, isRecent: false }])).toMatchObject({
    status: 'ok',
    detail: '12 timeout (last 2026-01-31T12:00:00.000Z)',
  });
});
