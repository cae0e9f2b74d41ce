// The slot while this process holds it: its stream, the next one when that breaks, and what came before there was a term to read
// it. Only wiring: when a stream is opened again and what ends it for good stands in replication/.
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from './config.ts';
import { explainDatabaseError } from './database/explain-error.ts';
import { isFailoverSlot, readWrittenUpTo } from './database/failover-slot.ts';
import { slotLost } from './database/first-start.ts';
import { publicationName } from './database/publication.ts';
import { clientConfig, pinnedSettings, type Session } from './database/session.ts';
import { FencedError } from './database/fenced.ts';
import { standbyName, thisProcess } from './database/leader.ts';
import { describeSlotHolder, endWalSender, lookAtSlot, readerName } from './database/slot-holder.ts';
import { timelinesSince } from './database/lineage.ts';
import { requireSameOrigin, type State } from './database/state.ts';
import type { ExitError } from './exit-error.ts';
import type { Logger } from './logger.ts';
import { formatLsn, zeroLsn, type Lsn } from './lsn.ts';
import { judgeConnectError } from './replication/connect-error.ts';
import { FailoverConfirmation } from './replication/failover-confirmation.ts';
import { readCommitEnd, tag } from './replication/pgoutput.ts';
import type { ServerIdentity } from './replication/server-identity.ts';
import { ReplicationStream } from './replication/stream.ts';
import { Streaming } from './replication/streaming.ts';
import { UnsendableWatch } from './replication/unsendable.ts';
import { requireSamePlace, type ServerPlace } from './server-changed.ts';
import type { Term } from './term.ts';
import { endAtUnsendable } from './unsendable-end.ts';

export interface HeldSlotOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly state: State;
  /** The only server that the slot may be of. */
  readonly place: ServerPlace;
  readonly side: Session;
  readonly fold: Session;
  readonly stop: AbortSignal;
  /** What it does instead of streaming. */
  onStatus(whyNotReady: string): void;
  /** It streams again after a break. */
  onStreaming(): void;
}

/** A stop does not wait longer for the last position: what is not confirmed is sent again, and known to be settled. */
const lastConfirmationMs = 1_000;

export class HeldSlot {
  readonly #options: HeldSlotOptions;
  readonly #streaming: Streaming;
  readonly #unsendable = new UnsendableWatch();
  /** Until the term is there the stream stands still; the few messages that came with its start wait here. */
  readonly #early: (Buffer | bigint)[] = [];
  #server: ServerIdentity | null = null;
  #term: Term | null = null;
  #isStandby = false;
  #isEnding = false;
  /** Only where standbys copy the slot. */
  #confirmation: FailoverConfirmation | null = null;

  constructor(options: HeldSlotOptions) {
    this.#options = options;
    this.#streaming = this.#newStreaming();
  }

