// The JSON shapes of what the database holds: what the API answers and what commands print with --json.
import { deliveryId } from '../delivery-id.ts';
import type { ListedDelivery } from '../database/deliveries.ts';
import type { FoundDelivery } from '../database/logged-delivery.ts';
import type { ListedLoss } from '../database/losses.ts';
import type { ListedWebhook } from '../database/webhooks.ts';
import type { Tested } from './parts.ts';

export function webhookJson(webhook: ListedWebhook): Record<string, unknown> {
  return {
    id: webhook.id,
    version: webhook.revision,
    name: webhook.name,
    table: webhook.table_name,
    url: webhook.url,
    onInsert: webhook.on_insert,
    onUpdate: webhook.on_update,
    onDelete: webhook.on_delete,
    onTruncate: webhook.on_truncate,
    active: webhook.active,
    breaker: webhook.breaker,
    concurrency: webhook.concurrency,
    companyId: webhook.company_id,
    allCompanies: webhook.all_companies,
    health: webhook.health,
    createdAt: webhook.created_at,
    updatedAt: webhook.updated_at,
    claimedCount: webhook.claimed_count,
    successCount: webhook.success_count,
    errorCount: webhook.error_count,
    missedCount: webhook.missed_count,
    backlogCount: webhook.backlog_count,
    backlogSince: webhook.backlog_since,
    breakerSince: webhook.breaker_since,
    breakerProbeAt: webhook.breaker_probe_at,
    lastSuccessAt: webhook.last_success_at,
    lastErrorAt: webhook.last_error_at,
    lastError: webhook.last_error,
  };
}

export function deliveryJson(delivery: ListedDelivery): Record<string, unknown> {
  return {
    id: deliveryId(delivery),
    at: delivery.at,
    resendOf: delivery.resend_of === null ? null : deliveryId({ at: delivery.resend_of, uid: delivery.uid }),
    webhookId: delivery.webhook_id,
    companyId: delivery.company_id,
    changeId: delivery.change_id,
    table: delivery.table_name,
    key: delivery.key,
    oldKey: delivery.old_key,
    type: delivery.type,
    attempt: delivery.attempt,
    outcome: delivery.outcome,
    class: delivery.class,
    status: delivery.status,
    detail: delivery.detail,
    dnsMs: delivery.dns_ms,
    connectMs: delivery.connect_ms,
    tlsMs: delivery.tls_ms,
    firstByteMs: delivery.first_byte_ms,
    totalMs: delivery.total_ms,
    bodyBytes: delivery.body_bytes,
    ...(delivery.body === undefined ? {} : { body: delivery.body, answer: delivery.answer }),
  };
}

export function foundDeliveryJson({ delivery, bodyAbsence, others }: FoundDelivery): Record<string, unknown> {
  return { ...deliveryJson(delivery), bodyAbsence, others: others.map(deliveryJson) };
}

export function lossJson(loss: ListedLoss): Record<string, unknown> {
  return {
    id: loss.id,
    at: loss.at,
    webhookId: loss.webhook_id,
    companyId: loss.company_id,
    table: loss.table_name,
    reason: loss.reason,
    count: loss.count,
    fromPosition: loss.from_position,
    toPosition: loss.to_position,
    detail: loss.detail,
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
