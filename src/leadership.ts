// One time as the process that reads and claims: hold the slot, take over, then read and send until it is stopped, another
// process takes over, or something has to be mended. The order of the steps is the protocol's: nothing is handled before the
// slot is ours, and nothing is claimed before the term is.
import { setTimeout as pause } from 'node:timers/promises';
import { ChecksWatch } from './checks-watch.ts';
import type { Findings } from './checks/findings.ts';
import { preflight } from './checks/preflight.ts';
import type { Config } from './config.ts';
import { readConfiguration } from './database/configuration.ts';
import { explainDatabaseError } from './database/explain-error.ts';
import { deliveryLogSettings } from './database/delivery-log.ts';
import { FencedError } from './database/fenced.ts';
import { requireUnbrokenSlot } from './database/promoted-slot.ts';
import { ensureStarted } from './database/first-start.ts';
import { foldSettings } from './database/fold.ts';
import { readPublication, requireSamePublication } from './database/publication.ts';
import { claimSettings } from './database/journal.ts';
import { thisProcess } from './database/leader.ts';
import { Session, type SessionOptions } from './database/session.ts';
import { lookAtSlot } from './database/slot-holder.ts';
import { resume } from './database/resume.ts';
import { readStart, readState, type State } from './database/state.ts';
import { takeOver, writerName, type NewLeader } from './database/takeover.ts';
import { findUndoneClaims } from './database/undone-claims.ts';
import type { Testimony } from './database/witness.ts';
import { forgetUnread } from './database/unread.ts';
import { forgetUnsendable } from './database/unsendable-transaction.ts';
import { readClockOffset } from './database/webhook-poll.ts';
import type { AttemptReport } from './delivery/attempt-report.ts';
import type { Poster } from './delivery/post.ts';
import { ExitError } from './exit-error.ts';
import { failpoint } from './failpoint.ts';
import { HeldSlot } from './held-slot.ts';
import type { Logger } from './logger.ts';
import { openBooks, type BooksSessions } from './books.ts';
import { DeliveryLogUpkeep } from './delivery-log-upkeep.ts';
import { readBacklogSizes, readStoredAbove } from './database/backlog.ts';
import { buildRelations } from './relations.ts';
import { withMaxInFlight } from './term-limits.ts';
import type { Telemetry } from './telemetry.ts';
import { Term } from './term.ts';
import { ServerChangedError, type ServerPlace } from './server-changed.ts';

export interface LeadershipOptions {
  readonly config: Config;
  readonly logger: Logger;
  readonly telemetry: Telemetry;
  readonly poster: Poster;
  /** Aborted when the service is to stop: drain and return. */
  readonly stop: AbortSignal;
  /** Whose risks are logged once. */
  readonly findings: Findings;
  readonly lookEveryMs: number;
  readonly memory: Memory;
  /** Whom to ask from now on; null: it streams as leader; else what it does instead. */
  onStatus(whyNotReady: () => string | null): void;
  /** Null: nobody listens. */
  readonly onAttempt: ((report: AttemptReport) => void) | null;
}

/** What outlives a term that another server ended: its testimony, as soon as nothing of it is under way any more. */
export interface Memory {
  testimony: Promise<Testimony | null> | null;
}

/** Ends normally when the service is stopped, and by an error for everything else. */
export async function lead(options: LeadershipOptions): Promise<void> {
  await using leadership = new Leadership(options);
  await leadership.run();
}

const drainWithinMs = 15_000;
/** Longer than the longest rest between two attempts to reach the database. */
const witnessFirstMs = 8_000;
const witnessLookMs = 200;

class Leadership implements AsyncDisposable {
  readonly #options: LeadershipOptions;
  readonly #ending = new AbortController();
  readonly #failed = Promise.withResolvers<never>();
  readonly #sessions: BooksSessions & Readonly<Record<'casts', Session>>;
  /** Not one of those that a term needs, and it ends after them. */
  readonly #logSession: Session;
  readonly #logEnding = new AbortController();
  #log: DeliveryLogUpkeep | null = null;
  #slot: HeldSlot | null = null;
  #term: Term | null = null;
  #checks: ChecksWatch | null = null;

