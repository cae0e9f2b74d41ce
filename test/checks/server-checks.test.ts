import { describe, expect, test } from 'vitest';
import { Findings } from '../../src/checks/findings.ts';
import { judgeOptions } from '../../src/checks/publication-check.ts';
import { checkRights } from '../../src/checks/role-checks.ts';
import { checkServer } from '../../src/checks/server-checks.ts';
import { checkSettings } from '../../src/checks/settings-check.ts';
import { checkSynchronousStandbys } from '../../src/checks/synchronous-standbys-check.ts';
import { checkTransactions } from '../../src/checks/transaction-checks.ts';
import { roleFacts as role, serverFacts as server } from './facts.ts';

describe('the server', () => {
  test('is ok throughout when all is well', () => {
    const checks = checkServer(server, 'rowhook', true);
    expect(checks.filter((each) => each.status !== 'ok' || each.remedy !== null)).toEqual([]);
  });

  test.each([
    ['fail', { versionNumber: 130_022 }, 'server', /Upgrade/],
    ['fail', { isStandby: true }, 'server', /primary/],
    ['warn', { versionNumber: 170_005 }, 'server', /17\.6 at least/],
    ['warn', { versionNumber: 140_018 }, 'server', /14\.19 at least/],
    ['fail', { encoding: 'SQL_ASCII' }, 'encoding', /create database "erp_utf8"/],
    ['fail', { walLevel: 'replica' }, 'wal_level', /alter system set wal_level = 'logical';\nThen restart/],
    ['fail', { fsync: 'off' }, 'fsync', /alter system set fsync = on/],
    ['fail', { fullPageWrites: 'off' }, 'full_page_writes', /alter system set full_page_writes = on/],
    ['warn', { walSenderTimeoutMs: 0 }, 'wal_sender_timeout', /wal_sender_timeout = '60s'/],
    [
      'warn',
      { maxSlotWalKeepMb: -1 },
      'max_slot_wal_keep_size',
      /= '10GB'; .*\n.*about 2\.0 GB of log a day/,
    ],
    ['warn', { maxSlotWalKeepMb: -1, walBytesPerDay: 20 * 1024 ** 3 }, 'max_slot_wal_keep_size', /= '60GB';/],
    [
      'warn',
      { idleSlotTimeoutS: 3600 },
      'idle_replication_slot_timeout',
      /idle_replication_slot_timeout = '3d'/,
    ],
    ['fail', { slots: 10 }, 'room', /max_replication_slots = 20/],
    ['fail', { senders: 10 }, 'room', /max_wal_senders = 20/],
  ])('is a %s with %j: %s', (status, facts, check, remedy) => {
    const found = checkServer({ ...server, ...facts }, 'rowhook', true).filter(
      (each) => each.status !== 'ok',
    );
    expect(found).toEqual([
      expect.objectContaining({ check, status, remedy: expect.stringMatching(remedy) as string }),
    ]);
  });

  test.each([{ slots: 10, senders: 10 }, { idleSlotTimeoutS: null }, { versionNumber: 170_006 }])(
    'is ok with %j once it has its slot',
    (facts) => {
      const checks = checkServer({ ...server, ...facts }, 'rowhook', false);
      expect(checks.every((each) => each.status === 'ok')).toBe(true);
    },
  );
});

describe('synchronous standbys', () => {
  test.each([
    '*',
    '"*"',
    'FIRST 1 (standby1, *)',
    '2(*)',
    'standby1, "rowhook/erp/stream"',
    'any 1 ( "Rowhook/ERP/stream" )',
  ])('with %s the service counts as one', (synchronousStandbyNames) => {
    const found = checkSynchronousStandbys({ synchronousStandbyNames }, 'erp');
    expect(found).toMatchObject({
      status: 'warn',
      detail: expect.stringContaining(`${synchronousStandbyNames}: the service's own connection`) as string,
      remedy: expect.stringContaining('alter system reset synchronous_standby_names') as string,
    });
  });

  test.each([
    '',
    'standby1',
    'ANY 1 (any, first)',
    '"a *, b", "rowhook/erp/stream""*", rowhook',
    '1 (s1, s2)',
  ])('with %j it does not', (synchronousStandbyNames) => {
    const found = checkSynchronousStandbys({ synchronousStandbyNames }, 'erp');
    expect(found).toMatchObject({ status: 'ok', remedy: null });
  });

  test('knows the name that Postgres has shortened', () => {
    const slot = 'a'.repeat(60);
    const synchronousStandbyNames = `"rowhook/${'a'.repeat(55)}"`;
    expect(checkSynchronousStandbys({ synchronousStandbyNames }, slot)).toMatchObject({ status: 'warn' });
  });
});

