/** A few records that are updated all the time, each update a version; and what may be said of the order in which they arrive. */
import type { InstalledDatabase } from '../support/installed-database.ts';
import type { Receiver, ReceivedRequest } from '../support/receiver.ts';
import { waitUntil } from '../support/wait.ts';
import { company, orderId, orderState, range } from './orders.ts';

const records = range(1, 4);
/** So many of a record may be under way; then its writer waits, but not for ever: nobody may be there to send them. */
const ahead = 8;
const longestWaitMs = 30;

export class RecordWriter implements AsyncDisposable {
  readonly #database: InstalledDatabase;
  readonly #receiver: Receiver;
  readonly #newest = new Map<number, number>();
  #isStopping = false;
  #writing: Promise<unknown> = Promise.resolve();

  constructor(database: InstalledDatabase, receiver: Receiver) {
    this.#database = database;
    this.#receiver = receiver;
  }

  /** The inserts and the updates. */
  get written(): number {
    return [...this.#newest.values()].reduce((sum, version) => sum + version, 0);
  }

  start(): void {
    this.#writing = Promise.all(records.map((id) => this.#write(id)));
  }

  /** Tells whether the receiver has a version of each record that was written after this call. */
  newerThanNow(): () => boolean {
    const before = new Map(this.#newest);
    return () => records.every((id) => lastOf(this.#receiver, id) > (before.get(id) ?? 0));
  }

  /** Rejects with what went wrong while writing. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop().catch(() => undefined);
  }

  async #write(id: number): Promise<void> {
    const { app } = this.#database;
    await app.query(`insert into orders values ($1, '${company}', '1')`, [id]);
    for (let version = 1; !this.#isStopping;) {
      this.#newest.set(id, version);
      version += 1;
      await app.query('update orders set state = $2 where id = $1', [id, version]);
      this.#newest.set(id, version);
      const startedAt = performance.now();
      const mayGoOn = (): boolean =>
        lastOf(this.#receiver, id) >= version - ahead || performance.now() - startedAt > longestWaitMs;
      await waitUntil(mayGoOn, { intervalMs: 3, describe: 'the next version' });
    }
  }
}

function versionOf(request: ReceivedRequest): number {
  return Number(orderState(request));
}

function lastOf({ requests }: Receiver, id: number): number {
  const last = requests.findLast((request) => orderId(request) === id);
  return last === undefined ? 0 : versionOf(last);
}

/** What began to arrive after something of its record that is as new or newer: `record 3: 17 after 18`. */
export function outOfOrder(requests: readonly ReceivedRequest[]): string[] {
  const newest = new Map<number, number>();
  const found: string[] = [];
  for (const request of requests.toSorted((a, b) => a.begun - b.begun)) {
    const [id, version] = [orderId(request), versionOf(request)];
    const before = newest.get(id) ?? 0;
    if (version <= before) found.push(`record ${id}: ${version} after ${before}`);
    newest.set(id, Math.max(before, version));
  }
  return found;
}
