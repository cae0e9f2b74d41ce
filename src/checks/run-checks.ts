// The one list of checks, which `status` prints and `start` logs: facts from the database, judged. Invariant: a check that fails to
// look is a line of its own and stops none of the others, and nothing is changed.
import { publicationName } from '../database/publication.ts';
import type { Queries } from '../database/queries.ts';
import { pinnedSettings, wasRefused } from '../database/session.ts';
import { readState } from '../database/state.ts';
import {
  readBrokenWebhooks,
  readFailingWebhooks,
  readLastLossAt,
  readLosses,
  readWaitingWebhooks,
} from '../database/status/books.ts';
import { readDeliveryLog } from '../database/status/delivery-log.ts';
import { readPromotions } from '../database/status/failover.ts';
import { readLeader } from '../database/status/leader.ts';
import { readRole, readServer, readSettings } from '../database/status/server.ts';
import { readOrigin, readSlot, readTransactions } from '../database/status/slot.ts';
import { readPhysical } from '../database/status/standbys.ts';
import { readTables } from '../database/status/tables.ts';
import { readUnsendable } from '../database/unsendable-transaction.ts';
import { checkBacklog, checkBreakers, checkLosses, checkWebhooks } from './books-checks.ts';
import { checkCasts } from './cast-checks.ts';
import { ok, warn, type Check } from './check.ts';
import { checkDeliveryLog } from './delivery-log-check.ts';
import { checkFailovers } from './failover-checks.ts';
import { checkLeader } from './leader-checks.ts';
import { checkPublication } from './publication-check.ts';
import { checkRights } from './role-checks.ts';
import { checkServer } from './server-checks.ts';
import { checkSettings } from './settings-check.ts';
import { checkCatalogAge, checkKeptLog, checkOrigin, checkSlot, checkUnsendable } from './slot-checks.ts';
import { checkStandbys } from './standby-checks.ts';
import { checkSynchronousStandbys } from './synchronous-standbys-check.ts';
import { checkTables } from './table-checks.ts';
import { checkTransactions, oldTransactionS } from './transaction-checks.ts';

export interface CheckGroup {
  readonly title: 'server' | 'slot' | 'tables' | 'deliveries';
  readonly checks: readonly Check[];
}

/** Without schema rowhook there is not more to look at. */
export async function checkServerAlone(db: Queries, slot: string): Promise<CheckGroup> {
  return { title: 'server', checks: await serverChecks(db, slot, false) };
}

/** What has to hold for changes to be read and sent. */
export async function checkReading(db: Queries, slot: string): Promise<CheckGroup[]> {
  return [
    { title: 'server', checks: await serverChecks(db, slot, true) },
    { title: 'slot', checks: await slotChecks(db, slot) },
    { title: 'tables', checks: await tableChecks(db, slot) },
  ];
}

/** Who sends, what fails and what was lost. */
export async function checkDelivering(db: Queries, slot: string): Promise<CheckGroup> {
  const checks = [
    ...(await looking('leader', async () => [
      checkLeader(await readSlot(db, slot), await readLeader(db, slot)),
    ])),
    ...(await looking('failover', async () => checkFailovers(await readPromotions(db)))),
    ...(await looking('webhooks', async () => [
      checkWebhooks(await readTables(db, publicationName), await readFailingWebhooks(db)),
    ])),
    ...(await looking('breakers', async () => [checkBreakers(await readBrokenWebhooks(db))])),
    ...(await looking('backlog', async () => [checkBacklog(await readWaitingWebhooks(db))])),
    ...(await looking('delivery log', async () => [checkDeliveryLog(await readDeliveryLog(db))])),
    ...(await looking('losses', async () => [checkLosses(await readLosses(db), await readLastLossAt(db))])),
  ];
  return { title: 'deliveries', checks };
}

async function serverChecks(db: Queries, slotName: string, isInstalled: boolean): Promise<Check[]> {
  return [
    ...(await looking('server', async () => {
      const [server, role] = [await readServer(db), await readRole(db)];
      const slot = await readSlot(db, slotName);
      const isBeforeFirstStart = isInstalled && (await readState(db)) === null;
      return [
        ...checkServer(server, role.role, slot === null && (isBeforeFirstStart || !isInstalled)),
        checkSynchronousStandbys(server, slotName),
        ...(isInstalled ? [checkRights(role)] : []),
      ];
    })),
    ...(await looking('session settings', async () => [
      checkSettings(await readSettings(db, Object.keys(pinnedSettings)), pinnedSettings),
    ])),
    ...(await looking('transactions', async () => [
      checkTransactions(await readTransactions(db, oldTransactionS), await readRole(db)),
    ])),
  ];
}

async function slotChecks(db: Queries, name: string): Promise<Check[]> {
  return [
    ...(await looking('slot', async () => {
      const [state, slot] = [await readState(db), await readSlot(db, name)];
      const server = await readServer(db);
      return [checkSlot(name, slot, state), ...checkKeptLog(slot, server), ...checkCatalogAge(slot)];
    })),
    ...(await looking('standbys', async () =>
      checkStandbys(name, await readSlot(db, name), await readPhysical(db)),
    )),
    ...(await looking('unsendable transaction', async () =>
      checkUnsendable(await readSlot(db, name), await readState(db), await readUnsendable(db)),
    )),
    ...(await looking('origin', async () => checkOrigin(await readState(db), await readOrigin(db)))),
    ...(await looking('publication', async () => [await checkPublication(db, await readState(db))])),
  ];
}

async function tableChecks(db: Queries, slot: string): Promise<Check[]> {
  return [
    ...(await looking('tables', async () => checkTables(await readTables(db, publicationName)))),
    ...(await looking('casts to json', async () => await checkCasts(db, slot))),
  ];
}

async function looking(check: string, look: () => Promise<readonly Check[]>): Promise<readonly Check[]> {
  try {
    return await look();
  } catch (error) {
    // Without a connection nothing can be looked at, and that is not a finding.
    if (!wasRefused(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    return [
      warn(
        check,
        `could not be looked at: ${reason}`,
        'Grant the right that is lacking, or see the log of the Postgres server.',
      ),
    ];
  }
}

export function schemaIsCurrent(version: number): Check {
  return ok('schema', `version ${version}`);
}
