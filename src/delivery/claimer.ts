// Claims what is ready, then sends it. Group commit: while one claim is being committed the next batch gathers. Invariant: the first
// byte of a POST leaves only after its claim is committed, and only within two seconds of a moment when the term was
// ours for certain; a process that was frozen meanwhile has to ask again before it writes.
import type { JournalEntry } from '../database/journal-body.ts';
import type { Append, Instant } from '../database/journal.ts';
import { failpoint } from '../failpoint.ts';
import { termIsGoodForMs } from '../limits.ts';
import type { UnsettledChange } from '../replication/floor.ts';
import type { AttemptTrace } from './attempt-trace.ts';
import type { Delivery } from './delivery.ts';
import type { Gate } from './gate.ts';
import type { Lanes } from './lanes.ts';
import type { Outcome } from './outcome.ts';
import type { PostRequest, PostResult } from './post.ts';

/** Something to write down that is not sent: missed, dropped or undecidable. */
export interface Note {
  readonly entry: JournalEntry;
  /** null: its row in the backlog goes with it. */
  readonly change: UnsettledChange | null;
  /** Run once it is durable. */
  count(): void;
}

/** Under which seq it was claimed, and since when it has been on its way. */
export interface Sent {
  readonly seq: number;
  readonly startedAt: Instant;
  /** Of its POST; null when there was none. */
  readonly trace: AttemptTrace | null;
}

export interface ClaimerParts {
  readonly lanes: Lanes;
  readonly gate: Gate;
  readonly timeoutMs: number;
  /** `stored`: those whose row in the backlog goes with it. */
  append(entries: readonly JournalEntry[], stored: readonly JournalEntry[]): Promise<Append>;
  checkTerm(): Promise<Instant>;
  now(): Instant;
  post(request: PostRequest): Promise<PostResult>;
  /** Resolves once what the gate says is less than a second old. */
  freshGate(): Promise<void>;
  /** Every committed append, with what it held, before anything of it is sent. */
  onAppended(append: Append, entries: readonly JournalEntry[]): void;
  onClaimed(delivery: Delivery): void;
  settle(change: UnsettledChange): void;
  onFinished(delivery: Delivery, outcome: Outcome, sent: Sent): void;
  /** Fenced, or a bug. */
  onFailure(error: unknown): void;
}

const maxBatch = 512;

// The claim cannot be taken back.
const pausedWhileHeld: Outcome = {
  kind: 'interrupted',
  detail: 'the webhook was paused after it was claimed; nothing was sent',
};

export class Claimer {
  readonly #parts: ClaimerParts;
  #notes: Note[] = [];
  #pumping: Promise<void> | null = null;
  #onIdle: (() => void) | null = null;
  /** Those without an outcome. What was taken for a claim that failed has none coming. */
  #claimed = 0;
  #isStopping = false;
  /** Something came up while the pump was running; it may have looked already. */
  #isWanted = false;
  #termProvenAt: Instant = { monotonicMs: -Infinity, wallMs: -Infinity };
  #checking: Promise<void> | null = null;

  constructor(parts: ClaimerParts) {
    this.#parts = parts;
  }

  /** Notes that are not written down yet. */
  get waitingNotes(): number {
    return this.#notes.length;
  }

  note(note: Note): void {
    this.#notes.push(note);
    this.wake();
  }

