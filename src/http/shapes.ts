// The JSON shapes of what the database holds: what the API takes and answers, and what commands print with --json.
import type { z } from 'zod';
import type { WebhookActivity } from '../activity.ts';
import { deliveryId } from '../delivery-id.ts';
import type { Counted } from '../table-activity.ts';
import type { ListedDelivery } from '../database/deliveries.ts';
import type { FoundDelivery } from '../database/logged-delivery.ts';
import type { ListedLoss } from '../database/losses.ts';
import type { ListedWebhook, NewWebhook, WebhookChanges } from '../database/webhooks.ts';
import type { TableHour, Tested } from './parts.ts';
import type {
  delivery,
  foundDelivery,
  loss,
  newWebhook,
  tableActivity,
  webhook,
  webhookChanges,
  webhookNow,
} from './schemas.ts';

export type WebhookJson = z.output<typeof webhook>;
export type NewWebhookJson = z.output<typeof newWebhook>;
export type WebhookChangesJson = z.output<typeof webhookChanges>;
export type DeliveryJson = z.output<typeof delivery>;
export type LossJson = z.output<typeof loss>;

export function webhookJson(row: ListedWebhook): WebhookJson {
  return {
    id: row.id,
    version: row.revision,
    name: row.name,
    table: row.table_name,
    url: row.url,
    onInsert: row.on_insert,
    onUpdate: row.on_update,
    onDelete: row.on_delete,
    onTruncate: row.on_truncate,
    active: row.active,
    pauseReason: row.pause_reason,
    breaker: row.breaker as WebhookJson['breaker'],
    concurrency: row.concurrency,
    companyId: row.company_id,
    allCompanies: row.all_companies,
    health: row.health,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    claimedCount: row.claimed_count,
    successCount: row.success_count,
    errorCount: row.error_count,
    missedCount: row.missed_count,
    backlogCount: row.backlog_count,
    backlogSince: row.backlog_since?.toISOString() ?? null,
    breakerSince: row.breaker_since?.toISOString() ?? null,
    breakerProbeAt: row.breaker_probe_at?.toISOString() ?? null,
    lastSuccessAt: row.last_success_at?.toISOString() ?? null,
    lastErrorAt: row.last_error_at?.toISOString() ?? null,
    lastError: row.last_error,
  };
}

export type ActivityJson = NonNullable<z.output<typeof webhookNow>['activity']>;

export function activityJson(activity: WebhookActivity | null): ActivityJson | null {
  if (activity === null) return null;
  const { since, delivered, failed, failuresInRow, failingSince, lastFailureMs } = activity;
  return {
    since: since?.toISOString() ?? null,
    failuresInRow,
    failingSince: failingSince?.toISOString() ?? null,
    lastFailureMs,
    lastHour: { delivered: [...delivered], failed: [...failed] },
  };
}

/** `hour` null: this process does not lead. */
export function tableActivityJson(hour: TableHour | null): z.output<typeof tableActivity> {
  return {
    isLeading: hour !== null,
    lagMs: hour?.lagMs ?? null,
    inserts: countedJson(hour?.inserts),
    updates: countedJson(hour?.updates),
    deletes: countedJson(hour?.deletes),
    truncates: countedJson(hour?.truncates),
  };
}

function countedJson(counted: Counted | null | undefined): z.output<typeof tableActivity>['inserts'] {
  return counted ? { count: counted.count, since: counted.since?.toISOString() ?? null } : null;
}

export function deliveryJson(row: ListedDelivery): DeliveryJson {
  return {
    id: deliveryId(row),
    at: row.at,
    resendOf: row.resend_of === null ? null : deliveryId({ at: row.resend_of, uid: row.uid }),
    webhookId: row.webhook_id,
    companyId: row.company_id,
    changeId: row.change_id,
    table: row.table_name,
    key: row.key,
    oldKey: row.old_key,
    type: row.type,
    attempt: row.attempt,
    outcome: row.outcome,
    class: row.class,
    status: row.status,
    detail: row.detail,
    dnsMs: row.dns_ms,
    connectMs: row.connect_ms,
    tlsMs: row.tls_ms,
    firstByteMs: row.first_byte_ms,
    totalMs: row.total_ms,
    bodyBytes: row.body_bytes,
    ...(row.body === undefined ? {} : { body: row.body, answer: row.answer }),
  };
}

export function foundDeliveryJson({
  delivery: row,
  bodyAbsence,
  others,
}: FoundDelivery): z.output<typeof foundDelivery> {
  const { body, answer } = row;
  return { ...deliveryJson(row), body, bodyAbsence, answer, others: others.map(deliveryJson) };
}

export function lossJson(row: ListedLoss): LossJson {
  return {
    id: row.id,
    at: row.at.toISOString(),
    webhookId: row.webhook_id,
    companyId: row.company_id,
    table: row.table_name,
    reason: row.reason,
    count: row.count,
    fromPosition: row.from_position,
    toPosition: row.to_position,
    detail: row.detail,
  };
}

/** What a test send needs of a webhook that is saved. */
export function testedOf(webhook: ListedWebhook): Tested {
  return {
    table: webhook.table_name,
    companyId: webhook.company_id,
    url: webhook.url,
    onInsert: webhook.on_insert,
    onUpdate: webhook.on_update,
    onDelete: webhook.on_delete,
  };
}

/** `companyId`: whose rows it gets; null: those of all companies. */
export function newWebhookRow(body: NewWebhookJson, companyId: string | null): NewWebhook {
  const { id, name, table, url } = body;
  return {
    ...(id !== undefined && { id }),
    company_id: companyId,
    all_companies: companyId === null,
    ...changedColumns(body),
    name,
    table_name: table,
    url,
  };
}

/** Of those fields that are named. */
export function changedColumns(changes: WebhookChangesJson): WebhookChanges {
  const columns = {
    name: changes.name,
    table_name: changes.table,
    url: changes.url,
    active: changes.active,
    on_insert: changes.onInsert,
    on_update: changes.onUpdate,
    on_delete: changes.onDelete,
    on_truncate: changes.onTruncate,
    pause_reason: changes.pauseReason,
    breaker: changes.breaker,
    concurrency: changes.concurrency,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}
