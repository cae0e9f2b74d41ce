/** What each refusal means must not depend on the language in which the server says it. */
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { judgeConnectError } from '../../src/replication/connect-error.ts';

function serverError(code: string, message: string, more: { routine?: string } = {}): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code, ...more });
}

describe('what heals by itself is tried again', () => {
  test.each([
    ['53300', 'number of requested standby connections exceeds "max_wal_senders" (currently 10)'],
    ['53300', 'sorry, too many clients already'],
    ['57P01', 'terminating connection due to administrator command'],
    ['57P03', 'the database system is starting up'],
    ['08006', 'connection failure'],
    ['40001', 'could not serialize access due to concurrent update'],
    ['XX000', 'something that nobody has seen before'],
  ])('%s: %s', (code, message) => {
    expect(judgeConnectError(serverError(code, message))).toEqual({ kind: 'retry' });
  });

  test.each(['ECONNREFUSED', 'ECONNRESET', 'EAI_AGAIN', 'ETIMEDOUT'])('%s', (code) => {
    expect(judgeConnectError(Object.assign(new Error('connect failed'), { code }))).toEqual({
      kind: 'retry',
    });
  });

  test('what is no error at all', () => {
    expect(judgeConnectError('ended')).toEqual({ kind: 'retry' });
  });
});

describe('a slot that somebody else reads is waited for, and its reader is named', () => {
  test.each([
    ['replication slot "rowhook" is active for PID 4711'],
    ['Replikations-Slot »rowhook« ist aktiv für PID 4711'],
    ['слот репликации "rowhook" занят процессом с PID 4711'],
    ['レプリケーションスロット"rowhook"はPID 4711で使用中です'],
  ])('%s', (message) => {
    expect(judgeConnectError(serverError('55006', message))).toEqual({ kind: 'held' });
  });

  test('also where the message names no pid', () => {
    expect(judgeConnectError(serverError('55006', 'in use'))).toEqual({ kind: 'held' });
  });
});

test.each(['replication slot "rowhook" does not exist', 'Replikations-Slot »rowhook« existiert nicht'])(
  'a slot that is gone is told from everything else that may be missing: %s',
  (message) => {
    const error = serverError('42704', message, { routine: 'ReplicationSlotAcquire' });
    expect(judgeConnectError(error)).toEqual({ kind: 'slot_missing' });
  },
);

test.each(['publication "rowhook" does not exist', 'Publikation »rowhook« existiert nicht'])(
  'a publication that is missing in the log names the way on: %s',
  (message) => {
    const error = serverError('42704', message, { routine: 'get_publication_oid' });
    const remedy = expect.stringContaining('rowhook slot recreate --accept-gap') as string;
    expect(judgeConnectError(error)).toEqual({ kind: 'refused', remedy });
  },
);

test('another unknown name says nothing about slot or publication', () => {
  const error = serverError('42704', 'unrecognized configuration parameter "x"', {
    routine: 'find_option',
  });
  expect(judgeConnectError(error)).toEqual({ kind: 'retry' });
});

test.each([
  'can no longer access replication slot "rowhook"',
  'can no longer get changes from replication slot "rowhook"',
  'cannot read from logical replication slot "rowhook"',
  'aus Replikations-Slot »rowhook« können keine Änderungen mehr gelesen werden',
])('a slot whose log was removed is invalid: %s', (message) => {
  expect(judgeConnectError(serverError('55000', message))).toEqual({ kind: 'invalidated' });
});

test('a wal_level that is too low does not condemn the slot', () => {
  const error = serverError('55000', 'logical decoding requires "wal_level" >= "logical"');
  expect(judgeConnectError(error)).toEqual({ kind: 'retry' });
});

test.each([
  ['42501', 'permission denied to start WAL sender', /REPLICATION/],
  ['28P01', 'password authentication failed for user "x"', /password in DATABASE_URL/],
  ['28000', 'no pg_hba.conf entry for host "10.0.0.7"', /pg_hba\.conf/],
  ['3D000', 'database "x" does not exist', /name of the database in DATABASE_URL/],
  ['0A000', 'unsupported startup parameter: replication', /pooler/],
])('%s (%s) is for a person to mend, with the remedy', (code, message, remedy) => {
  const match = expect.stringMatching(remedy) as string;
  expect(judgeConnectError(serverError(code, message))).toEqual({ kind: 'refused', remedy: match });
});
