// What the deliveries of each webhook came to in the last hour, by the minute, in memory. It is told once per outcome and costs next to
// nothing there; a restart forgets it, and a standby knows none. The counters are exact, this is for looking at.
import type { Outcome } from './delivery/outcome.ts';
import { countedSince, LastHour, minuteOf, minutes } from './last-hour.ts';

export interface WebhookActivity {
  /** When this process began to count, if that is less than an hour ago; null: it has counted the whole hour. */
  readonly since: Date | null;
  /** Deliveries that ended in each of the last sixty minutes, oldest first; the last minute is the one that runs. */
  readonly delivered: readonly number[];
  readonly failed: readonly number[];
  /** Since the last one that was delivered; 0: that was the last. */
  readonly failuresInRow: number;
  /** The first of these; null: there is none. */
  readonly failingSince: Date | null;
  /** How long the last attempt that failed took; null: none did, or nothing was sent. */
  readonly lastFailureMs: number | null;
}

export interface ActiveWebhook {
  readonly id: string;
  readonly companyId: string | null;
}

interface Entry {
  /** An id may come back after a delete, for another company. */
  readonly companyId: string | null;
  readonly hour: LastHour;
  failuresInRow: number;
  failingSinceMs: number;
  lastFailureMs: number | null;
}

const row = { delivered: 0, failed: 1 } as const;

export class Activity {
  readonly #sinceMs: number;
  readonly #entries = new Map<string, Entry>();

  /** `sinceMs`: it knows of nothing that was before. */
  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  /** `durationMs` null: nothing was sent. */
  finished(webhook: ActiveWebhook, outcome: Outcome, durationMs: number | null, nowMs: number): void {
    if (outcome.kind === 'dropped' && outcome.reason === 'deleted') return;
    const entry = this.#entryOf(webhook, nowMs);
    // A clock that is set back counts into the newest minute.
    const minute = Math.max(minuteOf(nowMs), entry.hour.lastMinute);
    entry.hour.add(outcome.kind === 'delivered' ? row.delivered : row.failed, minute);
    if (outcome.kind === 'delivered') {
      entry.failuresInRow = 0;
      return;
    }
    if (entry.failuresInRow === 0) entry.failingSinceMs = nowMs;
    entry.failuresInRow += 1;
    entry.lastFailureMs = durationMs;
  }

  of({ id, companyId }: ActiveWebhook, nowMs: number): WebhookActivity {
    const since = countedSince(this.#sinceMs, nowMs);
    const entry = this.#entries.get(id);
    if (entry?.companyId !== companyId) return { since, ...nothing };
    const { hour, failuresInRow, failingSinceMs, lastFailureMs } = entry;
    return {
      since,
      delivered: hour.perMinute(row.delivered, minuteOf(nowMs)),
      failed: hour.perMinute(row.failed, minuteOf(nowMs)),
      failuresInRow,
      failingSince: failuresInRow === 0 ? null : new Date(failingSinceMs),
      lastFailureMs,
    };
  }

  /** What is an hour old; called now and then, so that deleted webhooks do not stay. */
  forgetIdle(nowMs: number): void {
    const oldest = minuteOf(nowMs) - minutes;
    for (const [id, { hour }] of this.#entries) if (hour.lastMinute <= oldest) this.#entries.delete(id);
  }

  #entryOf({ id, companyId }: ActiveWebhook, nowMs: number): Entry {
    const known = this.#entries.get(id);
    if (known?.companyId === companyId) return known;
    const entry = {
      companyId,
      hour: new LastHour(2, minuteOf(nowMs)),
      failuresInRow: 0,
      failingSinceMs: 0,
      lastFailureMs: null,
    };
    this.#entries.set(id, entry);
    return entry;
  }
}

const nothing: Omit<WebhookActivity, 'since'> = {
  delivered: Array<number>(minutes).fill(0),
  failed: Array<number>(minutes).fill(0),
  failuresInRow: 0,
  failingSince: null,
  lastFailureMs: null,
};
