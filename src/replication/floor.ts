// What has been read and is not settled yet, in commit order. From it follow the floor (everything up to it is settled
// and every configuration change stored) and the LSN that may be confirmed to Postgres. Invariant: neither ever passes
// an unsettled change, and neither goes back. Its size follows what is unsettled, not what was read since.
import { zeroLsn, type Lsn } from '../lsn.ts';
import { wholeTransaction, type FloorPosition } from '../position.ts';

/** One change with the number of its matches that are not settled yet. */
export interface UnsettledChange {
  readonly index: number;
  readonly transaction: UnsettledTransaction;
  pending: number;
  /** The one behind it, as long as it is one of the transaction's unsettled ones. */
  next: UnsettledChange | null;
}

export interface UnsettledTransaction {
  readonly commitLsn: Lsn;
  /** Of its changes: a list, because most transactions have one, for which a queue would be a heavy thing. */
  first: UnsettledChange | null;
  last: UnsettledChange | null;
  lastReadIndex: number;
  isCommitted: boolean;
  hasUnstoredConfiguration: boolean;
  /** The last transaction that is settled as soon as this one is: itself, or one of those after it. */
  coveredCommit: Lsn;
  /** What may be confirmed then: the end of that one, or whatever was read after it without a match. */
  coveredLsn: Lsn;
  previous: UnsettledTransaction | null;
  next: UnsettledTransaction | null;
}

export class Floor {
  #head: UnsettledTransaction | null = null;
  #tail: UnsettledTransaction | null = null;
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
    const head = this.#head;
    if (head === null) return this.#settled;
    const { first } = head;
    return { commitLsn: head.commitLsn, index: first === null ? head.lastReadIndex : first.index - 1 };
  }

  /** Of what was read, an open transaction's changes included. */
  get isAllSettled(): boolean {
    const head = this.#head;
    return head === null || (head === this.#open && head.first === null);
  }

  /** A transaction that the connection lost half-way is sent again from its start: what was read of it keeps its state. */
  begin(commitLsn: Lsn): void {
    const tail = this.#tail;
    if (tail !== null && !tail.isCommitted) {
      if (tail.commitLsn !== commitLsn)
        throw new Error('another transaction began before the last one ended');
      this.#open = tail;
      return;
    }
    this.#open = {
      commitLsn,
      first: null,
      last: null,
      // The start may lie inside this transaction: the floor must not fall back behind it.
      lastReadIndex: this.#settled.commitLsn === commitLsn ? this.#settled.index : -1,
      isCommitted: false,
      hasUnstoredConfiguration: false,
      coveredCommit: commitLsn,
      coveredLsn: zeroLsn,
      previous: tail,
      next: null,
    };
    if (tail === null) this.#head = this.#open;
    else tail.next = this.#open;
    this.#tail = this.#open;
  }

  /** A change was read whose matches (at least one) have to be settled one by one. */
  add(index: number, matches: number): UnsettledChange {
    const transaction = this.#open;
    if (transaction === null) throw new Error('a change outside a transaction');
    const change = { index, transaction, pending: matches, next: null };
    if (transaction.last === null) transaction.first = change;
    else transaction.last.next = change;
    transaction.last = change;
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
    this.#settleTransaction(transaction);
    return transaction;
  }

  /** Everything before this LSN has been read: a keepalive between two transactions, or the end of one read before. */
  passed(lsn: Lsn): void {
    const tail = this.#tail;
    if (tail === null) this.#confirm(lsn);
    else if (tail.isCommitted && lsn > tail.coveredLsn) tail.coveredLsn = lsn;
  }

  settle(change: UnsettledChange): void {
    change.pending -= 1;
    if (change.pending > 0) return;
    const { transaction } = change;
    // Cut off: whoever still has it must not keep all that came after it.
    for (let first = transaction.first; first?.pending === 0; first = transaction.first) {
      transaction.first = first.next;
      first.next = null;
    }
    if (transaction.first === null) transaction.last = null;
    this.#settleTransaction(transaction);
  }

  configurationStored(transaction: UnsettledTransaction): void {
    transaction.hasUnstoredConfiguration = false;
    this.#settleTransaction(transaction);
  }

  // A settled transaction leaves the list: at its head the floor moves over it, elsewhere the one before covers it.
  #settleTransaction(transaction: UnsettledTransaction): void {
    const { isCommitted, hasUnstoredConfiguration, first, previous, next } = transaction;
    if (!isCommitted || hasUnstoredConfiguration || first !== null) return;
    if (next === null) this.#tail = previous;
    else next.previous = previous;
    if (previous === null) {
      this.#head = next;
      this.#settled = { commitLsn: transaction.coveredCommit, index: wholeTransaction };
      this.#confirm(transaction.coveredLsn);
    } else {
      previous.next = next;
      previous.coveredCommit = transaction.coveredCommit;
      previous.coveredLsn = transaction.coveredLsn;
    }
  }

  #confirm(lsn: Lsn): void {
    if (lsn > this.#confirmable) this.#confirmable = lsn;
  }
}
