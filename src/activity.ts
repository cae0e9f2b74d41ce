// What the deliveries of each webhook came to in the last hour, by the minute, in memory. It is told once per outcome and costs next to
// nothing there; a restart forgets it, and a standby knows none. The counters are exact, this is for looking at.
import type { Outcome } from './delivery/outcome.ts';

export interface WebhookActivity {
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

const minutes = 60;
const minuteMs = 60_000;

interface Entry {
  /** An id may come back after a delete, for another company. */
  readonly companyId: string | null;
  readonly delivered: Uint32Array;
  readonly failed: Uint32Array;
  /** Since 1970; what the rings hold ends with it. */
  minute: number;
  /** Of the last delivery: reading does not keep it. */
  finishedMinute: number;
  failuresInRow: number;
  failingSinceMs: number;
  lastFailureMs: number | null;
}

export class Activity {
  readonly #entries = new Map<string, Entry>();

  /** `durationMs` null: nothing was sent. */
  finished(webhook: ActiveWebhook, outcome: Outcome, durationMs: number | null, nowMs: number): void {
    if (outcome.kind === 'dropped' && outcome.reason === 'deleted') return;
    const entry = this.#entryOf(webhook, nowMs);
    const at = entry.minute % minutes;
    entry.finishedMinute = entry.minute;
    if (outcome.kind === 'delivered') {
      entry.delivered[at] = (entry.delivered[at] ?? 0) + 1;
      entry.failuresInRow = 0;
      return;
    }
    entry.failed[at] = (entry.failed[at] ?? 0) + 1;
    if (entry.failuresInRow === 0) entry.failingSinceMs = nowMs;
    entry.failuresInRow += 1;
    entry.lastFailureMs = durationMs;
  }

  of({ id, companyId }: ActiveWebhook, nowMs: number): WebhookActivity {
    const entry = this.#entries.get(id);
    if (entry?.companyId !== companyId) return nothing;
    advance(entry, minuteOf(nowMs));
    const { failuresInRow, failingSinceMs, lastFailureMs } = entry;
    return {
      delivered: unrolled(entry.delivered, entry.minute),
      failed: unrolled(entry.failed, entry.minute),
      failuresInRow,
      failingSince: failuresInRow === 0 ? null : new Date(failingSinceMs),
      lastFailureMs,
    };
  }

  /** What is an hour old; called now and then, so that deleted webhooks do not stay. */
  forgetIdle(nowMs: number): void {
    const oldest = minuteOf(nowMs) - minutes;
    for (const [id, { finishedMinute }] of this.#entries)
      if (finishedMinute <= oldest) this.#entries.delete(id);
  }

  #entryOf({ id, companyId }: ActiveWebhook, nowMs: number): Entry {
    const known = this.#entries.get(id);
    if (known?.companyId === companyId) {
      advance(known, minuteOf(nowMs));
      return known;
    }
    const entry = {
      companyId,
      delivered: new Uint32Array(minutes),
      failed: new Uint32Array(minutes),
      minute: minuteOf(nowMs),
      finishedMinute: minuteOf(nowMs),
      failuresInRow: 0,
      failingSinceMs: 0,
      lastFailureMs: null,
    };
    this.#entries.set(id, entry);
    return entry;
  }
}

const nothing: WebhookActivity = {
  delivered: Array<number>(minutes).fill(0),
  failed: Array<number>(minutes).fill(0),
  failuresInRow: 0,
  failingSince: null,
  lastFailureMs: null,
};

function minuteOf(timeMs: number): number {
  return Math.floor(timeMs / minuteMs);
}

// A clock that is set back counts into the newest minute.
function advance(entry: Entry, minute: number): void {
  const passed = Math.min(minute - entry.minute, minutes);
  for (let step = 1; step <= passed; step++) {
    const at = (entry.minute + step) % minutes;
    entry.delivered[at] = 0;
    entry.failed[at] = 0;
  }
  if (passed > 0) entry.minute = minute;
}

function unrolled(ring: Uint32Array, minute: number): number[] {
  return Array.from({ length: minutes }, (_, at) => ring[(minute + 1 + at) % minutes] ?? 0);
}
