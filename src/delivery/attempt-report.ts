// What is told about each delivery that came to its end: the canonical log line, and what the demo shows.
import type { Delivery } from './delivery.ts';
import { describeOutcome, type Outcome } from './outcome.ts';
import { changeId } from '../position.ts';

export interface AttemptReport {
  readonly webhookId: string;
  readonly webhookName: string;
  /** The row's company. */
  readonly companyId: string | null;
  readonly changeId: string;
  readonly type: Delivery['type'];
  readonly table: string;
  readonly outcome: Outcome;
  readonly durationMs: number;
  readonly bytes: number;
}

export function reportAttempt(delivery: Delivery, outcome: Outcome, durationMs: number): AttemptReport {
  const { webhook, companyId, position, type, table, payload } = delivery;
  return {
    webhookId: webhook.id,
    webhookName: webhook.name,
    companyId,
    changeId: changeId(position),
    type,
    table,
    outcome,
    durationMs,
    bytes: payload.bytes,
  };
}

/** The fields of `delivery.attempted`; nothing of the record, and no URL. */
export function attemptFields({
  webhookId,
  changeId: change,
  type,
  table,
  outcome,
  durationMs,
}: AttemptReport) {
  const status = 'status' in outcome ? { status: outcome.status } : {};
  const result = describeOutcome(outcome);
  return {
    webhook: webhookId,
    changeId: change,
    type,
    table,
    outcome: result,
    ...status,
    durationMs: Math.round(durationMs),
  };
}
