/** A readable line per delivery on the terminal, and the first payload as a whole. */
import { styleText } from 'node:util';
import type { Outcome } from '../../delivery/outcome.ts';
import { describeOutcome } from '../../delivery/outcome.ts';
import { indentJson } from './indent-json.ts';
import type { PayloadKey } from './receiver.ts';

export interface DeliveryLinesOptions {
  /** The companies' names by id. */
  readonly companies: ReadonlyMap<string, string>;
  /** The payload as the receiver got it; undefined when it went elsewhere or nowhere. */
  readonly takePayload: (key: PayloadKey) => string | undefined;
  readonly write: (line: string) => void;
  readonly paint?: Paint;
  readonly now?: () => Date;
}

/** What is shown of an attempt. */
export interface ShownAttempt {
  readonly webhookName: string;
  readonly companyId: string | null;
  readonly type: string;
  readonly table: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly bytes: number;
}

export type Paint = (style: Parameters<typeof styleText>[0], text: string) => string;

/** Colours on a terminal only, and none with NO_COLOR: styleText looks. */
const paintTerminal: Paint = (style, text) => styleText(style, text);

const operationColours = { INSERT: 'green', UPDATE: 'yellow', DELETE: 'red' } as const;

export function createDeliveryLines(options: DeliveryLinesOptions): (attempt: ShownAttempt) => void {
  const { companies, takePayload, write, paint = paintTerminal, now = () => new Date() } = options;
  let hasShownPayload = false;
  return (attempt) => {
    const payload = takePayload(attempt);
    write(formatLine({ attempt, payload, companies, paint, at: now() }));
    if (hasShownPayload || payload === undefined) return;
    hasShownPayload = true;
    write(formatPayload(payload, paint));
  };
}

interface Line {
  readonly attempt: ShownAttempt;
  readonly payload: string | undefined;
  readonly companies: ReadonlyMap<string, string>;
  readonly paint: Paint;
  readonly at: Date;
}

function formatLine({ attempt, payload, companies, paint, at }: Line): string {
  const { companyId, label } = describePayload(payload);
  const company = companyId ?? attempt.companyId;
  const isDelivered = attempt.outcome.kind === 'delivered';
  const answer = isDelivered ? String(attempt.outcome.status) : describeOutcome(attempt.outcome);
  return [
    paint('dim', at.toTimeString().slice(0, 8)),
    (company === null ? 'no company' : (companies.get(company) ?? company)).padEnd(10),
    paint(colourOf(attempt.type), attempt.type.padEnd(6)),
    attempt.table.padEnd(15),
    label.padEnd(11),
    `${paint('dim', '→')} "${attempt.webhookName}"`,
    `${paint(isDelivered ? 'green' : 'red', answer)} ${paint('dim', `in ${Math.round(attempt.durationMs)} ms`)}`,
  ].join('  ');
}

function formatPayload(payload: string, paint: Paint): string {
  const body = indentJson(payload).replaceAll(/^/gm, '    ');
  return `${paint('dim', '          what was POSTed (sent as one line):')}\n${paint('cyan', body)}`;
}

function colourOf(type: string): Parameters<Paint>[0] {
  return type === 'INSERT' || type === 'UPDATE' || type === 'DELETE' ? operationColours[type] : 'bold';
}

function describePayload(payload: string | undefined): { companyId: string | null; label: string } {
  const parsed = asRow(payload === undefined ? null : JSON.parse(payload));
  const record = asRow(parsed['record']);
  const [label] = [record['readableId'], record['name'], record['id']].filter(
    (value) => typeof value === 'string',
  );
  return {
    companyId: typeof parsed['companyId'] === 'string' ? parsed['companyId'] : null,
    label: label ?? '',
  };
}

function asRow(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
