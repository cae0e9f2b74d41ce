// What has been read and is not settled yet, in commit order. From it follow the floor (everything up to it is settled
// and every configuration change stored) and the LSN that may be confirmed to Postgres. Invariant: neither ever passes
// an unsettled change, and neither goes back.
import { Fifo } from '../fifo.ts';
import { zeroLsn, type Lsn } from '../lsn.ts';
import { wholeTransaction, type FloorPosition } from '../position.ts';

/** One change with the number of its matches that are not settled yet. */
export interface UnsettledChange {
  readonly index: number;
  readonly transaction: UnsettledTransaction;
  pending: number;
}

export interface UnsettledTransaction {
  readonly commitLsn: Lsn;
  readonly changes: Fifo<UnsettledChange>;
  lastReadIndex: number;
  isCommitted: boolean;
  hasUnstoredConfiguration: boolean;
  /** What may be confirmed once this is settled: its end, or whatever was read after it without a match. */
  coveredLsn: Lsn;
}

export class Floor {
  readonly #transactions = new Fifo<UnsettledTransaction>();
  #open: UnsettledTransaction | null = null;
  #settled: FloorPosition;
  #confirmable: Lsn = zeroLsn;

  constructor(start: FloorPosition) {
    this.#settled = start;
  }

  /** The newest LSN that is safe to confirm; zero while there is none. */
  get confirmable(): Lsn {
    return this.#confirmable;
  }

  get position(): FloorPosition {
    const head = this.#transactions.head;
    if (head === undefined) return this.#settled;
    const change = head.changes.head;
    return { commitLsn: head.commitLsn, index: change === undefined ? head.lastReadIndex : change.index - 1 };
  }

  /** A transaction that the connection lost half-way is sent again from its start: what was read of it keeps its state. */
  begin(commitLsn: Lsn): void {
    const tail = this.#transactions.tail;
    if (tail !== undefined && !tail.isCommitted) {
      if (tail.commitLsn !== commitLsn)
        throw new Error('another transaction began before the last one ended');
      this.#open = tail;
      return;
    }
    this.#open = {
      commitLsn,
      changes: new Fifo(),
      // The start may lie inside this transaction: the floor must not fall back behind it.
      lastReadIndex: this.#settled.commitLsn === commitLsn ? this.#settled.index : -1,
      isCommitted: false,
      hasUnstoredConfiguration: false,
      coveredLsn: zeroLsn,
    };
    this.#transactions.push(this.#open);
  }

  /** A change was read whose matches (at least one) have to be settled one by one. */
  add(index: number, matches: number): UnsettledChange {
    const transaction = this.#open;
    if (transaction === null) throw new Error('a change outside a transaction');
    const change = { index, transaction, pending: matches };
    transaction.changes.push(change);
    return change;
  }

  /** The change at this index, and all before it in its transaction, has been read. */
  read(index: number): void {
    if (this.#open !== null && index > this.#open.lastReadIndex) this.#open.lastReadIndex = index;
  }

  /** Returns the transaction for `configurationStored` to be called with when it changed the configuration. */
  commit(endLsn: Lsn, changesConfiguration: boolean): UnsettledTransaction {
    const transaction = this.#open;
    if (transaction === null) throw new Error('COMMIT without BEGIN');
    this.#open = null;
    transaction.isCommitted = true;
    transaction.hasUnstoredConfiguration = changesConfiguration;
    transaction.coveredLsn = endLsn;
    this.#advance();
    return transaction;
  }

  /** Everything before this LSN has been read: a keepalive between two transactions, or the end of one read before. */
  passed(lsn: Lsn): void {
    const tail = this.#transactions.tail;
    if (tail === undefined) this.#confirm(lsn);
    else if (tail.isCommitted && lsn > tail.coveredLsn) tail.coveredLsn = lsn;
  }

  settle(change: UnsettledChange): void {
    change.pending -= 1;
    if (change.pending > 0) return;
    const { changes } = change.transaction;
    while (changes.head?.pending === 0) changes.shift();
    this.#advance();
  }

  configurationStored(transaction: UnsettledTransaction): void {
    transaction.hasUnstoredConfiguration = false;
    this.#advance();
  }

  #advance(): void {
    for (;;) {
      const head = this.#transactions.head;
      if (head === undefined || !head.isCommitted || head.hasUnstoredConfiguration || head.changes.length > 0)
        return;
      this.#transactions.shift();
      this.#settled = { commitLsn: head.commitLsn, index: wholeTransaction };
      this.#confirm(head.coveredLsn);
    }
  }

  #confirm(lsn: Lsn): void {
    if (lsn > this.#confirmable) this.#confirmable = lsn;
  }
}
