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
const started = { server, start: { slot: 'rowhook' } };
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
  identityRemedy: null,
  webhooks: 2,
  activeWebhooks: 1,
};

test('a healthy installation is ok throughout', () => {
  const checks = [
    ...checkServer(server, false),
    checkPublication('rowhook', publication),
    checkSlot('rowhook', slot, started),
    checkLeader(slot, 3),
    ...checkTables([table]),
    checkWebhooks([table], []),
    checkLosses([], null),
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
    const failed = checkServer({ ...server, ...facts }, true).filter((each) => each.status === 'fail');
    expect(failed).toEqual([
      expect.objectContaining({ check, remedy: expect.stringMatching(remedy) as string }),
    ]);
  });

  test('needs no free slot once ours exists', () => {
    expect(
      checkServer({ ...server, slots: 10, senders: 10 }, false).every((each) => each.status === 'ok'),
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
    expect(checkSlot('rowhook', { ...slot, ...facts }, started)).toMatchObject({
      status,
      detail: expect.stringMatching(detail) as string,
    });
  });

  test('that does not exist yet, or that nobody reads, is a warning that names rowhook start', () => {
    const remedy = expect.stringContaining('rowhook start') as string;
    expect(checkSlot('rowhook', null, { server, start: null })).toMatchObject({ status: 'warn', remedy });
    expect(checkLeader({ ...slot, active: false }, 3)).toMatchObject({ status: 'warn', remedy });
  });

  test('that was read and is gone fails in the words of start, with its remedy', () => {
    const check = checkSlot('rowhook', null, started);
    expect(check).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('The replication slot "rowhook" is gone') as string,
      remedy: expect.stringContaining('rowhook slot recreate --accept-gap') as string,
    });
    expect(JSON.stringify(check)).not.toContain('first start');
  });

  test.each([null, slot])('of another name than the one that was read fails and names both', (found) => {
    const check = checkSlot('other', found, started);
    expect(check).toMatchObject({
      status: 'fail',
      detail: 'ROWHOOK_SLOT is "other", but the slot that was read here is "rowhook"',
      remedy: expect.stringMatching(
        /^Set ROWHOOK_SLOT=rowhook; .*ROWHOOK_SLOT=other rowhook slot recreate/,
      ) as string,
    });
  });

  test('that somebody else made under its name is left alone: the way on is another name', () => {
    const foreign = { ...slot, plugin: 'test_decoding' };
    expect(checkSlot('rowhook', foreign, started)).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining("is not this installation's") as string,
      remedy: expect.stringContaining('ROWHOOK_SLOT=rowhook_2 rowhook slot recreate --accept-gap') as string,
    });
    expect(checkSlot('rowhook', foreign, { server, start: null }).remedy).toMatch(
      /^Set ROWHOOK_SLOT to a name of its own/,
    );
    expect(checkLeader(foreign, 3)).toMatchObject({ status: 'warn' });
  });

  test('tells who reads it, from where and with which term', () => {
    expect(checkLeader(slot, 3).detail).toMatch(
      /Postgres backend 4711 .*10\.0\.0\.7 since 2026-01-31T12:00:00\.000Z \(term 3\)/,
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
        /rowhook (enable|disable|inspect) 'erp\."salesOrder"'|alter table erp\."salesOrder"/,
      ) as string,
    });
  });

  test('beside a generated column names the statement that inspect gives', () => {
    const identityRemedy = `select rowhook.enable_table('erp.salesOrder', replica_identity => 'order_key');`;
    const facts = { unpublishedGeneratedColumns: ['total'], identityRemedy };
    expect(checkTables([{ ...table, ...facts }])[1]).toMatchObject({
      status: 'fail',
      remedy: identityRemedy,
    });
  });

  test('with an index identity may have a generated column', () => {
    const facts = { replicaIdentity: 'order_key', isFull: false, unpublishedGeneratedColumns: ['total'] };
    expect(checkTables([{ ...table, ...facts }])).toHaveLength(1);
  });
});

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

describe('the losses', () => {
  const lastAt = new Date('2026-01-31T12:00:00Z');
  const loss = { reason: 'timeout', count: 12, uncountedEntries: 0, uncountedWebhooks: 0, lastAt };
  const gap = { reason: 'gap', count: 0, uncountedEntries: 3, uncountedWebhooks: 3, lastAt };

  test('of the last 24 hours are a warning, and the statement shows the same ones', () => {
    expect(checkLosses([loss], lastAt)).toEqual({
      check: 'losses',
      status: 'warn',
      detail: 'in the last 24 hours: 12 timeout (last 2026-01-31T12:00:00.000Z)',
      remedy: `select * from rowhook.loss where at > now() - interval '24 hours' order by at desc;`,
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
