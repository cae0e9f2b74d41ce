// When a position may be confirmed for a slot that standbys copy. Confirmed means forgotten, on the standby too; but the books that settled it
// may not be there yet. So it waits until the stream has come past them: Postgres sends the log only as far as the standbys that
// synchronized_standby_slots names have it. Invariant: what is confirmed never passes what was settled by then, and never goes back.
import { zeroLsn, type Lsn } from '../lsn.ts';

export interface FailoverConfirmationParts {
  /** The newest LSN that is settled. */
  confirmable(): Lsn;
  /** How far the log is written now: past whatever was committed before it is asked. */
  written(): Promise<Lsn>;
}

export class FailoverConfirmation {
  readonly #parts: FailoverConfirmationParts;
  #confirmed: Lsn = zeroLsn;
  #passed: Lsn = zeroLsn;
  /** What may be confirmed once the stream is past `books`; null before the answer of where that is. */
  #next: { readonly lsn: Lsn; books: Lsn | null } | null = null;

  constructor(parts: FailoverConfirmationParts) {
    this.#parts = parts;
  }

  /** What may be confirmed now; looks for more on the way. */
  confirmable(): Lsn {
    const lsn = this.#parts.confirmable();
    if (this.#next === null && lsn > this.#confirmed) this.#ask(lsn);
    return this.#confirmed;
  }

  /** Everything before this LSN has come. */
  passed(lsn: Lsn): void {
    if (lsn <= this.#passed) return;
    this.#passed = lsn;
    this.#settle();
  }

  /** Another stream begins behind what the last one had passed. */
  restarted(): void {
    this.#passed = zeroLsn;
  }

  #ask(lsn: Lsn): void {
    const next = { lsn, books: null as Lsn | null };
    this.#next = next;
    this.#parts.written().then(
      (books) => {
        next.books = books;
        this.#settle();
      },
      // Asked again with the next look.
      () => (this.#next = null),
    );
  }

  #settle(): void {
    const next = this.#next;
    if (next === null || next.books === null || this.#passed < next.books) return;
    this.#confirmed = next.lsn;
    this.#next = null;
  }
}
