// The service: answers health checks, waits for the slot, leads until it is stopped or another process takes over, and knows
// every part and the order in which they start and stop. What heals by itself it waits for; what a person has to mend
// ends it with an ExitError.
import { setTimeout as pause } from 'node:timers/promises';
import type { AttemptReport } from './delivery/attempt-report.ts';
import { backoffMs } from './backoff.ts';
import type { Config } from './config.ts';
import { readConfiguration } from './database/configuration.ts';
import { explainConnectionError, explainDatabaseError } from './database/explain-error.ts';
import { FencedError } from './database/fenced.ts';
import { ensureStarted, slotLost } from './database/first-start.ts';
import { preflight } from './database/preflight.ts';
import { publicationName, readPublication, requireSamePublication } from './database/publication.ts';
import { clientConfig, pinnedSettings, Session } from './database/session.ts';
import { describeSlotHolder, endWalSender } from './database/slot-holder.ts';
import { requireSameOrigin, type State } from './database/state.ts';
import { takeOver, writerName } from './database/takeover.ts';
import { readClockOffset } from './database/webhook-poll.ts';
import { createPoster, type Poster } from './delivery/post.ts';
import { ExitError } from './exit-error.ts';
import { startHealthServer } from './http/health.ts';
import type { Logger } from './logger.ts';
import { judgeConnectError } from './replication/connect-error.ts';
import { ReplicationStream } from './replication/stream.ts';
import { Streaming } from './replication/streaming.ts';
import { Term } from './term.ts';

export type { AttemptReport } from './delivery/attempt-report.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Aborting it drains: what is in flight is finished, counted and confirmed. */
  readonly stop: AbortSignal;
  /** `url`: where health checks are answered. */
  readonly onListening?: (url: string) => void;
  /** Called when it streams as leader, each time that begins. */
  readonly onReady?: () => void;
  readonly onAttempt?: (report: AttemptReport) => void;
}

/** Resolves after a clean drain; rejects with an ExitError when an operator must act, and with anything else for a bug. */
export async function runService(options: ServiceOptions): Promise<void> {
  await new Service(options).run();
}

const drainWithinMs = 15_000;

class Service {
  readonly #options: ServiceOptions;
  #current: Streaming | null = null;
  #whyNotReady: string | null = 'starting';

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { config, logger, stop, onListening } = this.#options;
    await using health = await startHealthServer({
      ...config.listen,
      whyNotReady: () => this.#whyNotReady,
    });
    logger.info({ url: health.url }, 'listening');
    onListening?.(health.url);
    await using poster = createPoster(config);
    for (let attempt = 0; !stop.aborted; attempt++) {
      try {
        await this.#lead(poster);
        attempt = 0;
      } catch (error) {
        if (this.#isStopping() && isAbort(error)) break;
        await this.#afterFailure(error, attempt);
      }
      this.#whyNotReady = 'starting';
    }
    logger.info('stopped');
  }

