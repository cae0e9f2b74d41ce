/** A row of the delivery log as it is printed for people: one line, or in full. */
import { dropDetail } from '../delivery/outcome.ts';
import type { DeliveryJson } from '../http/shapes.ts';
import { formatTable, printable, type TableColumn, type Terminal, type Tone } from './output.ts';

const columns: readonly TableColumn<DeliveryJson>[] = [
  { heading: 'AT', value: ({ at }) => at.replace(/\d{3}Z$/, 'Z') },
  { heading: 'WEBHOOK', value: ({ webhookId }) => webhookId },
  { heading: 'COMPANY', value: ({ companyId }) => companyId ?? '(all)', isFlexible: true },
  { heading: 'TYPE', value: ({ type }) => type ?? '-' },
  { heading: 'TABLE', value: ({ table }) => table },
  { heading: 'KEY', value: ({ key }) => key ?? '-', isFlexible: true },
  { heading: 'OUTCOME', value: outcomeOf, toneOf },
  { heading: 'MS', value: ({ totalMs }) => (totalMs === null ? '-' : totalMs.toFixed(1)) },
  { heading: 'BYTES', value: ({ bodyBytes }) => String(bodyBytes ?? '-') },
  { heading: 'CHANGE', value: ({ changeId }) => changeId },
  { heading: 'ID', value: ({ id }) => id },
  {
    heading: 'DETAIL',
    value: ({ detail, outcome, class: kind }) =>
      detail ?? (outcome === 'dropped' ? dropDetail(kind ?? '') : ''),
    isFlexible: true,
  },
];

export function formatDeliveries(deliveries: readonly DeliveryJson[], terminal: Terminal): string {
  return formatTable(columns, deliveries, terminal);
}

/** A block for each: the line, then what was sent, or was to be, and what came back, as they were but for control characters. */
export function formatInFull(deliveries: readonly DeliveryJson[], { hasColors }: Terminal): string {
  return deliveries.map((each) => block(each, { columns: undefined, hasColors }).join('\n')).join('\n\n');
}

function block(delivery: DeliveryJson, terminal: Terminal): string[] {
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
    ...formatDeliveries([delivery], terminal).split('\n').slice(1),
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

function toneOf({ outcome }: DeliveryJson): Tone {
  if (outcome === 'delivered') return 'good';
  return outcome === 'rejected' || outcome === 'failed' ? 'bad' : 'warning';
}
