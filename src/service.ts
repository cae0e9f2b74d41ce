// The service: answers over HTTP and leads, again and again, until it is stopped. What heals by itself it waits for; what a
// person has to mend ends it with an ExitError.
import { setTimeout as pause } from 'node:timers/promises';
import { apiParts } from './api-parts.ts';
import { backoffMs } from './backoff.ts';
import { Findings } from './checks/findings.ts';
import type { Config } from './config.ts';
import { openScopedDatabase } from './database/company-scope.ts';
import { explainConnectionError, explainDatabaseError } from './database/explain-error.ts';
import { FencedError } from './database/fenced.ts';
import type { AttemptReport } from './delivery/attempt-report.ts';
import { createPoster } from './delivery/post.ts';
import { ExitError } from './exit-error.ts';
import { armFailpoint } from './failpoint.ts';
import { startHttpServer } from './http/server.ts';
import { lead, type Memory } from './leadership.ts';
import type { Logger } from './logger.ts';
import { packageVersion } from './package-version.ts';
import { ServerChangedError } from './server-changed.ts';
import { judgeConnectError } from './replication/connect-error.ts';
import { keepHeapSmall } from './small-heap.ts';
import { Telemetry } from './telemetry.ts';
import { VitalSigns } from './vital-signs.ts';

export type { AttemptReport } from './delivery/attempt-report.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly logger: Logger;
  /** Aborting it drains: what is in flight is finished, counted and confirmed. */
  readonly stop: AbortSignal;
  /** `url`: where it answers over HTTP. */
  readonly onListening?: (url: string) => void;
  /** Called when it streams as leader, each time that begins. */
  readonly onReady?: () => void;
  readonly onAttempt?: (report: AttemptReport) => void;
  /** The console says what goes on, for somebody who tries it. */
  readonly isDemo?: boolean;
  /** How often publication, tables and server are looked at while it leads. */
  readonly lookEveryMs?: number;
}

const oneMinuteMs = 60_000;

/** Resolves after a clean drain; rejects with an ExitError when an operator must act, and with anything else for a bug. */
export async function runService(options: ServiceOptions): Promise<void> {
  keepHeapSmall();
  armFailpoint(options.config.failpoint);
  await new Service(options).run();
}

class Service {
  readonly #options: ServiceOptions;
  #whyNotReady: () => string | null = starting;

  constructor(options: ServiceOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const { config, logger, stop, onListening, onReady, onAttempt, lookEveryMs } = this.#options;
    const telemetry = new Telemetry();
    using vitalSigns = new VitalSigns(telemetry);
    await using poster = createPoster(config);
    await using database = openScopedDatabase(config.databaseUrl);
    await using http = await startHttpServer({
      ...config.listen,
      adminToken: config.adminToken,
      tokenSecret: config.tokenSecret,
      version: packageVersion(),
      logger,
      telemetry,
      stop,
      parts: apiParts(config, { database, poster, telemetry, vitalSigns, logger }),
      consoleOrigins: config.consoleOrigins,
      isDemo: this.#options.isDemo ?? false,
      whyNotReady: () => this.#whyNotReady(),
    });
    logger.info({ url: http.url }, 'listening');
    onListening?.(http.url);
    const findings = new Findings();
    const memory: Memory = { testimony: null };
    for (let attempt = 0; !stop.aborted; attempt++) {
      try {
        await lead({
          config,
          logger,
          telemetry,
          poster,
          stop,
          findings,
          memory,
          lookEveryMs: lookEveryMs ?? oneMinuteMs,
          onStatus: (whyNotReady) => {
            this.#whyNotReady = whyNotReady;
            if (whyNotReady() !== null) return;
            attempt = 0;
            onReady?.();
          },
          onAttempt: onAttempt ?? null,
        });
      } catch (error) {
        if (this.#isStopping() && isAbort(error)) break;
        await this.#afterFailure(error, attempt);
      }
      this.#whyNotReady = starting;
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
    if (error instanceof ServerChangedError) {
      logger.warn(`${error.message}; looking whether it goes on from there`);
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
    this.#whyNotReady = () => 'waiting for the database';
    await pause(retryInMs, undefined, { signal: stop }).catch(() => undefined);
  }
}

function starting(): string {
  return 'starting';
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