  /** Resolves when the slot is ours, with the only server that it may be from now on. */
  async open(): Promise<void> {
    this.#server = await this.#streaming.open();
    const { config, side } = this.#options;
    if (this.#isStandby) await this.#nameSide(`rowhook/${config.slot}/side`);
    this.#isStandby = false;
    if (await isFailoverSlot(side, config.slot)) {
      this.#confirmation = new FailoverConfirmation({
        confirmable: () => this.#settled,
        written: () => side.persist(() => readWrittenUpTo(side)),
      });
    }
  }

  get server(): ServerIdentity {
    if (this.#server === null) throw new Error('the slot is not open yet');
    return this.#server;
  }

  /** From now on this term reads, and first what came already. */
  handTo(term: Term): void {
    this.#term = term;
    for (const message of this.#early) {
      if (typeof message === 'bigint') term.reader.receiveKeepalive(message);
      else term.reader.receive(message);
    }
  }

  /** Resolves after `end`; rejects with what a person has to mend, or when fenced. */
  async keep(): Promise<void> {
    await this.#streaming.keep();
  }

  setFlowing(isFlowing: boolean): void {
    this.#streaming.stream?.setFlowing(isFlowing);
  }

  /** Confirms what is settled, as far as that comes soon, and lets the slot go. */
  async end(): Promise<void> {
    await this.#lastConfirmation();
    await this.#streaming.end();
  }

  destroy(reason: Error): void {
    this.#streaming.stream?.destroy(reason);
  }

  async #lastConfirmation(): Promise<void> {
    const confirmation = this.#confirmation;
    if (confirmation === null) return;
    // What still comes tells only how far the stream is.
    this.#isEnding = true;
    this.setFlowing(true);
    const until = performance.now() + lastConfirmationMs;
    while (confirmation.confirmable() < this.#settled && performance.now() < until) {
      this.#streaming.stream?.ping();
      await pause(20);
    }
  }

  get #settled(): Lsn {
    return this.#term?.floor.confirmable ?? zeroLsn;
  }

  #newStreaming(): Streaming {
    const { config, logger, side, stop, onStatus, onStreaming } = this.#options;
    const { slot } = config;
    return new Streaming({
      slot,
      stop,
      newStream: () => this.#newStream(),
      judge: judgeConnectError,
      lookAtSlot: async () => {
        const { holderPid, term } = await side.persist(() => lookAtSlot(side, slot));
        if (this.#term !== null && term > this.#term.no) throw new FencedError('claim');
        return holderPid;
      },
      endWalSender: async (pid) => {
        await endWalSender(side, slot, pid);
      },
      slotLost: () => slotLost(slot),
      giveUp: async (reason) => await this.#giveUp(reason),
      onStandby: async (holderPid) => {
        await this.#waitBehind(holderPid);
      },
      onLost: (reason, retryInMs) => {
        this.#term?.reader.disconnected();
        this.#confirmation?.restarted();
        onStatus('reconnecting');
        const { brokenOff } = this.#unsendable;
        const where = brokenOff === null ? {} : { inTransaction: formatLsn(brokenOff.commitLsn) };
        logger.warn(
          { retryInMs, ...where },
          `the replication connection was lost (${reason.message}); connecting again`,
        );
      },
      onRetry: (error, retryInMs) => {
        const explained = explainDatabaseError(error, config.databaseUrl);
        logger.warn({ retryInMs, remedy: explained?.remedy }, explained?.message ?? String(error));
      },
      onReopened: async () => {
        await this.#term?.checkTerm();
        this.#term?.reader.reconnected();
        onStreaming();
      },
      pause: async (ms) => {
        await pause(ms, undefined, { signal: stop });
      },
    });
  }

  async #waitBehind(holderPid: number): Promise<void> {
    const { config, side, logger, onStatus } = this.#options;
    const { slot } = config;
    const holder = await describeSlotHolder(side, slot).catch(() => null);
    const who = holder ?? `pid ${holderPid}`;
    onStatus(`standby: slot "${slot}" is in use by ${who}`);
    logger.warn(`slot "${slot}" is in use by ${who}; waiting`);
    if (this.#term !== null || this.#isStandby) return;
    this.#isStandby = true;
    await this.#nameSide(standbyName(slot, thisProcess()));
  }

  // For people only: when it fails, the next connection has the name.
  async #nameSide(name: string): Promise<void> {
    await this.#options.side.rename(name).catch(() => undefined);
  }

  async #giveUp(error: Error): Promise<ExitError | null> {
    const transaction = this.#unsendable.endedWith(error);
    const term = this.#term;
    if (transaction === null || term === null) return null;
    const { config, state, fold, logger, stop, onStatus } = this.#options;
    onStatus('ending: Postgres cannot send a transaction');
    const { epoch } = state;
    return await endAtUnsendable({
      transaction,
      error,
      term,
      epoch,
      slot: config.slot,
      session: fold,
      logger,
      stop,
    });
  }

  #newStream(): ReplicationStream {
    const { config, state, place } = this.#options;
    const { databaseUrl, slot } = config;
    return new ReplicationStream({
      clientConfig: clientConfig({ databaseUrl, applicationName: readerName(slot) }),
      slot,
      publication: publicationName,
      pinnedSettings,
      verify: (identity) => {
        requireSamePlace(place, identity);
        if (this.#server !== null) return;
        requireSameOrigin(state, { ...identity, slot });
        timelinesSince(state, identity);
      },
      onMessage: (message) => {
        this.#unsendable.sees(message);
        if (message[0] === tag.commit) this.#confirmation?.passed(readCommitEnd(message));
        if (this.#isEnding) return;
        if (this.#term === null) this.#early.push(Buffer.from(message));
        else this.#term.reader.receive(message);
      },
      onKeepalive: (walEnd) => {
        this.#confirmation?.passed(walEnd);
        if (this.#isEnding) return;
        if (this.#term === null) this.#early.push(walEnd);
        else this.#term.reader.receiveKeepalive(walEnd);
      },
      confirmable: () => this.#confirmation?.confirmable() ?? this.#settled,
    });
  }
}
