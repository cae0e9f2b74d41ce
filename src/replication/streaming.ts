// Holding the slot: opens a stream, opens the next when it breaks, and waits for whoever else has the slot. It ends only for what a
// person has to mend.
import { backoffMs } from '../backoff.ts';
import { ExitError } from '../exit-error.ts';
import { ServerChangedError } from '../server-changed.ts';
import type { ConnectVerdict } from './connect-error.ts';
import type { ServerIdentity } from './server-identity.ts';
import type { ReplicationStream } from './stream.ts';

export interface StreamingParts {
  readonly slot: string;
  readonly stop: AbortSignal;
  newStream(): ReplicationStream;
  judge(error: unknown): ConnectVerdict;
  /** The pid of whoever holds the slot; null when nobody does. Rejects when another process has taken over. */
  lookAtSlot(): Promise<number | null>;
  /** Ends our own walsender of the connection that broke. */
  endWalSender(pid: number): Promise<void>;
  slotLost(): ExitError;
  /** What to end with when the server fails on one transaction again and again; null when it does not. */
  giveUp(reason: Error): Promise<ExitError | null>;
  /** Once, and again when the slot goes to somebody else. */
  onStandby(holderPid: number): Promise<void>;
  onLost(reason: Error, retryInMs: number): void;
  onRetry(error: unknown, retryInMs: number): void;
  /** Streaming again: rejects when another process has taken over meanwhile. */
  onReopened(stream: ReplicationStream): Promise<void>;
  pause(ms: number): Promise<void>;
}

const shortLifeMs = 5_000;
/** A standby's look is one short statement on a connection that is open: it may be frequent, and it never slows down. */
const lookEveryMs = 250;

export class Streaming {
  readonly #parts: StreamingParts;
  #stream: ReplicationStream | null = null;
  #backendPid = 0;
  #openedAt = 0;
  /** Streams in a row that broke as soon as they stood. */
  #shortLives = 0;

  constructor(parts: StreamingParts) {
    this.#parts = parts;
  }

  get stream(): ReplicationStream | null {
    return this.#stream;
  }

  /** The first connection: resolves when the slot is ours. */
  async open(): Promise<ServerIdentity> {
    const { stream, identity } = await this.#connect();
    this.#stream = stream;
    return identity;
  }

  /** Resolves after `end`; rejects with what a person has to mend, or when fenced. */
  async keep(): Promise<void> {
    for (;;) {
      const reason = (await this.#stream?.ended) ?? null;
      if (reason === null || this.#parts.stop.aborted) return;
      this.#stream = null;
      const verdict = this.#parts.judge(reason);
      if (verdict.kind !== 'retry') this.#explain(reason, verdict);
      const end = await this.#parts.giveUp(reason);
      if (end !== null) throw end;
      await this.#rest(reason);
      const { stream } = await this.#connect();
      this.#stream = stream;
      await this.#parts.onReopened(stream);
    }
  }

  async end(): Promise<void> {
    await this.#stream?.end();
  }

  async #connect(): Promise<{ stream: ReplicationStream; identity: ServerIdentity }> {
    for (let attempt = 0; ; attempt++) {
      this.#parts.stop.throwIfAborted();
      const stream = this.#parts.newStream();
      try {
        const identity = await stream.open();
        this.#backendPid = identity.backendPid;
        this.#openedAt = performance.now();
        if (this.#parts.stop.aborted) stream.destroy(new Error('nobody waits for it any more'));
        return { stream, identity };
      } catch (error) {
        await this.#afterFailure(error, attempt);
      }
    }
  }

  // A line that breaks is opened again at once; one that always breaks at the same place is not hammered.
  async #rest(reason: Error): Promise<void> {
    const isShort = performance.now() - this.#openedAt < shortLifeMs;
    this.#shortLives = isShort ? this.#shortLives + 1 : 0;
    const retryInMs = this.#shortLives > 1 ? backoffMs(this.#shortLives - 2) : 0;
    this.#parts.onLost(reason, retryInMs);
    if (retryInMs > 0) await this.#parts.pause(retryInMs);
  }

  async #afterFailure(error: unknown, attempt: number): Promise<void> {
    const { judge, onRetry, pause } = this.#parts;
    if (error instanceof ExitError || error instanceof ServerChangedError) throw error;
    const verdict = judge(error);
    if (verdict.kind === 'held') {
      await this.#untilFree();
      return;
    }
    if (verdict.kind === 'retry') onRetry(error, backoffMs(attempt));
    else this.#explain(error, verdict);
    await pause(backoffMs(attempt));
  }

  // Postgres has just said that the slot is in use: when it is free at the first look, somebody else may be faster again.
  async #untilFree(): Promise<void> {
    const { lookAtSlot, endWalSender, onStandby, pause } = this.#parts;
    let known: number | null = null;
    for (let look = 0; ; look++) {
      const holderPid = await lookAtSlot();
      if (holderPid === null && look > 0) return;
      if (holderPid === this.#backendPid) await endWalSender(holderPid).catch(() => undefined);
      else if (holderPid !== null && holderPid !== known) await onStandby(holderPid);
      known = holderPid;
      await pause(lookEveryMs);
    }
  }

  #explain(error: unknown, verdict: ConnectVerdict): void {
    const { slot, slotLost } = this.#parts;
    const message = error instanceof Error ? error.message : String(error);
    if (verdict.kind === 'slot_missing') throw slotLost();
    if (verdict.kind === 'invalidated') {
      // This replication slot has been invalidated due to "wal_removed".
      const detail = error instanceof Error && 'detail' in error ? error.detail : undefined;
      const reason = typeof detail === 'string' ? `${message}. ${detail}` : `${message}.`;
      throw new ExitError(`Postgres cannot read on from slot "${slot}": ${reason}`, {
        exitCode: 3,
        remedy: `${slotLost().remedy ?? ''}\n${keepRare}`,
        cause: error,
      });
    }
    if (verdict.kind === 'refused') {
      throw new ExitError(`Postgres refuses the replication connection: ${message}.`, {
        exitCode: 3,
        remedy: verdict.remedy,
        cause: error,
      });
    }
  }
}

const keepRare =
  'It stays rare where max_slot_wal_keep_size (and idle_replication_slot_timeout) allow for the longest time that the service is away.';
