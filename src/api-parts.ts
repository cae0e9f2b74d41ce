// What the API is given: the database within the caller's scope, the guard that the sender has, and the status.
import { readLeading, statusReport } from './checks/status-report.ts';
import type { Config } from './config.ts';
import type { ScopedDatabase } from './database/company-scope.ts';
import { listDeliveries } from './database/deliveries.ts';
import { readFeed, readLogEnd, readTotals } from './database/feed.ts';
import { readHistory } from './database/history.ts';
import { findDelivery } from './database/logged-delivery.ts';
import { countRecentLosses, listLosses } from './database/losses.ts';
import type { Queries } from './database/queries.ts';
import { readSlot } from './database/status/slot.ts';
import { inspectRegistered, listTables } from './database/tables.ts';
import {
  askedOperations,
  countWebhooks,
  createWebhook,
  deleteWebhook,
  findWebhook,
  listWebhooks,
  updateWebhook,
} from './database/webhooks.ts';
import { checkTarget } from './delivery/address-guard.ts';
import type { Poster } from './delivery/post.ts';
import type { ApiParts, LiveStatus, SlotMetrics, Vitals } from './http/parts.ts';
import type { Logger } from './logger.ts';
import { countResend, planResend, resend, resendPage, type ResendParts } from './resend.ts';
import { SharedAnswer } from './shared-answer.ts';
import { onlyAsked } from './table-activity.ts';
import type { Telemetry } from './telemetry.ts';
import { postTest, testPayload } from './test-send.ts';
import { lagOf, type VitalSigns } from './vital-signs.ts';
import { explain } from './webhooks/why.ts';

export interface ApiSources {
  readonly database: ScopedDatabase;
  readonly poster: Pick<Poster, 'post'>;
  readonly telemetry: Telemetry;
  readonly logger: Pick<Logger, 'warn'>;
  readonly vitalSigns: Pick<VitalSigns, 'samples'>;
}

export function apiParts(
  config: Config,
  { database, poster, telemetry, vitalSigns, logger }: ApiSources,
): ApiParts {
  const { slot } = config;
  const { within, aside } = database;
  const status = new SharedAnswer(() => aside((db) => statusReport(db, slot)), statusIsGoodForMs);
  const resendParts = (company: string | null): ResendParts => ({
    within: (use) => within(company, use),
    // The row of which place and webhook are known is all that is touched.
    note: (use) => within(null, use),
    poster,
    warn: (message) => logger.warn(message),
    isOperator: company === null,
  });
  const slotNow = new SharedAnswer(() => aside((db) => readSlot(db, slot)), slotIsGoodForMs);
  return {
    listWebhooks: (company, filter, page) => within(company, (db) => listWebhooks(db, filter, page)),
    activityOf: ({ id, company_id }) =>
      telemetry.gauges === null ? null : telemetry.activity.of({ id, companyId: company_id }, Date.now()),
    findWebhook: (company, id) => within(company, (db) => findWebhook(db, id)),
    createWebhook: (company, webhook) => within(company, (db) => createWebhook(db, webhook)),
    updateWebhook: (company, id, changes, revision) =>
      within(company, (db) => updateWebhook(db, id, changes, revision)),
    deleteWebhook: (company, id, revision) => within(company, (db) => deleteWebhook(db, id, revision)),
    // No connection is held while the receiver takes its time.
    testSend: async (company, webhook) =>
      await postTest(poster, webhook.url, await within(company, (db) => testPayload(db, webhook))),
    listDeliveries: (company, filter, wantsBodies) =>
      within(company, (db) => listDeliveries(db, filter, wantsBodies)),
    findDelivery: (company, id) => within(company, (db) => findDelivery(db, id)),
    resend: (company, id) => resend(resendParts(company), id),
    resendMany: async (company, { webhook, wanted, page, isDry }) => {
      const own = resendParts(company);
      const plan = await planResend(own, webhook, wanted);
      if (isDry) {
        const selected = await countResend(own, plan);
        return { ...selected, data: [], hasMore: selected.count > 0, last: null };
      }
      return { count: null, withoutBody: null, ...(await resendPage(own, plan, page)) };
    },
    listLosses: (company, filter) => within(company, (db) => listLosses(db, filter)),
    why: (company, record) => within(company, async (db) => explain(await readHistory(db, record))),
    listTables: (company) => within(company, listTables),
    tableActivity: async (own, name, company) => {
      const { tables } = telemetry;
      if (tables === null) return null;
      const hour = { ...tables.of(name, own ?? company, Date.now()), lagMs: lagOf(telemetry) };
      if (own === null) return hour;
      return { ...hour, ...onlyAsked(hour, await within(own, (db) => askedOperations(db, name))) };
    },
    overview: (company) =>
      within(company, async (db) => ({
        webhooks: await countWebhooks(db),
        losses: await countRecentLosses(db),
      })),
    vitals: async () => vitalsOf(telemetry, vitalSigns, await slotNow.get()),
    inspectTable: (name) => within(null, (db) => inspectRegistered(db, name)),
    status: () => status.get(),
    slot: () => aside((db) => readSlot(db, slot)),
    liveStatus: () => aside((db) => readLiveStatus(db, slot)),
    logEnd: (after) => within(null, (db) => readLogEnd(db, after)),
    feed: (company, ask) => within(company, (db) => readFeed(db, ask)),
    refusalOf: async (url, isOperator) => {
      const refusal = await checkTarget(url, config);
      if (refusal === null) return null;
      // What is inside the network, and which setting opens it, is not for those who choose a URL.
      return isOperator ? `${refusal.class}: ${refusal.message}` : `${refusal.class}: ${closedToTenants}`;
    },
  };
}

async function readLiveStatus(db: Queries, slot: string): Promise<LiveStatus> {
  const facts = await readSlot(db, slot);
  return {
    at: new Date().toISOString(),
    ...(await readLeading(db, slot)),
    slot: facts && {
      active: facts.active,
      walStatus: facts.walStatus,
      lagBytes: facts.lagBytes,
      retainedBytes: facts.retainedBytes,
      safeWalBytes: facts.safeWalBytes,
    },
    totals: await readTotals(db),
  };
}

const statusIsGoodForMs = 1_000;
const slotIsGoodForMs = 2_000;
function vitalsOf(
  telemetry: Telemetry,
  { samples }: Pick<VitalSigns, 'samples'>,
  slot: SlotMetrics | null,
): Vitals {
  const gauges = telemetry.gauges?.();
  return {
    isLeading: gauges !== undefined,
    lagMs: lagOf(telemetry),
    inFlight: gauges?.inFlight ?? 0,
    waiting: gauges?.waiting ?? 0,
    backlogDeliveries: gauges?.backlogDeliveries ?? 0,
    backlogBytes: gauges?.backlogBytes ?? 0,
    openBreakers: gauges?.openBreakers ?? 0,
    slowEndpoints: gauges?.slowEndpoints ?? 0,
    slot,
    samples,
  };
}

const closedToTenants = 'webhooks are not sent there; use https and a host on the public internet';
