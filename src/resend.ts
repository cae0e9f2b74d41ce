// Sending again what the delivery log has: each a delivery of its own by the very code that sends deliveries, marked by a header and in the log, claimed
// by nobody and counted nowhere. Invariant: its row in the log is committed before its first byte, and nothing is sent twice for one request.
import { deliveryId } from './delivery-id.ts';
import { attemptColumns } from './delivery-log.ts';
import { absence, logsBodies, readDelivery, type LoggedDelivery } from './database/logged-delivery.ts';
import type { Database } from './database/open-database.ts';
import { beginResend, findTarget, finishResend, prepareLog, type BegunResend } from './database/resends.ts';
import type { Poster } from './delivery/post.ts';
import { describeOutcome } from './delivery/outcome.ts';
import { ExitError } from './exit-error.ts';

export interface ResendParts {
  /** No connection is held while a receiver takes its time. */
  within<T>(use: (db: Database) => Promise<T>): Promise<T>;
  readonly poster: Pick<Poster, 'post'>;
}

/** What came of one. */
export interface Resent {
  /** What was sent again. */
  readonly deliveryId: string;
  /** The new row in the log; null: nothing was sent. */
  readonly id: string | null;
  readonly changeId: string;
  readonly key: string | null;
  readonly isDelivered: boolean;
  /** `delivered 200`, `rejected 503 …`, `timeout …`; null: nothing was sent. */
  readonly outcome: string | null;
  readonly status: number | null;
  /** Milliseconds. */
  readonly totalMs: number | null;
  /** Why nothing was sent; null: it was. */
  readonly refusal: string | null;
}

const timeoutMs = 10_000;

/** One delivery of the log, once. @throws {ExitError} when there is no such row, or nothing can be sent, with the reason. */
export async function resend(parts: ResendParts, id: string): Promise<Resent> {
  const source = await parts.within(async (db) => {
    const found = await readDelivery(db, id);
    requireOpen(await findTarget(db, { uid: found.uid }), found.webhook_id);
    await prepareLog(db);
    return found;
  });
  const resent = await sendAgain(parts, source);
  if (resent.refusal !== null) throw refusal(`it cannot be sent again: ${resent.refusal}`);
  return resent;
}

/** @throws {ExitError} for a webhook that is deleted or paused. */
export function requireOpen(target: { readonly active: boolean } | null, id: string): void {
  if (target === null) throw refusal(`the webhook ${id} is deleted: there is nowhere to send it`);
  if (!target.active) throw refusal(`the webhook ${id} is paused: make it active first`);
}

async function sendAgain({ within, poster }: ResendParts, source: LoggedDelivery): Promise<Resent> {
  const begun = await within(async (db) => {
    const keepsBody = await logsBodies(db, source.table_name);
    const { body } = source;
    if (body === null) return { refusal: absence(source, keepsBody) };
    const bodyBytes = Buffer.byteLength(body);
    const resent = await beginResend(db, { source, ownBody: null, bodyBytes });
    return resent === null
      ? { refusal: 'its webhook was paused or deleted meanwhile' }
      : { resent, body, keepsBody };
  });
  if ('refusal' in begun) return { ...nothingSent(source), refusal: begun.refusal };
  const { resent, body, keepsBody } = begun;
  const result = await poster.post({
    url: resent.url,
    body,
    timeoutMs,
    mark: 'resend',
    mayWrite: () => true,
  });
  if (result.kind !== 'finished') throw new Error('what is sent again may always be written');
  const { outcome, trace } = result;
  await noteOutcome(within, resent, attemptColumns({ outcome, trace, keepsBody }));
  return {
    ...nothingSent(source),
    id: deliveryId(resent.place),
    isDelivered: outcome.kind === 'delivered',
    outcome: describeOutcome(outcome),
    status: 'status' in outcome ? outcome.status : null,
    totalMs: trace.totalMs,
  };
}

// It was sent, whatever becomes of this: the row says then that the outcome is not known.
async function noteOutcome(
  within: ResendParts['within'],
  resent: BegunResend,
  columns: ReturnType<typeof attemptColumns>,
): Promise<void> {
  await within((db) => finishResend(db, resent, columns)).catch(() => undefined);
}

function nothingSent(source: LoggedDelivery): Resent {
  return {
    deliveryId: deliveryId(source),
    id: null,
    changeId: source.change_id,
    key: source.key,
    isDelivered: false,
    outcome: null,
    status: null,
    totalMs: null,
    refusal: null,
  };
}

function refusal(message: string): ExitError {
  return new ExitError(message, { exitCode: 1, refusal: 'refused' });
}
