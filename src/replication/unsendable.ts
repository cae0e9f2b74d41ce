// Whether Postgres fails on one transaction again and again: on a row of more than 1 GB in text form, for example, which the protocol
// cannot carry. Told from the messages as they arrive, because those that wait behind a held reader are no different. Invariant: one
// failure is no proof (it may have been want of memory), nor are two for different reasons.
import { readBegin, tag, type BeginMessage } from './pgoutput.ts';

interface Failure {
  readonly transaction: BeginMessage;
  readonly reason: string;
}

export class UnsendableWatch {
  #open: BeginMessage | null = null;
  #last: Failure | null = null;
  #brokenOff: BeginMessage | null = null;

  /** The transaction in the middle of which the last stream ended, whatever the reason. */
  get brokenOff(): BeginMessage | null {
    return this.#brokenOff;
  }

  /** Every message of the stream, in order. */
  sees(message: Buffer): void {
    const kind = message[0];
    if (kind === tag.begin) this.#open = readBegin(message);
    else if (kind === tag.commit) this.#open = null;
  }

  /** The stream has ended; the transaction in which it did so twice in a row with the same error, or null. */
  endedWith(error: Error): BeginMessage | null {
    const transaction = this.#open;
    const before = this.#last;
    this.#open = null;
    this.#last = null;
    this.#brokenOff = transaction;
    if (transaction === null || !isOfTheTransaction(error)) return null;
    this.#last = { transaction, reason: error.message };
    const isSame = before?.transaction.commitLsn === transaction.commitLsn && before.reason === error.message;
    return isSame ? transaction : null;
  }
}

// An answer of the server's that is not about itself: no lost connection (08), want of resources (53), standby's conflict (40), state
// of an object (55), shutdown (57) or trouble with files (58).
function isOfTheTransaction(error: Error): boolean {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return /^[0-9A-Z]{5}$/.test(code) && !/^(08|40|53|55|57|58|E)/.test(code);
}

/** For people: why it may be. */
export function explainUnsendable(error: Error): string {
  const code = 'code' in error ? error.code : '';
  // string buffer exceeds maximum allowed length (1073741823 bytes); before Postgres 17: out of memory
  // invalid memory alloc request size 1200000003
  const isTooLong = code === '54000' || /invalid memory alloc request size/.test(error.message);
  if (!isTooLong) return error.message;
  return `${error.message} (a row, or a value, is longer than 1 GB in text form)`;
}
