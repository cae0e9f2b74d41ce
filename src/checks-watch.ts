// Looks at everything again and again while the service leads: what only is a risk is logged once; a publication that is gone or
// another one ends the term, because from there on changes are missing from the log without a word (Postgres 18), or cannot be
// read any more (14 to 17).
import { setTimeout as pause } from 'node:timers/promises';
import type { Findings } from './checks/findings.ts';
import { checkReading } from './checks/run-checks.ts';
import { readPublication, requireSamePublication } from './database/publication.ts';
import type { Queries } from './database/queries.ts';
import { noteUnread } from './database/unread.ts';
import { ExitError } from './exit-error.ts';
import type { Logger } from './logger.ts';

export interface ChecksWatchOptions {
  readonly db: Queries;
  readonly slot: string;
  /** What is kept beside the floor. */
  readonly publicationOptions: unknown;
  readonly everyMs: number;
  readonly findings: Findings;
  readonly logger: Logger;
  /** The term has to end. */
  onFailure(error: unknown): void;
}

const lastLookMs = 1_000;

export class ChecksWatch {
  readonly #options: ChecksWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  /** The log before this was read with the publication in place. */
  #goodUntilLsn: string | null = null;

  constructor(options: ChecksWatchOptions) {
    this.#options = options;
  }

  /** The first look is at once. */
  start(): void {
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Before the process ends, which alone knows up to where the publication was in place. A database that is away is not waited for. */
  async lastLook(): Promise<void> {
    this.stop();
    const looked = this.requirePublication().catch(() => undefined);
    await Promise.race([looked, pause(lastLookMs, undefined, { ref: false })]);
  }

  /** @throws {ExitError} in the words of a start. */
  async requirePublication(): Promise<void> {
    const { db, publicationOptions } = this.#options;
    const { rows } = await db.query<{ lsn: string }>({
      text: 'select pg_catalog.pg_current_wal_insert_lsn()::text as lsn',
    });
    try {
      requireSamePublication(publicationOptions, await readPublication(db));
    } catch (error) {
      if (error instanceof ExitError && this.#goodUntilLsn !== null) await noteUnread(db, this.#goodUntilLsn);
      throw error;
    }
    this.#goodUntilLsn = rows[0]?.lsn ?? null;
  }

  async #look(): Promise<void> {
    const { everyMs, onFailure, logger } = this.#options;
    try {
      await this.requirePublication();
      await this.#logNews();
    } catch (error) {
      if (this.#isStopped) return;
      if (error instanceof ExitError) {
        onFailure(error);
        return;
      }
      logger.debug({ err: error }, 'could not look at publication and tables');
    }
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => void this.#look(), everyMs);
  }

  async #logNews(): Promise<void> {
    const { db, slot, findings, logger } = this.#options;
    const groups = await checkReading(db, slot);
    if (this.#isStopped) return;
    const { found, mended } = findings.news(groups.flatMap(({ checks }) => checks));
    for (const { check, detail, remedy } of found) logger.warn({ check, remedy }, `${check}: ${detail}`);
    for (const { check, detail } of mended) logger.info({ check }, `${check}: no more: ${detail}`);
  }
}
