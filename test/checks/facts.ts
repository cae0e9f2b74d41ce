/** An installation in which all is well, for tests that change one fact of it. */
import type { State } from '../../src/database/state.ts';
import type { RoleFacts, ServerFacts } from '../../src/database/status/server.ts';
import type { SlotFacts } from '../../src/database/status/slot.ts';
import type { TableFacts } from '../../src/database/status/tables.ts';

const gb = 1024 ** 3;

export const serverFacts: ServerFacts = {
  version: '18.4',
  versionNumber: 180_004,
  database: 'erp',
  encoding: 'UTF8',
  isStandby: false,
  walLevel: 'logical',
  fsync: 'on',
  fullPageWrites: 'on',
  synchronousCommit: 'on',
  synchronousStandbyNames: '',
  walSenderTimeoutMs: 60_000,
  maxSlotWalKeepMb: 10 * 1024,
  idleSlotTimeoutS: 0,
  walBytesPerDay: 2 * gb,
  slots: 1,
  maxSlots: 10,
  senders: 1,
  maxSenders: 10,
};

export const roleFacts: RoleFacts = {
  role: 'rowhook',
  mayReplicate: true,
  isService: true,
  isDba: false,
  isSuperuser: false,
  attributes: [],
  powerfulGroups: [],
  seesActivity: true,
};

export const slotFacts: SlotFacts = {
  plugin: 'pgoutput',
  database: 'erp',
  isHere: true,
  active: true,
  pid: 4711,
  walStatus: 'reserved',
  confirmedLsn: '0/16B3748',
  lagBytes: 0,
  retainedBytes: 56,
  safeWalBytes: 10 * gb,
  invalidationReason: null,
  failover: false,
  inactiveSince: null,
  catalogAge: 12,
  freezeMaxAge: 200_000_000,
  clientAddress: '10.0.0.7',
  connectedAt: new Date('2026-01-31T12:00:00Z'),
};

export const stateFacts: State = {
  epoch: 1,
  floor: { commitLsn: 0x16b3748n, index: 0 },
  foldedSeq: 1,
  trimmedSeq: 1,
  foldNo: 1,
  systemId: '7',
  timeline: 1,
  databaseOid: 16_384,
  slot: 'rowhook',
  publicationOptions: {},
  updatedAt: new Date('2026-01-31T11:00:00Z'),
};

export const tableFacts: TableFacts = {
  name: 'salesOrder',
  relation: 'erp."salesOrder"',
  companyColumn: 'companyId',
  replicaIdentity: 'full',
  enabled: true,
  kind: 'r',
  renamedTo: null,
  isUnlogged: false,
  published: true,
  isNarrowed: false,
  hasCompanyColumn: true,
  identity: 'full',
  hasIdentity: true,
  carriesCompany: true,
  unpublishedGeneratedColumns: [],
  leftOut: null,
  partitions: [],
  identityRemedy: null,
  webhooks: 2,
  activeWebhooks: 1,
};