describe('the login', () => {
  test.each([
    ['fail', { mayReplicate: false }, /may not replicate/, /alter role rowhook replication;/],
    ['fail', { isService: false }, /not a member of rowhook_service/, /grant rowhook_service to rowhook;/],
    [
      'warn',
      { attributes: ['createrole', 'createdb'], powerfulGroups: ['rowhook_dba'] },
      /more than the service needs: createrole, createdb, rowhook_dba/,
      /^alter role rowhook nocreaterole nocreatedb; revoke rowhook_dba from rowhook;/,
    ],
  ])('is a %s with %j', (status, facts, detail, remedy) => {
    expect(checkRights({ ...role, ...facts })).toMatchObject({
      status,
      detail: expect.stringMatching(detail) as string,
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  test('of a superuser is never told to give that up: it may be the only one', () => {
    const { status, remedy } = checkRights({ ...role, isSuperuser: true, attributes: ['superuser'] });
    expect({ status, isAltered: remedy?.includes('alter role') }).toEqual({
      status: 'warn',
      isAltered: false,
    });
    expect(remedy).toMatch(/^create role rowhook login replication password '…' in role rowhook_service;/);
  });

  test('that is a DBA’s is not judged as the service’s', () => {
    const dba = { ...role, isService: false, isDba: true, mayReplicate: false };
    expect(checkRights(dba)).toMatchObject({ status: 'ok' });
  });
});

describe('old transactions', () => {
  const since = new Date('2026-01-31T12:00:00Z');
  const open = { pid: 4711, gid: null, role: 'app', database: 'erp', since };

  test('are named with the statement that ends each', () => {
    const prepared = { ...open, pid: null, gid: "o'clock" };
    const check = checkTransactions({ old: [prepared, open], hidden: 0 }, role);
    expect(check).toMatchObject({ status: 'warn' });
    expect(check.remedy?.split('\n')).toEqual([
      expect.stringMatching(
        /^rollback prepared 'o''clock'; -- or commit prepared 'o''clock'; .*database erp/,
      ),
      expect.stringMatching(/^select pg_terminate_backend\(4711\); -- role app/),
    ]);
  });

  test('that this login cannot see are said to be unseen', () => {
    const check = checkTransactions({ old: [], hidden: 3 }, { ...role, seesActivity: false });
    expect(check.status).toBe('ok');
    expect(check.detail).toMatch(
      /may see; those of 3 other sessions show after: grant pg_monitor to rowhook;/,
    );
  });
});

describe('the publication', () => {
  const all = { pubinsert: true, pubupdate: true, pubdelete: true, pubtruncate: true, pubviaroot: true };

  test.each([
    [{ pubdelete: false }, /set \(publish = 'insert, update, delete, truncate'\);$/],
    [{ pubviaroot: false }, /set \(publish_via_partition_root = true\);$/],
    [{ pubgencols: 'n' }, /set \(publish_generated_columns = stored\);$/],
  ])('fails with %j', (options, remedy) => {
    expect(judgeOptions({ ...all, ...options })).toMatchObject({
      status: 'fail',
      remedy: expect.stringMatching(remedy) as string,
    });
  });

  test('needs generated columns from Postgres 18 on, where the option is', () => {
    expect(judgeOptions(all).status).toBe('ok');
    expect(judgeOptions({ ...all, pubgencols: 's' }).status).toBe('ok');
  });
});

test('a setting that did not arrive fails in the words with which the service ends', () => {
  const wanted = { DateStyle: 'ISO', TimeZone: 'UTC' };
  expect(
    checkSettings(
      new Map([
        ['datestyle', 'ISO, MDY'],
        ['timezone', 'UTC'],
      ]),
      wanted,
    ).status,
  ).toBe('ok');
  expect(checkSettings(new Map([['datestyle', 'German, DMY']]), wanted)).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('DateStyle is German, DMY instead of ISO, TimeZone is missing') as string,
  });
});

test('a finding is news once, and again after it had gone', () => {
  const findings = new Findings();
  const check = { check: 'kept log', status: 'warn', detail: '5 MB', remedy: 'x' } as const;
  const fine = { check: 'fsync', status: 'ok', detail: 'on', remedy: null } as const;
  expect(findings.news([fine, check])).toEqual({ found: [check], mended: [] });
  expect(findings.news([fine, { ...check, detail: '6 MB' }])).toEqual({ found: [], mended: [] });
  expect(findings.news([fine])).toEqual({ found: [], mended: [check] });
  expect(findings.news([check])).toEqual({ found: [check], mended: [] });
});
