/** A row of the delivery log as it is printed for people: one line, or in full. */
import type { ListedDelivery } from '../database/deliveries.ts';
import { dropDetail } from '../delivery/outcome.ts';
import { formatTable, printable } from './output.ts';

export function formatDeliveries(deliveries: readonly ListedDelivery[]): string {
  const headings = [
    'AT',
    'WEBHOOK',
    'COMPANY',
    'TYPE',
    'TABLE',
    'KEY',
    'OUTCOME',
    'MS',
    'BYTES',
    'CHANGE',
    'DETAIL',
  ];
  return formatTable(
    headings,
    deliveries.map((each) => [
      each.at.replace(/\d{3}Z$/, 'Z'),
      each.webhook_id,
      each.company_id ?? '(all)',
      each.type ?? '-',
      each.table_name,
      each.key ?? '-',
      outcomeOf(each),
      each.total_ms === null ? '-' : each.total_ms.toFixed(1),
      String(each.body_bytes ?? '-'),
      each.change_id,
      each.detail ?? (each.outcome === 'dropped' ? dropDetail(each.class ?? '') : ''),
    ]),
  );
}

/** A block for each: the line, then what was sent, or was to be, and what came back, as they were but for control characters. */
export function formatInFull(deliveries: readonly ListedDelivery[]): string {
  return deliveries.map((each) => block(each).join('\n')).join('\n\n');
}

function block(delivery: ListedDelivery): string[] {
  const { body, answer } = delivery;
  const times = (['dns', 'connect', 'tls', 'first_byte', 'total'] as const).flatMap((phase) => {
    const ms = delivery[`${phase}_ms`];
    return ms === null ? [] : [`${phase.replace('_', ' ')} ${ms.toFixed(1)} ms`];
  });
  return [
    ...formatDeliveries([delivery]).split('\n').slice(1),
    ...(times.length === 0 ? [] : [`  ${times.join(', ')}`]),
    ...(body === undefined ? [] : [`  body: ${body === null ? '(not kept)' : printable(body)}`]),
    ...(answer === undefined ? [] : [`  answer: ${answer === null ? '(none, or not kept)' : lines(answer)}`]),
  ];
}

function lines(answer: string): string {
  return answer.split(/\r?\n/).map(printable).join('\n    ');
}

/** `delivered 200`, `rejected 503`, `timeout`, `dropped deleted`. */
function outcomeOf({ outcome, class: kind, status }: ListedDelivery): string {
  if (outcome === 'failed') return kind ?? outcome;
  const tail = status ?? kind;
  return tail === null ? outcome : `${outcome} ${tail}`;
}
