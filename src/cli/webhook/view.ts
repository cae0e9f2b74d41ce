/** A webhook as it is printed for people: one line. */
import type { WebhookJson } from '../../http/shapes.ts';
import { formatTable } from '../output.ts';

export function formatWebhooks(webhooks: readonly WebhookJson[]): string {
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
      webhook.companyId ?? '(all)',
      webhook.name,
      webhook.table,
      triggers(webhook),
      webhook.health,
      String(webhook.successCount),
      String(webhook.errorCount),
      String(webhook.missedCount),
      String(webhook.backlogCount),
      webhook.url,
      seconds(webhook.lastSuccessAt),
      seconds(webhook.lastErrorAt),
      webhook.lastError ?? '',
    ]),
  );
}

function seconds(at: string | null): string {
  return at === null ? '-' : at.replace(/\.\d+Z$/, 'Z');
}

function triggers(webhook: WebhookJson): string {
  const chosen = [
    webhook.onInsert ? 'insert' : '',
    webhook.onUpdate ? 'update' : '',
    webhook.onDelete ? 'delete' : '',
    webhook.onTruncate ? 'truncate' : '',
  ];
  return chosen.filter((each) => each !== '').join(',');
}
