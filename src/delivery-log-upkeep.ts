// The partitions of the delivery log through the days: today's and tomorrow's are there, those past their time are dropped, also where
// nothing is logged any more. What fails is tried again; nothing waits for it.
import { setTimeout as pause } from 'node:timers/promises';
import type { Config } from './config.ts';
import { DeliveryLog } from './delivery-log.ts';
import {
  DeliveryLogTable,
  dropPartitions,
  makePartitions,
  noteSettings,
  type Gap,
} from './database/delivery-log.ts';
import type { Session } from './database/session.ts';
import { readClockOffset } from './database/webhook-poll.ts';
import type { Logger } from './logger.ts';
import type { Telemetry } from './telemetry.ts';

export interface DeliveryLogOptions {
  readonly config: Pick<Config, 'deliveryLog' | 'deliveryLogDays'>;
  /** Its own: nobody else waits in its turn. */
  readonly session: Session;
  readonly logger: Logger;
  readonly telemetry: Pick<Telemetry, 'logRowsDropped'>;
  /** How far the server's clock is ahead of ours. */
  readonly clockOffsetMs: number;
}

const everyMs = 3_600_000;
const againMs = 60_000;

/** The delivery log of one term, and the upkeep of its partitions. */
export class DeliveryLogUpkeep {
  /** Null: nothing is logged. */
  readonly log: DeliveryLog | null;
  readonly #options: DeliveryLogOptions;
  readonly #stopping = new AbortController();
  #clockOffsetMs: number;

  constructor(options: DeliveryLogOptions) {
    this.#options = options;
    this.#clockOffsetMs = options.clockOffsetMs;
    const { session, config } = options;
    const mode = config.deliveryLog;
    const table = new DeliveryLogTable(session);
    this.log =
      mode === 'off'
        ? null
        : new DeliveryLog({
            mode,
            write: (rows) => table.write(rows),
            noteGap: (gap) => table.noteGap(gap),
            onDropped: (gap) => {
              this.#tell(gap);
            },
            wallMs: () => this.#serverMs(),
            monotonicMs: () => performance.now(),
            pause: rest,
          });
  }

  start(): void {
    void this.#run();
  }

  /** Writes what is left, within two seconds. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.log?.stop();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) await rest((await this.#look()) ? everyMs : againMs, signal);
  }

  /** False: not everything was done. */
  async #look(): Promise<boolean> {
    const { session, config, logger } = this.#options;
    const { deliveryLog: mode, deliveryLogDays: days } = config;
    try {
      await noteSettings(session, { mode, days });
      this.#clockOffsetMs = await readClockOffset(session);
      if (mode !== 'off') await makePartitions(session, this.#serverMs() * 1000);
      const dropped = await dropPartitions(session, days);
      if (dropped.length > 0) logger.info({ dropped }, 'dropped old days of the delivery log');
      return true;
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn({ retryInMs: againMs }, `could not look after the delivery log's partitions: ${reason}`);
      }
      return false;
    }
  }

  #serverMs(): number {
    return Date.now() + this.#clockOffsetMs;
  }

  #tell({ count, firstAtMs, reason }: Gap): void {
    const since = new Date(firstAtMs).toISOString();
    this.#options.telemetry.logRowsDropped += count;
    this.#options.logger.warn({ dropped: count, since, reason }, 'delivery-log.dropping');
  }
}

async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
