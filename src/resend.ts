// Sending again what the delivery log has: each a delivery of its own by the very code that sends deliveries, marked by a header and in the log, claimed
// by nobody and counted nowhere. Invariant: its row in the log is committed before its first byte, and nothing is sent twice for one request.
import { setTimeout as pause } from 'node:timers/promises';
import { backoffMs } from './backoff.ts';
import { deliveryId } from './delivery-id.ts';
import { attemptColumns } from './delivery-log.ts';
import { readCurrentRow } from './database/current-row.ts';
import type { ListedDelivery } from './database/deliveries.ts';
import { absence, logsBodies, readDelivery } from './database/logged-delivery.ts';
import type { ListedLoss } from './database/losses.ts';
import type { Database } from './database/open-database.ts';
import {
  countSelection,
  findLoss,
  mayRepeat,
  readSelection,
  selectLoss,
  undelivered,
  type Selected,
  type Selection,
} from './database/resend-selection.ts';
import {
  beginResend,
  findTarget,
  finishResend,
  prepareLog,
  type BegunResend,
  type ResendTarget,
} from './database/resends.ts';
import { unknownWebhooks } from './database/webhooks.ts';
import type { Poster } from './delivery/post.ts';
import { describeOutcome } from './delivery/outcome.ts';
import { ExitError } from './exit-error.ts';
import type { ResendMany } from './http/parts.ts';
import { runInOrder } from './in-order.ts';

export interface ResendParts {
  /** No connection is held while a receiver takes its time. */
  within<T>(use: (db: Database) => Promise<T>): Promise<T>;
  /** As `within`, to write down what came of it: not behind what callers read. */
  note<T>(use: (db: Database) => Promise<T>): Promise<T>;
  readonly poster: Pick<Poster, 'post'>;
  warn(message: string): void;
  /** Who asks may know which statement lets the service read a table. */
  readonly isOperator: boolean;
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
  /** Nothing was sent because another resend had it meanwhile. */
  readonly isSentElsewhere: boolean;
}

const timeoutMs = 10_000;
const maxAtOnce = 8;
const noteWithinMs = 8_000;
/** After this no further one of a page is begun. */
const beginWithinMs = 15_000;

/** How long a page may take, in seconds, with an endpoint that never answers. */
export const longestPageSeconds = (beginWithinMs + timeoutMs) / 1000;

/** One delivery of the log, once. @throws {ExitError} when there is no such row, or nothing can be sent, with the reason. */
export async function resend(parts: ResendParts, id: string): Promise<Resent> {
  const source = await parts.within(async (db) => {
    const found = await readDelivery(db, id);
    requireOpen(await findTarget(db, { uid: found.uid }), found.webhook_id);
    await prepareLog(db);
    return found;
  });
  const resent = await sendAgain(parts, source, { isOfLoss: false, mayRepeat: true });
  if (resent.refusal !== null) throw refuse(`it cannot be sent again: ${resent.refusal}`);
  return resent;
}

/** What a webhook would be sent, and how to get it. */
export interface ResendPlan {
  readonly selection: Selection;
  readonly concurrency: number;
  /** Where the log has no body, the record as it is now will do. */
  readonly isOfLoss: boolean;
}

/** `webhook`: its id; null: the loss's. @throws {ExitError} for a webhook that cannot be sent to, and for a loss of which nothing is known. */
export async function planResend(
  { within }: Pick<ResendParts, 'within'>,
  webhook: string | null,
  wanted: ResendMany,
): Promise<ResendPlan> {
  return await within(async (db) => {
    const loss = 'loss' in wanted ? await findLoss(db, wanted.loss) : null;
    const target = await targetOf(db, webhook, loss);
    requireOpen(target, target.id);
    await prepareLog(db);
    const concurrency = Math.min(target.concurrency ?? maxAtOnce, maxAtOnce);
    if (loss !== null) return { selection: await selectLoss(db, loss, target), concurrency, isOfLoss: true };
    if ('loss' in wanted) throw new Error('a loss that was found is no stretch of time');
    const { since, until, outcomes = undelivered, reason = null } = wanted;
    return {
      selection: { target, since, until, outcomes, reason, positions: null },
      concurrency,
      isOfLoss: false,
    };
  });
}

async function targetOf(
  db: Database,
  webhook: string | null,
  loss: ListedLoss | null,
): Promise<ResendTarget> {
  if (loss !== null && loss.webhook_id === null) {
    throw refuse(
      `loss ${loss.id} (${loss.reason}) names no webhook: whom it was for is not known, so nothing can be sent again. ${loss.detail ?? ''}`.trim(),
    );
  }
  const id = webhook ?? loss?.webhook_id ?? '';
  const uid = loss?.uid ?? null;
  const target = await findTarget(db, uid === null ? { id } : { uid });
  if (target === null) {
    if (loss !== null) requireOpen(null, id);
    throw unknownWebhooks([id]);
  }
  if (loss !== null && target.id !== id) throw refuse(`loss ${loss.id} is another webhook's: ${target.id}`);
  return target;
}

export async function countResend(
  { within }: Pick<ResendParts, 'within'>,
  { selection }: ResendPlan,
): Promise<Selected> {
  return await within((db) => countSelection(db, selection));
}

