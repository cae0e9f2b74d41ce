/** A webhook as it is printed: one JSON shape, the same as the API's, and one line for people. */
import type { ListedWebhook } from '../../database/webhooks.ts';
import { formatTable } from '../output.ts';

export function toJson(webhook: ListedWebhook): Record<string, unknown> {
  return {
    id: webhook.id,
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

export function formatWebhooks(webhooks: readonly ListedWebhook[]): string {
  const headings = [
    'ID',
    'COMPANY',
    'NAME',
    'TABLE',
    'ON',
    'HEALTH',
    'OK',
    'ERRORS',
    'MISSED',
    'WAITING',
    'URL',
    'LAST OK',
    'LAST ERROR AT',
    'LAST ERROR',
  ];
  return formatTable(
    headings,
    webhooks.map((webhook) => [
      webhook.id,
      webhook.company_id ?? '(all)',
      webhook.name,
      webhook.table_name,
      triggers(webhook),
      webhook.health,
      String(webhook.success_count),
      String(webhook.error_count),
      String(webhook.missed_count),
      String(webhook.backlog_count),
      webhook.url,
      seconds(webhook.last_success_at),
      seconds(webhook.last_error_at),
      webhook.last_error ?? '',
    ]),
  );
}

function seconds(at: Date | null): string {
  return at === null ? '-' : at.toISOString().replace(/\.\d+Z$/, 'Z');
}

function triggers(webhook: ListedWebhook): string {
  const chosen = [
    webhook.on_insert ? 'insert' : '',
    webhook.on_update ? 'update' : '',
    webhook.on_delete ? 'delete' : '',
    webhook.on_truncate ? 'truncate' : '',
  ];
  return chosen.filter((each) => each !== '').join(',');
}
