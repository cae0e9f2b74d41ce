/** A row of the delivery log as it is printed for people: one line, or in full. */
import { dropDetail } from '../delivery/outcome.ts';
import type { DeliveryJson } from '../http/shapes.ts';
import { formatTable, printable } from './output.ts';

export function formatDeliveries(deliveries: readonly DeliveryJson[]): string {
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
    'ID',
    'DETAIL',
  ];
  return formatTable(
    headings,
    deliveries.map((each) => [
      each.at.replace(/\d{3}Z$/, 'Z'),
      each.webhookId,
      each.companyId ?? '(all)',
      each.type ?? '-',
      each.table,
      each.key ?? '-',
      outcomeOf(each),
      each.totalMs === null ? '-' : each.totalMs.toFixed(1),
      String(each.bodyBytes ?? '-'),
      each.changeId,
      each.id,
      each.detail ?? (each.outcome === 'dropped' ? dropDetail(each.class ?? '') : ''),
    ]),
  );
}

/** A block for each: the line, then what was sent, or was to be, and what came back, as they were but for control characters. */
export function formatInFull(deliveries: readonly DeliveryJson[]): string {
  return deliveries.map((each) => block(each).join('\n')).join('\n\n');
}

function block(delivery: DeliveryJson): string[] {
  const { body, answer } = delivery;
  const phases = {
    dns: delivery.dnsMs,
    connect: delivery.connectMs,
    tls: delivery.tlsMs,
    'first byte': delivery.firstByteMs,
    total: delivery.totalMs,
  };
  const times = Object.entries(phases).flatMap(([phase, ms]) =>
    ms === null ? [] : [`${phase} ${ms.toFixed(1)} ms`],
  );
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

/** `delivered 200`, `rejected 503`, `timeout`, `dropped deleted`; `resend: delivered 200`. */
function outcomeOf({ outcome, class: kind, status, resendOf }: DeliveryJson): string {
  const tail = status ?? kind;
  const result = outcome === 'failed' ? (kind ?? outcome) : tail === null ? outcome : `${outcome} ${tail}`;
  return resendOf === null ? result : `resend: ${result}`;
}