export interface ResentPage {
  readonly data: readonly Resent[];
  readonly hasMore: boolean;
  /** The time of the last one so far, behind which the next page begins; null: there was none yet. */
  readonly last: string | null;
}

/**
 * A page of them, oldest first: of a record one after the other, otherwise a few at once, until it took a while; nothing more is begun once
 * the signal aborts. Each has its outcome, or why it was not sent.
 */
export async function resendPage(
  parts: ResendParts,
  { selection, concurrency, isOfLoss }: ResendPlan,
  {
    after,
    limit,
    signal,
  }: { readonly after: string | null; readonly limit: number; readonly signal: AbortSignal },
): Promise<ResentPage> {
  const found = await parts.within((db) => readSelection(db, selection, { after, limit }));
  const rules = { isOfLoss, mayRepeat: mayRepeat(selection) };
  const endsAtMs = performance.now() + beginWithinMs;
  const failures: ExitError[] = [];
  const data = await runInOrder({
    items: found.slice(0, limit),
    keysOf: ({ key, old_key: oldKey }) => (key === null ? 'all' : oldKey === null ? [key] : [key, oldKey]),
    maxAtOnce: concurrency,
    mayBegin: () => failures.length === 0 && !signal.aborted && performance.now() < endsAtMs,
    run: async (each) => {
      try {
        return await sendAgain(parts, each, rules);
      } catch (error) {
        if (!(error instanceof ExitError)) throw error;
        failures.push(error);
        return { ...nothingSent(each), refusal: 'the database could not be asked, so nothing was sent' };
      }
    },
  });
  // Where something was sent its outcome is not withheld.
  const [failure] = failures;
  if (failure !== undefined && data.every(({ id }) => id === null)) throw failure;
  return { data, hasMore: data.length < found.length, last: found[data.length - 1]?.at ?? after };
}

/** @throws {ExitError} for a webhook that is deleted or paused. */
function requireOpen(target: { readonly active: boolean } | null, id: string): void {
  if (target === null) throw refuse(`the webhook ${id} is deleted: there is nowhere to send it`);
  if (!target.active) throw refuse(`the webhook ${id} is paused: make it active first`);
}

interface Rules {
  /** Where the log has no body, the record as it is now will do. */
  readonly isOfLoss: boolean;
  /** Also where a resend of it arrived, or may have. */
  readonly mayRepeat: boolean;
}

type Begun =
  | { readonly refusal: string; readonly isSentElsewhere?: true }
  | { readonly resent: BegunResend; readonly body: string; readonly keepsBody: boolean };

async function sendAgain(parts: ResendParts, source: ListedDelivery, rules: Rules): Promise<Resent> {
  const { within, poster, isOperator } = parts;
  const begun = await within(async (db): Promise<Begun> => {
    const logged = await readDelivery(db, deliveryId(source));
    const keepsBody = await logsBodies(db, source.table_name);
    const { body } = logged;
    const reason = absence(logged, keepsBody);
    const row =
      body !== null
        ? { body }
        : rules.isOfLoss
          ? await readCurrentRow(db, logged, isOperator)
          : { refusal: reason ?? '' };
    if ('refusal' in row) return row;
    const ownBody = body === null ? row.body : null;
    const bodyBytes = Buffer.byteLength(row.body);
    const resent = await beginResend(db, { source: logged, ownBody, bodyBytes, mayRepeat: rules.mayRepeat });
    if (resent === 'closed') return { refusal: 'its webhook was paused or deleted meanwhile' };
    if (resent === 'sent') return { refusal: 'another resend had it meanwhile', isSentElsewhere: true };
    return { resent, body: row.body, keepsBody };
  });
  if ('refusal' in begun) return { ...nothingSent(source), ...begun };
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
  await noteOutcome(parts, resent, attemptColumns({ outcome, trace, keepsBody }));
  return {
    ...nothingSent(source),
    id: deliveryId(resent.place),
    isDelivered: outcome.kind === 'delivered',
    outcome: describeOutcome(outcome),
    status: 'status' in outcome ? outcome.status : null,
    totalMs: trace.totalMs,
  };
}

// It was sent, whatever becomes of this: where it cannot be written the row says that the outcome is not known.
async function noteOutcome(
  { note, warn }: ResendParts,
  resent: BegunResend,
  columns: ReturnType<typeof attemptColumns>,
): Promise<void> {
  const endsAtMs = performance.now() + noteWithinMs;
  for (let attempt = 0; ; attempt++) {
    try {
      await note((db) => finishResend(db, resent, columns));
      return;
    } catch (error) {
      const waitMs = backoffMs(attempt);
      if (!mayHeal(error) || performance.now() + waitMs > endsAtMs) {
        const why = error instanceof Error ? error.message : String(error);
        warn(
          `the outcome of the resend ${deliveryId(resent.place)} (${columns.outcome}) could not be written down, and stays interrupted in the delivery log: ${why}`,
        );
        return;
      }
      await pause(waitMs);
    }
  }
}

function mayHeal(error: unknown): boolean {
  return error instanceof ExitError && ['busy', 'slow', 'unavailable'].includes(error.refusal ?? '');
}

function nothingSent(source: ListedDelivery): Resent {
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
    isSentElsewhere: false,
  };
}

function refuse(message: string): ExitError {
  return new ExitError(message, { exitCode: 1, refusal: 'refused' });
}
