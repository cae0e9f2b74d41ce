// One sentence for what is wrong with a webhook: what, how often, since when, and the last of it.
import { counted, amount } from './amounts.ts';
import { failureOf, isStatus } from './failures.ts';
import { isolated } from './isolate.ts';
import { clockTime, duration, span } from './times.ts';

export interface Attended {
  readonly health: string;
  readonly url: string;
  readonly lastError: string | null;
  readonly lastErrorAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly missedCount: number;
  readonly errorCount: number;
  readonly backlogCount: number;
  readonly backlogSince: string | null;
  readonly breakerSince: string | null;
  readonly breakerProbeAt: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly pauseReason: string | null;
  readonly table: string;
  /** What it chose for its breaker; null: as the service is set. */
  readonly breaker: 'off' | 'wait' | 'drop' | null;
  readonly activity: {
    /** What the process knows goes back to here; null: to an hour ago. */
    readonly since: string | null;
    readonly lastHour: { readonly delivered: readonly number[] };
    readonly failuresInRow: number;
    readonly failingSince: string | null;
    readonly lastFailureMs: number | null;
  } | null;
}

export interface Sentence {
  readonly text: string;
  /** What to do next; null: nothing. */
  readonly advice: string | null;
}

/** Null: nothing is wrong with it. */
export function attentionOf(webhook: Attended, now: Date, zone?: string): Sentence | null {
  const time = (at: string): string => clockTime(new Date(at), now, zone);
  switch (webhook.health) {
    case 'failing':
      return { text: failingSentence(webhook, { now, time }), advice: failingAdvice(webhook, time) };
    case 'breaker open': {
      const { breakerSince, breakerProbeAt } = webhook;
      const probe = breakerProbeAt === null ? 'the next change' : probeIn(breakerProbeAt, now);
      const since = breakerSince === null ? '' : ` since ${time(breakerSince)}${lasting(breakerSince, now)}`;
      const text = `Its breaker is open${since}, after many failures in a row: what comes ${keptWords(webhook)}. The next try is ${probe}. ${lastOf(webhook)}`;
      return { text: text.trim(), advice: failureOf(webhook.lastError ?? '').advice };
    }
    case 'table disabled':
      return {
        text: `Nothing is sent, now or later: the table ${isolated(webhook.table)} is not enabled any more.`,
        advice: 'Its owner enables it again, or the webhook watches another table.',
      };
    case 'catching up': {
      const { backlogCount, backlogSince } = webhook;
      const since =
        backlogSince === null ? '' : `, the oldest since ${time(backlogSince)}${lasting(backlogSince, now)}`;
      return {
        text: `${counted(backlogCount, 'delivery waits', 'deliveries wait')} to be sent${since}.${paceOf(webhook)}`,
        advice: 'Nothing to do while this number falls; if it grows, the endpoint is too slow.',
      };
    }
    case 'paused': {
      const { pauseReason, missedCount, updatedAt } = webhook;
      const why = pauseReason === null ? '' : `: ${isolated(pauseReason.replace(/\.$/, ''))}`;
      const missed = missedCount === 0 ? '' : ` ${counted(missedCount, 'change')} missed so far.`;
      return {
        text: `Paused${why}.${missed} Changed last at ${time(updatedAt)}.`,
        advice: 'Resume it to be told again.',
      };
    }
    default:
      return null;
  }
}

function keptWords({ breaker }: Attended): string {
  if (breaker === 'wait') return 'waits';
  return breaker === 'drop' ? 'is dropped' : 'is not sent';
}

function probeIn(at: string, now: Date): string {
  const ms = Date.parse(at) - now.getTime();
  return ms < 1_000 ? 'due now' : `in ${span(ms)}`;
}

/** ` 66 went out in the last full minute.` */
function paceOf({ activity }: Attended): string {
  const sent = activity?.lastHour.delivered.at(-2) ?? 0;
  return sent === 0 ? '' : ` ${amount(sent)} went out in the last full minute.`;
}

interface Clock {
  readonly now: Date;
  readonly time: (at: string) => string;
}

/** `47 failures since 10:12:03, for 5 min. Last: 503 from api.example.com after 120 ms.` */
function failingSentence(webhook: Attended, { now, time }: Clock): string {
  const { activity, createdAt, lastSuccessAt, lastErrorAt, errorCount } = webhook;
  const since = activity?.failingSince ?? null;
  if (activity !== null && since !== null && knowsTheFirst(webhook, activity.since ?? hourBefore(now)))
    return `${counted(activity.failuresInRow, 'failure')} since ${time(since)}${lasting(since, now)}. ${lastOf(webhook)}`;
  const lastGood =
    lastSuccessAt === null
      ? `No success since it was created at ${time(createdAt)}`
      : `No success since ${time(lastSuccessAt)}`;
  const lastAt = lastErrorAt === null ? '' : ` at ${time(lastErrorAt)}`;
  return `${lastGood}; ${amount(errorCount)} failed in all, the last${lastAt}. ${lastOf(webhook)}`;
}

/** Of these failures: a process that began among them does not. */
function knowsTheFirst({ createdAt, lastSuccessAt }: Attended, since: string): boolean {
  return [createdAt, lastSuccessAt].some((at) => at !== null && Date.parse(at) >= Date.parse(since));
}

function hourBefore(now: Date): string {
  return new Date(now.getTime() - 3_600_000).toISOString();
}

function failingAdvice(webhook: Attended, time: (at: string) => string): string {
  const { lastError, lastErrorAt, updatedAt } = webhook;
  if (lastErrorAt !== null && Date.parse(updatedAt) > Date.parse(lastErrorAt))
    return `It was changed at ${time(updatedAt)}, and nothing was sent since: send a test to see whether that helped.`;
  return failureOf(lastError ?? '').advice;
}

function lasting(since: string, now: Date): string {
  const ms = now.getTime() - Date.parse(since);
  return ms < 2_000 ? '' : `, for ${span(ms)}`;
}

function lastOf(webhook: Attended): string {
  const { lastError, lastErrorAt, url, activity } = webhook;
  if (lastError === null) return '';
  const { kind, what } = failureOf(lastError);
  // The service found it in its books: how long it took nobody knows.
  const tookMs = kind === 'interrupted' ? null : (activity?.lastFailureMs ?? null);
  const after = tookMs === null ? '' : ` after ${duration(tookMs)}`;
  const where = mayHaveMoved(webhook, lastErrorAt) ? '' : ` ${isStatus(what) ? 'from' : 'at'} ${hostOf(url)}`;
  return `Last: ${what}${where}${after}.`;
}

/** It was changed after that moment, so that what happened then may have happened at another URL than its present one. */
export function mayHaveMoved({ updatedAt }: { readonly updatedAt: string }, at: string | null): boolean {
  return at === null || Date.parse(updatedAt) > Date.parse(at);
}

export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
