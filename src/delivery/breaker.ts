// Breakers: a webhook whose endpoint failed many times in a row is not sent to any more, but for one delivery now and then, the probe. What
// comes meanwhile waits or is dropped, as the webhook or the operator chose. The first delivery that arrives closes it, and so
// does whoever changes the webhook. Invariant: while it is open, one delivery is out at a time, and only after a pause.
import type { BreakerMode, BreakerSettings } from '../breaker-settings.ts';
import { describeOutcome, type Outcome } from './outcome.ts';

/** As `rowhook.counter` shows it. */
export interface BreakerNow {
  readonly uid: bigint;
  /** null: it is closed. */
  readonly openMs: number | null;
  /** null: the next delivery is the probe. */
  readonly probeInMs: number | null;
}

export interface BreakerEvent {
  readonly uid: bigint;
  readonly mode: BreakerMode;
  readonly failures: number;
  readonly lastError: string;
  readonly openMs: number;
}

export interface BreakerParts {
  readonly settings: BreakerSettings;
  /** What the webhook's newest row says; null: nothing. */
  modeOf(uid: bigint): BreakerMode | null;
  onOpened(event: BreakerEvent): void;
  /** One delivery may go. */
  onProbe(uid: bigint): void;
  /** Everything may go. */
  onClosed(event: BreakerEvent): void;
  now(): number;
}

interface Open {
  readonly mode: BreakerMode;
  readonly sinceMs: number;
  readonly lastError: string;
  pauseMs: number;
  probeAtMs: number;
  /** Since when the probe may go; null: not yet. */
  probingSinceMs: number | null;
  /** When a change was last let through to be the probe, where others are dropped. */
  letThroughAtMs: number;
}

const firstPauseMs = 1_000;
const lookEveryMs = 100;

export class Breakers {
  readonly #parts: BreakerParts;
  /** Failures in a row of those that are closed. */
  readonly #failures = new Map<bigint, number>();
  readonly #open = new Map<bigint, Open>();
  readonly #changed = new Set<bigint>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: BreakerParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.look();
    }, lookEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** How many are open. */
  get open(): number {
    return this.#open.size;
  }

  /** How many may be out at a time; null: as many as ever. */
  mayBeOut(uid: bigint): 0 | 1 | null {
    const open = this.#open.size === 0 ? undefined : this.#open.get(uid);
    if (open === undefined) return null;
    return open.probingSinceMs === null ? 0 : 1;
  }

  /** Whether it has just failed: what is claimed ahead of a breaker that opens is lost with the rest. */
  isDoubtful(uid: bigint): boolean {
    if (this.#failures.size > 0 && this.#failures.has(uid)) return true;
    return this.#open.size > 0 && this.#open.has(uid);
  }

  /** Whether a change that is read now is not sent. Once in a pause one is let through, to be the probe. */
  drops(uid: bigint): boolean {
    const open = this.#open.size === 0 ? undefined : this.#open.get(uid);
    if (open?.mode !== 'drop') return false;
    const nowMs = this.#parts.now();
    const isProbe = open.probingSinceMs !== null && nowMs - open.letThroughAtMs >= open.pauseMs;
    if (isProbe) open.letThroughAtMs = nowMs;
    return !isProbe;
  }

  /** Whether what is stored for it is dropped. */
  dropsStored(uid: bigint): boolean {
    return this.#open.get(uid)?.mode === 'drop';
  }

  finished(uid: bigint, outcome: Outcome, startedAtMs: number): void {
    if (outcome.kind === 'delivered') {
      if (this.#failures.size > 0) this.#failures.delete(uid);
      if (this.#open.size > 0) this.#close(uid);
    } else if (outcome.kind === 'rejected' || outcome.kind === 'failed') {
      const open = this.#open.get(uid);
      if (open === undefined) this.#failed(uid, outcome);
      // Otherwise it was out before the breaker opened.
      else if (open.probingSinceMs !== null && startedAtMs >= open.probingSinceMs) this.#pause(uid, open);
    }
  }

  /** Somebody changed the webhook, or it is gone: it begins anew. */
  forget(uid: bigint): void {
    this.#failures.delete(uid);
    this.#close(uid);
  }

  /** Lets probes go whose time has come; on a timer. */
  look(): void {
    const nowMs = this.#parts.now();
    for (const [uid, open] of this.#open) {
      if (open.probingSinceMs !== null || nowMs < open.probeAtMs) continue;
      open.probingSinceMs = nowMs;
      this.#changed.add(uid);
      this.#parts.onProbe(uid);
    }
  }

  /** Those that changed since the last call. */
  takeChanges(): BreakerNow[] {
    const nowMs = this.#parts.now();
    const changes = [...this.#changed].map((uid) => {
      const open = this.#open.get(uid);
      if (open === undefined) return { uid, openMs: null, probeInMs: null };
      const probeInMs = open.probingSinceMs === null ? open.probeAtMs - nowMs : null;
      return { uid, openMs: nowMs - open.sinceMs, probeInMs };
    });
    this.#changed.clear();
    return changes;
  }

  #failed(uid: bigint, outcome: Outcome): void {
    const { settings, modeOf, now, onOpened } = this.#parts;
    const mode = modeOf(uid) ?? settings.mode;
    if (mode === 'off') return;
    const failures = (this.#failures.get(uid) ?? 0) + 1;
    if (failures < settings.failures) {
      this.#failures.set(uid, failures);
      return;
    }
    this.#failures.delete(uid);
    const nowMs = now();
    const pauseMs = Math.min(firstPauseMs, settings.maxProbeMs);
    const open: Open = {
      mode,
      sinceMs: nowMs,
      lastError: describeOutcome(outcome),
      pauseMs,
      probeAtMs: nowMs + pauseMs,
      probingSinceMs: null,
      letThroughAtMs: -Infinity,
    };
    this.#open.set(uid, open);
    this.#changed.add(uid);
    onOpened(this.#event(uid, open));
  }

  #pause(uid: bigint, open: Open): void {
    open.pauseMs = Math.min(open.pauseMs * 2, this.#parts.settings.maxProbeMs);
    open.probeAtMs = this.#parts.now() + open.pauseMs;
    open.probingSinceMs = null;
    open.letThroughAtMs = -Infinity;
    this.#changed.add(uid);
  }

  #close(uid: bigint): void {
    const open = this.#open.get(uid);
    if (open === undefined) return;
    this.#open.delete(uid);
    this.#changed.add(uid);
    this.#parts.onClosed(this.#event(uid, open));
  }

  #event(uid: bigint, { mode, lastError, sinceMs }: Open): BreakerEvent {
    const { settings, now } = this.#parts;
    return { uid, mode, failures: settings.failures, lastError, openMs: now() - sinceMs };
  }
}
