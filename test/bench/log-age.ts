// How long ago the oldest of what Postgres has to keep for a slot was written.
import { setTimeout as pause } from 'node:timers/promises';
import type { InstalledDatabase } from '../support/installed-database.ts';
import { waitUntil } from '../support/wait.ts';

export interface LogAgeWatch {
  /** In seconds, the oldest since the last call. */
  takeOldest(): number;
  /** Ends it; in seconds, the oldest since the last call of `takeOldest`. */
  end(): Promise<number>;
}

interface Place {
  readonly written: bigint;
  readonly confirmed: bigint;
}

export class LogAge {
  readonly #database: InstalledDatabase;
  readonly #slot: string;
  #oldestMs = 0;

  constructor(database: InstalledDatabase, slot: string) {
    this.#database = database;
    this.#slot = slot;
  }

  watch(): LogAgeWatch {
    const stop = new AbortController();
    const watching = this.#watch(stop.signal);
    const takeOldest = (): number => {
      const oldestMs = this.#oldestMs;
      this.#oldestMs = 0;
      return oldestMs / 1000;
    };
    return {
      takeOldest,
      end: async () => {
        stop.abort();
        await watching;
        return takeOldest();
      },
    };
  }

  /** Until the slot is past all that is written by now. */
  async waitUntilFree(timeoutMs: number): Promise<void> {
    const { written } = await this.#look();
    await waitUntil(async () => (await this.#look()).confirmed >= written, {
      timeoutMs,
      intervalMs: 50,
      describe: 'the slot to be past what was written',
    });
  }

  async #watch(stop: AbortSignal): Promise<void> {
    const seen: { readonly at: number; readonly written: bigint }[] = [];
    while (!stop.aborted) {
      const { written, confirmed } = await this.#look();
      const at = performance.now();
      seen.push({ at, written });
      // What was written by then is confirmed; what came after it is not older.
      while (seen[1] !== undefined && seen[1].written <= confirmed) seen.shift();
      const [first, second] = seen;
      if (first !== undefined && (first.written > confirmed || second !== undefined))
        this.#oldestMs = Math.max(this.#oldestMs, at - first.at);
      await pause(100);
    }
  }

  async #look(): Promise<Place> {
    const [row = {}] = await this.#database.admin.query(
      `select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as written, confirmed_flush_lsn - '0/0'::pg_lsn as confirmed
       from pg_replication_slots where slot_name = $1`,
      [this.#slot],
    );
    return { written: BigInt(row['written'] ?? 0), confirmed: BigInt(row['confirmed'] ?? 0) };
  }
}
