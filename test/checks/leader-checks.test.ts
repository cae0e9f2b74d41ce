import { expect, test } from 'vitest';
import { checkLeader } from '../../src/checks/leader-checks.ts';
import type { LeaderFacts } from '../../src/database/status/leader.ts';
import { slotFacts as slot } from './facts.ts';

const leader: LeaderFacts = {
  term: 3,
  host: 'erp-1',
  pid: 812,
  since: new Date('2026-01-31T12:00:01Z'),
  isThere: true,
  standbys: [],
};
const inactive = { ...slot, active: false, pid: null, clientAddress: null, connectedAt: null };
const inactiveSince = new Date('2026-01-31T13:00:00Z');

test('the leader is named with its host, pid and term, and with where Postgres sees it', () => {
  expect(checkLeader(slot, leader)).toMatchObject({
    status: 'ok',
    detail:
      'process 812 on erp-1 leads (term 3, since 2026-01-31T12:00:01.000Z), ' +
      'Postgres backend 4711 reads the slot from 10.0.0.7 since 2026-01-31T12:00:00.000Z',
  });
});

test('those that wait are named too', () => {
  const standbys = [
    { process: '900 on erp-2', clientAddress: '10.0.0.8' },
    { process: '7 on erp-3', clientAddress: null },
  ];
  expect(checkLeader(slot, { ...leader, standbys }).detail).toMatch(
    /; 2 standbys: 900 on erp-2 from 10\.0\.0\.8, 7 on erp-3$/,
  );
});

test('a leader that is gone is not named as one', () => {
  const gone = { ...leader, isThere: false };
  expect(checkLeader({ ...inactive, inactiveSince }, gone)).toMatchObject({
    status: 'warn',
    detail:
      'nobody leads: the last leader, process 812 on erp-1 (term 3, since 2026-01-31T12:00:01.000Z), has ended, ' +
      'and nobody has read since 2026-01-31T13:00:00.000Z',
    remedy: expect.stringContaining('rowhook start') as string,
  });
  expect(checkLeader(inactive, gone).detail).toMatch(/has ended$/);
  expect(checkLeader(null, gone)).toMatchObject({ status: 'warn' });
});

test('whoever has the slot before it has taken over does not lead', () => {
  expect(checkLeader(slot, { ...leader, isThere: false })).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(
      /^nobody leads yet: Postgres backend 4711 .* the last leader, process 812/,
    ) as string,
  });
});

test('a leader that lost its replication connection still leads, and the line says so', () => {
  expect(checkLeader(inactive, leader)).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(/^process 812 on erp-1 leads .* does not read the slot now$/) as string,
  });
  // Somebody else's slot is not read by it.
  expect(checkLeader({ ...slot, plugin: 'test_decoding' }, leader)).toMatchObject({ status: 'warn' });
});

test('before the first start nobody has led', () => {
  const never = { ...leader, term: 0, host: null, pid: null, since: null, isThere: false };
  expect(checkLeader(null, never)).toMatchObject({
    status: 'warn',
    detail: 'nobody leads: no service has led (term 0)',
    remedy: expect.stringContaining('rowhook start') as string,
  });
});