  /** There may be something to claim. */
  wake(): void {
    this.#isWanted = true;
    if (this.#pumping !== null || this.#isStopping) return;
    // A turn of the loop later, so that what is being read now makes one batch.
    this.#pumping = new Promise((resolve) => setImmediate(resolve))
      .then(async () => {
        await this.#pump();
      })
      .catch((error: unknown) => {
        this.#isStopping = true;
        this.#parts.onFailure(error);
      })
      .finally(() => {
        this.#pumping = null;
        if (this.#isWanted) this.wake();
      });
  }

  /** Claims nothing more, and resolves when everything that was claimed has its outcome. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#pumping;
    if (this.#claimed > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
  }

  async #pump(): Promise<void> {
    const { lanes, append, onAppended, onClaimed, settle, freshGate } = this.#parts;
    for (;;) {
      this.#isWanted = false;
      if (lanes.waiting > 0) await freshGate();
      if (this.#isStopping) return;
      const notes = this.#notes.splice(0, maxBatch);
      const deliveries = lanes.take(maxBatch);
      if (notes.length + deliveries.length === 0) return;
      const claims = deliveries.map((delivery) => ({ entry: claimEntry(delivery), change: delivery.change }));
      const batch = [...claims, ...notes];
      const entries = batch.map(({ entry }) => entry);
      const stored = batch.filter(({ change }) => change === null).map(({ entry }) => entry);
      const appended = await append(entries, stored);
      failpoint(stored.length > 0 ? 'claimed-from-backlog' : 'claimed');
      this.#provenAt(appended.sentAt);
      onAppended(appended, entries);
      for (const { change, count } of notes) {
        count();
        if (change !== null) settle(change);
      }
      for (const delivery of deliveries) {
        onClaimed(delivery);
        if (delivery.change !== null) settle(delivery.change);
      }
      this.#claimed += deliveries.length;
      for (const delivery of deliveries) this.#send(delivery, appended);
    }
  }

  #send(delivery: Delivery, claim: Append): void {
    const { lanes, gate } = this.#parts;
    const { uid } = delivery.webhook;
    let isHeld = false;
    lanes.depart(delivery, () => {
      const sending = new Sending(delivery, claim, this.#parts, this.#isTermFresh);
      if (isHeld && !gate.isOpen(uid) && !gate.isGone(uid)) this.#refuse(sending, pausedWhileHeld);
      else this.#begin(sending);
    });
    isHeld = true;
  }

  #begin(sending: Sending): void {
    const refusal = sending.prepare();
    if (refusal !== null) {
      this.#refuse(sending, refusal);
      return;
    }
    this.#parts.post(sending).then(
      (result) => {
        if (result.kind === 'finished') this.#finish(sending, result.outcome, result.trace);
        else this.#proveAndBegin(sending);
      },
      (error: unknown) => this.#parts.onFailure(error),
    );
  }

  // Not in this turn: its end lets others begin.
  #refuse(sending: Sending, outcome: Outcome): void {
    queueMicrotask(() => this.#finish(sending, outcome, null));
  }

  #proveAndBegin(sending: Sending): void {
    this.#proveTerm().then(
      () => this.#begin(sending),
      (error: unknown) => {
        this.#parts.onFailure(error);
        const detail = 'another process took over before it was sent';
        this.#finish(sending, { kind: 'interrupted', detail }, null);
      },
    );
  }

  #finish({ delivery, claim, startedAt }: Sending, outcome: Outcome, trace: AttemptTrace | null): void {
    const { lanes, onFinished, onFailure } = this.#parts;
    try {
      failpoint('answered');
      lanes.release(delivery);
      onFinished(delivery, outcome, { seq: claim.seq, startedAt, trace });
      this.wake();
    } catch (error) {
      onFailure(error);
    }
    this.#claimed -= 1;
    if (this.#claimed === 0) this.#onIdle?.();
  }

  #provenAt(instant: Instant): void {
    if (instant.monotonicMs > this.#termProvenAt.monotonicMs) this.#termProvenAt = instant;
  }

  readonly #isTermFresh = (): boolean => {
    const { monotonicMs, wallMs } = this.#parts.now();
    const wallAgeMs = Math.abs(wallMs - this.#termProvenAt.wallMs);
    return monotonicMs - this.#termProvenAt.monotonicMs < termIsGoodForMs && wallAgeMs < termIsGoodForMs;
  };

  // One statement for all that wait.
  async #proveTerm(): Promise<void> {
    this.#checking ??= this.#parts
      .checkTerm()
      .then((instant) => {
        this.#provenAt(instant);
      })
      .finally(() => {
        this.#checking = null;
      });
    await this.#checking;
  }
}

function claimEntry({ webhook, position, change }: Delivery): JournalEntry {
  return { kind: change === null ? 'claimed from backlog' : 'claimed', uid: webhook.uid, position };
}

/** One claimed delivery on its way to a socket; it is what is POSTed. */
class Sending implements PostRequest {
  readonly delivery: Delivery;
  readonly claim: Append;
  readonly startedAt: Instant;
  readonly #parts: Pick<ClaimerParts, 'gate' | 'timeoutMs' | 'now'>;
  readonly #isTermFresh: () => boolean;
  url = '';
  timeoutMs = 0;

  constructor(
    delivery: Delivery,
    claim: Append,
    parts: Pick<ClaimerParts, 'gate' | 'timeoutMs' | 'now'>,
    isTermFresh: () => boolean,
  ) {
    this.delivery = delivery;
    this.claim = claim;
    this.#parts = parts;
    this.#isTermFresh = isTermFresh;
    this.startedAt = parts.now();
  }

  get body(): string | Buffer {
    return this.delivery.payload.body;
  }

  /** Where to, and how long it may take; or why it is not sent. */
  prepare(): Outcome | null {
    const { gate, timeoutMs, now } = this.#parts;
    if (!this.claim.isDurable) {
      const detail = 'the claim may not be on the synchronous standby; not sent';
      return { kind: 'interrupted', detail };
    }
    const url = gate.url(this.delivery.webhook.uid);
    if (url === undefined) return { kind: 'dropped', reason: 'deleted' };
    const leftMs = timeoutMs - (now().monotonicMs - this.startedAt.monotonicMs);
    if (leftMs <= 0)
      return { kind: 'failed', class: 'timeout', detail: `after ${timeoutMs} ms; nothing was sent` };
    this.url = url;
    this.timeoutMs = Math.ceil(leftMs);
    return null;
  }

  /** While the connection was being opened the webhook may have been deleted, or may have moved. */
  mayWrite(): boolean {
    return this.#parts.gate.url(this.delivery.webhook.uid) === this.url && this.#isTermFresh();
  }
}