  #isStopping(): boolean {
    return this.#options.stop.aborted;
  }

  async #afterFailure(error: unknown, attempt: number): Promise<void> {
    const { logger, stop, config } = this.#options;
    if (error instanceof FencedError) {
      logger.warn(`${error.message}; waiting for the slot as a standby`);
      return;
    }
    if (error instanceof ExitError) throw error;
    const explained = explainDatabaseError(error, config.databaseUrl);
    const verdict = judgeConnectError(error);
    if (verdict.kind === 'refused') {
      const remedy = explained?.remedy ?? verdict.remedy;
      throw new ExitError(explained?.message ?? String(error), { exitCode: 3, remedy, cause: error });
    }
    if (!isConnectionTrouble(error)) {
      const problem = explainConnectionError(error, config.databaseUrl);
      if (problem === null) throw error;
      throw new ExitError(problem.message, { exitCode: 3, remedy: problem.remedy, cause: error });
    }
    const retryInMs = backoffMs(attempt);
    logger.warn({ retryInMs, remedy: explained?.remedy }, explained?.message ?? String(error));
    this.#whyNotReady = 'waiting for the database';
    await pause(retryInMs, undefined, { signal: stop }).catch(() => undefined);
  }

  // One term: ends normally when the service is stopped, and by an error for everything else.
  async #lead(poster: Poster): Promise<void> {
    const { config, logger, stop } = this.#options;
    for (const warning of await preflight(config.databaseUrl)) logger.warn(warning);
    const ending = new AbortController();
    await using claim = this.#session('claim', ending.signal);
    await using fold = this.#session('fold', ending.signal);
    await using side = this.#session('side', ending.signal);
    const stopped = new Promise<void>((resolve) => {
      if (stop.aborted) resolve();
      stop.addEventListener('abort', () => resolve(), { once: true });
    });
    // Creating the first slot waits for open transactions, which may take for ever.
    const state = await Promise.race([this.#ensureStarted(side), stopped.then(() => null)]);
    if (state === null) {
      ending.abort();
      return;
    }
    const failed = Promise.withResolvers<never>();
    failed.promise.catch(() => undefined);
    const leading: Leading = { term: null, early: [] };
    const streaming = this.#streaming({ state, side, ending: ending.signal, leading, fail: failed.reject });
    this.#current = streaming;
    try {
      const isOpen = await Promise.race([streaming.open().then(() => true), stopped.then(() => false)]);
      if (!isOpen) return;
      const term = await this.#takeOver({ claim, fold, side }, { poster, streaming, fail: failed.reject });
      leading.term = term;
      for (const message of leading.early) {
        if (typeof message === 'bigint') term.reader.receiveKeepalive(message);
        else term.reader.receive(message);
      }
      this.#ready();
      term.start();
      streaming.keep().catch(failed.reject);
      await Promise.race([failed.promise, stopped]);
      logger.info('stopping: finishing what is in flight');
      await this.#drain(term, ending);
      await streaming.end();
    } catch (error) {
      this.#whyNotReady = 'ending this term';
      if (leading.term !== null) {
        // Fenced: the new leader has counted what is in flight, and a last fold would be refused.
        if (error instanceof FencedError) await leading.term.abandon();
        else await this.#drain(leading.term, ending);
      }
      throw error;
    } finally {
      ending.abort();
      streaming.stream?.destroy(new Error('the term is over'));
    }
  }

  async #drain(term: Term, ending: AbortController): Promise<void> {
    const { logger } = this.#options;
    // A database that is away must not keep us for ever: what could not be written becomes `interrupted`.
    const deadline = setTimeout(() => ending.abort(), drainWithinMs);
    try {
      await term.stop();
      await term.lastFold();
    } catch (error) {
      logger.warn(
        { err: error },
        'could not write the last counters; the next start counts them as interrupted',
      );
    } finally {
      clearTimeout(deadline);
    }
  }

  async #ensureStarted(side: Session): Promise<State> {
    const { config, logger } = this.#options;
    const state = await ensureStarted({
      session: side,
      databaseUrl: config.databaseUrl,
      slot: config.slot,
      onWaiting: (message) => {
        logger.warn(message);
      },
    });
    requireSamePublication(state.publicationOptions, await readPublication(side));
    return state;
  }

  async #takeOver(
    sessions: { claim: Session; fold: Session; side: Session },
    { poster, streaming, fail }: { poster: Poster; streaming: Streaming; fail: (error: unknown) => void },
  ): Promise<Term> {
    const { config, logger, onAttempt } = this.#options;
    const takeover = await takeOver(sessions.fold, config.slot);
    const { term, state, interrupted } = takeover;
    await sessions.claim.rename(writerName(config.slot, 'claim', term));
    await sessions.fold.rename(writerName(config.slot, 'fold', term));
    const configuration = await readConfiguration(sessions.side, state);
    const clockOffsetMs = await readClockOffset(sessions.side);
    logger.info({ term, epoch: state.epoch, interrupted, slot: config.slot }, 'leading');
    return new Term({
      takeover,
      configuration,
      sessions,
      poster,
      logger,
      clockOffsetMs,
      setFlowing: (isFlowing) => {
        streaming.stream?.setFlowing(isFlowing);
      },
      onAttempt: onAttempt ?? ((): void => undefined),
      onFailure: fail,
    });
  }

  #streaming({ state, side, ending, leading, fail }: StreamingContext): Streaming {
    const { config, logger } = this.#options;
    const { slot } = config;
    return new Streaming({
      slot,
      stop: ending,
      newStream: () => this.#newStream(state, leading),
      judge: judgeConnectError,
      describeHolder: async () => await describeSlotHolder(side, slot),
      endWalSender: async (pid) => {
        await endWalSender(side, slot, pid);
      },
      slotLost: () => slotLost(slot),
      onStandby: (holder) => {
        this.#whyNotReady = `standby: slot "${slot}" is in use by ${holder}`;
        logger.warn(`slot "${slot}" is in use by ${holder}; waiting`);
        // Another leader may have taken over while we were away.
        leading.term?.checkTerm().catch(fail);
      },
      onLost: (reason) => {
        leading.term?.reader.disconnected();
        this.#whyNotReady = 'reconnecting';
        logger.warn(`the replication connection was lost (${reason.message}); connecting again`);
      },
      onRetry: (error, retryInMs) => {
        const explained = explainDatabaseError(error, config.databaseUrl);
        logger.warn({ retryInMs, remedy: explained?.remedy }, explained?.message ?? String(error));
      },
      onReopened: async () => {
        await leading.term?.checkTerm();
        leading.term?.reader.reconnected();
        this.#ready();
      },
      pause: async (ms) => {
        await pause(ms, undefined, { signal: ending });
      },
    });
  }

  #newStream(state: State, leading: Leading): ReplicationStream {
    const { config } = this.#options;
    return new ReplicationStream({
      clientConfig: clientConfig({
        databaseUrl: config.databaseUrl,
        applicationName: `rowhook/${config.slot}/stream`,
      }),
      slot: config.slot,
      publication: publicationName,
      pinnedSettings,
      verify: (identity) => {
        requireSameOrigin(state, { ...identity, slot: config.slot });
      },
      onMessage: (message) => {
        if (leading.term === null) leading.early.push(Buffer.from(message));
        else leading.term.reader.receive(message);
      },
      onKeepalive: (walEnd) => {
        if (leading.term === null) leading.early.push(walEnd);
        else leading.term.reader.receiveKeepalive(walEnd);
      },
      confirmable: () => leading.term?.floor.confirmable ?? 0n,
    });
  }

  #session(purpose: string, stop: AbortSignal): Session {
    const { config, logger } = this.#options;
    return new Session({
      databaseUrl: config.databaseUrl,
      applicationName: `rowhook/${config.slot}/${purpose}`,
      stop,
      onTrouble: (error, retryInMs) => {
        const explained = explainDatabaseError(error, config.databaseUrl);
        logger.warn({ purpose, retryInMs }, explained?.message ?? error.message);
      },
      // A server that shuts down lets nobody in, and waits until the replication connection has confirmed everything: what
      // cannot be claimed any more would keep it for ever.
      onTurnedAway: () => {
        this.#current?.stream?.destroy(new Error('the database is shutting down'));
      },
    });
  }

  #ready(): void {
    this.#whyNotReady = null;
    this.#options.logger.info('streaming');
    this.#options.onReady?.();
  }
}

/** Until the term is built the stream stands still; the few messages that came with its start wait in `early`. */
interface Leading {
  term: Term | null;
  readonly early: (Buffer | bigint)[];
}

interface StreamingContext {
  readonly state: State;
  readonly side: Session;
  readonly ending: AbortSignal;
  readonly leading: Leading;
  readonly fail: (error: unknown) => void;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

// Whatever the server or the network refused heals or is explained; anything else is a bug and must show as one.
function isConnectionTrouble(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const isTransient = /^(08|25006|40|53|55006|55P03|57)/.test(code) || /^E(?!RR_)[A-Z_]+$/.test(code);
  if (isTransient) return true;
  // The server does not support SSL connections
  return /connection|timeout|terminated|ended/i.test(error.message) && !/SSL/.test(error.message);
}
