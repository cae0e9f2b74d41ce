import { expect, test } from 'vitest';
import { advice, type ServerFacts } from '../../src/database/install-advice.ts';

const ready: ServerFacts = {
  walLevel: 'logical',
  maxReplicationSlots: 10,
  usedReplicationSlots: 0,
  maxWalSenders: 10,
  logins: [{ quotedName: 'svc', replication: true }],
  hasFormerLogin: false,
  hasRdsReplication: false,
  publicMayConnect: true,
  quotedDatabase: 'erp',
};

test.each<[string, Partial<ServerFacts>, string]>([
  ['nothing is missing', {}, 'The service can log in as svc.'],
  [
    'there is no login',
    { logins: [] },
    `create role rowhook login replication password '…' in role rowhook_service;`,
  ],
  [
    'an earlier installation’s login is there',
    { logins: [], hasFormerLogin: true },
    'grant rowhook_service to rowhook;',
  ],
  [
    'there is no login on RDS',
    { logins: [], hasRdsReplication: true },
    'in role rowhook_service, rds_replication;',
  ],
  [
    'the login may not replicate',
    { logins: [{ quotedName: 'svc', replication: false }] },
    'alter role svc replication;',
  ],
  [
    'the log is not logical',
    { walLevel: 'replica' },
    `alter system set wal_level = 'logical'; then restart Postgres.`,
  ],
  [
    'the log is not logical on RDS',
    { walLevel: 'replica', hasRdsReplication: true },
    'rds.logical_replication = 1',
  ],
  ['all slots are taken', { usedReplicationSlots: 10 }, 'alter system set max_replication_slots = 14;'],
  ['there are no walsenders', { maxWalSenders: 0 }, 'alter system set max_wal_senders = 10;'],
  ['connecting is not for everybody', { publicMayConnect: false }, 'grant connect on database erp to svc;'],
])('when %s, the operator reads the statement', (_when, change, line) => {
  expect(advice({ ...ready, ...change }).join('\n')).toContain(line);
});
