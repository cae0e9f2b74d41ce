/** A webhook as it is printed for people: one line. */
import type { ListedWebhook } from '../../database/webhooks.ts';
import { formatTable } from '../output.ts';

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