  constructor(options: LeadershipOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
    const claim = this.#session('claim', claimSettings);
    const fold = this.#session('fold', foldSettings);
    const [spool, side] = [this.#session('spool'), this.#session('side')];
    const casts = this.#session('casts', { default_transaction_read_only: 'on', statement_timeout: '5s' });
    this.#sessions = { claim, spool, fold, side, casts };
    this.#logSession = new Session({
      ...this.#sessionOptions('log', deliveryLogSettings),
      stop: this.#logEnding.signal,
      mayLoseCommits: true,
    });
  }

  async run(): Promise<void> {
    const stopped = aborted(this.#options.stop);
    // Creating the first slot waits for open transactions, and a standby for the slot: both may take for ever.
    const slot = await Promise.race([this.#holdSlot(), stopped.then(() => null)]);
    if (slot === null) return;
    failpoint('slot-held');
    const checks = this.#checks;
    try {
      this.#term = await this.#takeOver(slot);
      failpoint('term-taken');
      slot.handTo(this.#term);
      if (!this.#options.stop.aborted) {
        this.#streams();
        this.#term.start();
        this.#log?.start();
        checks?.start();
      }
      slot.keep().catch(async (error: unknown) => {
        this.#failed.reject(await this.#betterReason(error));
      });
      await Promise.race([this.#failed.promise, stopped]);
    } catch (error) {
      await this.#fail(error);
      throw error;
    }
    this.#options.logger.info('stopping: finishing what is in flight');
    await checks?.lastLook();
    await this.#drain(this.#term);
    await slot.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#checks?.stop();
    this.#ending.abort();
    this.#slot?.destroy(new Error('the term is over'));
    // Once the slot is free: nobody who waits for it waits for the log, too.
    await this.#log?.stop();
    this.#logEnding.abort();
    const sessions = [...Object.values(this.#sessions), this.#logSession];
    await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
  }

  async #holdSlot(): Promise<HeldSlot> {
    const { config, logger } = this.#options;
    const { side } = this.#sessions;
    await preflight(side);
    const state = await ensureStarted({
      session: side,
      databaseUrl: config.databaseUrl,
      slot: config.slot,
      onWaiting: (message) => {
        logger.warn(message);
      },
    });
    requireSamePublication(state.publicationOptions, await readPublication(side));
    await forgetUnread(side);
    this.#checks = this.#newChecksWatch(state);
    const place = await side.place();
    await this.#letWitnessGoFirst(state, place);
    const slot = this.#newSlot(state, place);
    this.#slot = slot;
    await slot.open();
    for (const session of Object.values(this.#sessions)) await session.pin(slot.server);
    return slot;
  }

  // After a promotion nobody else knows what was claimed last; without that, what is not settled is interrupted.
  async #letWitnessGoFirst(state: State, { timeline }: ServerPlace): Promise<void> {
    if (timeline === state.timeline || this.#options.memory.testimony !== null) return;
    const { config, logger } = this.#options;
    const { side } = this.#sessions;
    await requireUnbrokenSlot(side, state);
    logger.warn(
      { seconds: witnessFirstMs / 1000 },
      'this server was promoted: waiting whether the process that led before goes on here',
    );
    const until = performance.now() + witnessFirstMs;
    while (performance.now() < until) {
      const now = await readState(side);
      if (now?.timeline === timeline || (await lookAtSlot(side, config.slot)).holderPid !== null) return;
      await pause(witnessLookMs, undefined, { signal: this.#ending.signal });
    }
  }

  /** Whether it proves that nothing was lost of its last term, and what it knows to be missing otherwise. */
  async #resume(): Promise<Pick<NewLeader, 'resumedTerm' | 'undone'>> {
    const { memory, logger } = this.#options;
    const testimony = await memory.testimony;
    if (testimony === null) return { resumedTerm: null };
    const isProven = await resume(this.#sessions.fold, testimony);
    if (!isProven)
      return { resumedTerm: null, undone: await findUndoneClaims(this.#sessions.fold, testimony) };
    logger.info({ term: testimony.term }, 'this server has everything that was written; nothing is lost');
    return { resumedTerm: testimony.term };
  }

  async #takeOver(slot: HeldSlot): Promise<Term> {
    const { config, logger, poster, onAttempt, memory, telemetry } = this.#options;
    const { claim, spool, fold, side } = this.#sessions;
    const resumed = await this.#resume();
    const takeover = await takeOver(fold, config.slot, {
      process: thisProcess(),
      server: slot.server,
      ...resumed,
    });
    memory.testimony = null;
    const { term, epochs, interrupted, quietMs } = takeover;
    // It may be sent by now; if not, that is found again.
    await forgetUnsendable(fold);
    await claim.rename(writerName(config.slot, 'claim', term));
    await spool.rename(writerName(config.slot, 'spool', term));
    await fold.rename(writerName(config.slot, 'fold', term));
    const floor = await readStart(side, takeover.state);
    const configuration = await readConfiguration(side, floor);
    const clockOffsetMs = await readClockOffset(side);
    await this.#keepQuiet(quietMs);
    logger.info({ term, epoch: epochs.current.n, interrupted, slot: config.slot }, 'leading');
    this.#log = new DeliveryLogUpkeep({
      config,
      session: this.#logSession,
      logger,
      telemetry,
      clockOffsetMs,
    });
    return new Term({
      takeover,
      floor,
      configuration,
      stored: (await readBacklogSizes(side)).map((size) => ({ ...size, isDoubtful: epochs.hasFailover })),
      storedAboveFloor: await readStoredAbove(side, takeover.state),
      caps: config.backlog,
      breaker: config.breaker,
      limits: withMaxInFlight(config.maxInFlight),
      books: openBooks(this.#sessions, takeover),
      relations: buildRelations({ ...this.#sessions, slot: config.slot, logger }),
      poster,
      logger,
      telemetry,
      deliveryLog: this.#log.log,
      clockOffsetMs,
      setFlowing: (isFlowing) => {
        slot.setFlowing(isFlowing);
      },
      onAttempt,
      onFailure: this.#failed.reject,
    });
  }

  async #keepQuiet(quietMs: number): Promise<void> {
    if (quietMs === 0) return;
    const { logger, stop } = this.#options;
    logger.info({ quietMs }, 'waiting until the leader before can send nothing any more');
    await pause(quietMs, undefined, { signal: stop }).catch(() => undefined);
  }

  #newChecksWatch({ publicationOptions }: State): ChecksWatch {
    const { config, findings, logger, lookEveryMs } = this.#options;
    return new ChecksWatch({
      db: this.#sessions.side,
      slot: config.slot,
      publicationOptions,
      everyMs: lookEveryMs,
      findings,
      logger,
      onFailure: this.#failed.reject,
    });
  }

  // Where the publication is gone or another one, Postgres 14 to 17 end the stream with less than is known here.
  async #betterReason(error: unknown): Promise<unknown> {
    if (!(error instanceof ExitError)) return error;
    const found = await this.#checks?.requirePublication().catch((reason: unknown) => reason);
    return found instanceof ExitError ? found : error;
  }

  async #fail(error: unknown): Promise<void> {
    this.#options.onStatus(() => 'ending this term');
    if (this.#term === null) return;
    // On another server nothing of this term may be written before it is known what is there; what is in flight ends meanwhile.
    if (error instanceof ServerChangedError) this.#options.memory.testimony = this.#testify(this.#term);
    // Fenced: the new leader has counted what is in flight, and a last fold would be refused.
    else if (error instanceof FencedError) await this.#term.abandon();
    else await this.#drain(this.#term);
  }

  async #testify(term: Term): Promise<Testimony | null> {
    try {
      return await term.testify();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'what was claimed last is not known');
      return null;
    }
  }

  async #drain(term: Term): Promise<void> {
    this.#checks?.stop();
    // A database that is away must not keep us for ever: what could not be written becomes `interrupted`.
    const deadline = setTimeout(() => {
      this.#ending.abort();
      for (const session of Object.values(this.#sessions)) session.destroy();
    }, drainWithinMs);
    try {
      await term.stop();
      await term.lastFold();
    } catch (error) {
      this.#options.logger.warn(
        { err: error },
        'could not write the last counters; the next start counts them as interrupted',
      );
    } finally {
      clearTimeout(deadline);
    }
  }

  #newSlot(state: State, place: ServerPlace): HeldSlot {
    const { config, logger, onStatus } = this.#options;
    return new HeldSlot({
      config,
      logger,
      state,
      place,
      ...this.#sessions,
      stop: this.#ending.signal,
      onStatus: (whyNotReady) => {
        onStatus(() => whyNotReady);
      },
      onStreaming: () => {
        this.#streams();
      },
    });
  }

  #session(purpose: string, settings?: Readonly<Record<string, string>>): Session {
    return new Session(this.#sessionOptions(purpose, settings));
  }

  #sessionOptions(purpose: string, settings: Readonly<Record<string, string>> = {}): SessionOptions {
    const { config, logger } = this.#options;
    return {
      databaseUrl: config.databaseUrl,
      applicationName: `rowhook/${config.slot}/${purpose}`,
      settings,
      stop: this.#ending.signal,
      onTrouble: (error, retryInMs) => {
        const explained = explainDatabaseError(error, config.databaseUrl);
        logger.warn({ purpose, retryInMs }, explained?.message ?? error.message);
      },
      // A server that shuts down lets nobody in, and waits until the replication connection has confirmed everything: what
      // cannot be claimed any more would keep it for ever.
      onTurnedAway: () => {
        this.#slot?.destroy(new Error('the database is shutting down'));
      },
    };
  }

  #whyNotSending(): string | null {
    const { claim, fold } = this.#sessions;
    const waitedMs = Math.max(claim.unansweredMs, fold.unansweredMs);
    if (waitedMs < slowAnswerMs) return null;
    return `the database has not answered for ${Math.floor(waitedMs / 1000)} s`;
  }

  #streams(): void {
    this.#options.logger.info('streaming');
    this.#options.onStatus(() => this.#whyNotSending());
  }
}

/** A statement of the books that takes longer has stopped deliveries: their claims wait for it. */
const slowAnswerMs = 5_000;

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener(
      'abort',
      () => {
        resolve();
      },
      { once: true },
    );
  });
}
