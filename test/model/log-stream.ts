// One replication connection: the log as messages, from where the slot stands, each table described before its first change.
import { relationMessage, type Application } from './application.ts';
import { beginBytes, commitBytes } from './pgoutput-bytes.ts';

export class LogStream {
  readonly #application: Application;
  readonly #described = new Set<number>();
  #next: number;
  #messages: Buffer[] = [];
  /** Everything before it was sent. */
  #sentLsn: bigint;
  #loadedLsn: bigint;

  constructor(application: Application, fromLsn: bigint) {
    this.#application = application;
    const first = application.transactions.findIndex(({ commitLsn }) => commitLsn >= fromLsn);
    this.#next = first === -1 ? application.transactions.length : first;
    this.#sentLsn = fromLsn;
    this.#loadedLsn = fromLsn;
  }

  get isAtEnd(): boolean {
    return this.#messages.length === 0 && this.#next === this.#application.transactions.length;
  }

  message(): Buffer | undefined {
    if (this.#messages.length === 0) this.#load();
    const message = this.#messages.shift();
    if (this.#messages.length === 0) this.#sentLsn = this.#loadedLsn;
    return message;
  }

  /** How far it has read the log: not behind a transaction that is being sent. */
  keepalive(): bigint {
    return this.isAtEnd ? this.#application.endLsn : this.#sentLsn;
  }

  #load(): void {
    const transaction = this.#application.transactions[this.#next];
    if (transaction === undefined) return;
    this.#next += 1;
    const { messages, endLsn } = transaction;
    this.#messages = [beginBytes(transaction)];
    for (const { relations, bytes } of messages) {
      for (const relation of relations) {
        if (!this.#described.has(relation.oid)) this.#messages.push(relationMessage(relation));
        this.#described.add(relation.oid);
      }
      this.#messages.push(bytes);
    }
    this.#messages.push(commitBytes(transaction));
    this.#loadedLsn = endLsn;
  }
}
