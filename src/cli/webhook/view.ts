/** A webhook as it is printed for people: one line. */
import type { WebhookJson } from '../../http/shapes.ts';
import { formatTable, type TableColumn, type Terminal, type Tone } from '../output.ts';

const columns: readonly TableColumn<WebhookJson>[] = [
  { heading: 'ID', value: ({ id }) => id },
  { heading: 'COMPANY', value: ({ companyId }) => companyId ?? '(all)', isFlexible: true },
  { heading: 'NAME', value: ({ name }) => name, isFlexible: true },
  { heading: 'TABLE', value: ({ table }) => table },
  { heading: 'ON', value: triggers },
  { heading: 'HEALTH', value: ({ health }) => health, toneOf: ({ health }) => tones[health] },
  { heading: 'OK', value: ({ successCount }) => String(successCount) },
  { heading: 'ERRORS', value: ({ errorCount }) => String(errorCount) },
  { heading: 'MISSED', value: ({ missedCount }) => String(missedCount) },
  { heading: 'WAITING', value: ({ backlogCount }) => String(backlogCount) },
  { heading: 'URL', value: ({ url }) => url, isFlexible: true },
  { heading: 'LAST OK', value: ({ lastSuccessAt }) => seconds(lastSuccessAt) },
  { heading: 'LAST ERROR AT', value: ({ lastErrorAt }) => seconds(lastErrorAt) },
  { heading: 'LAST ERROR', value: ({ lastError }) => lastError ?? '', isFlexible: true },
];

const tones: Readonly<Partial<Record<string, Tone>>> = {
  ok: 'good',
  failing: 'bad',
  'breaker open': 'bad',
  'table disabled': 'warning',
  'catching up': 'warning',
  paused: 'warning',
};

export function formatWebhooks(webhooks: readonly WebhookJson[], terminal: Terminal): string {
  return formatTable(columns, webhooks, terminal);
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
