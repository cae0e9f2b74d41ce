// What this process has seen committed, for the day on which another server answers: a log is a prefix, so a server that has the last of
// it has all of it. Invariant: what is not answered is never counted as seen.
import type { Position } from '../position.ts';
import type { CounterIncrement, FoldInput, Loss } from './fold.ts';
import type { JournalEntry } from './journal-body.ts';
import type { Append } from './journal.ts';
import { RecentClaims } from './undone-claims.ts';

/** Counted, and in no fold that is known to be committed. */
export interface Unfolded {
  readonly counters: readonly CounterIncrement[];
  readonly losses: readonly Loss[];
}

export interface Testimony {
  readonly term: number;
  readonly lastSeq: number;
  readonly recentClaims: RecentClaims;
  readonly foldNo: number;
  /** A row of the backlog that was committed after both; null where one of them came later. */
  readonly stored: { readonly uid: bigint; readonly position: Position } | null;
  /** Claims under the next seq were never answered, so they were not sent; and they left the backlog alone. */
  readonly mayTakeBack: boolean;
  /** Under the next fold's number, its answer lost; and what was counted since. */
  readonly pending: Unfolded | null;
  readonly rest: Unfolded;
}

type Stored = NonNullable<Testimony['stored']>;

export class Witness {
  readonly #term: number;
  readonly #recentClaims = new RecentClaims();
  #lastSeq: number;
  #foldNo: number;
  #stored: Stored | null = null;
  #pending: FoldInput | null = null;
  #takesFromBacklog = false;

  constructor({ term, lastSeq, foldNo }: Pick<Testimony, 'term' | 'lastSeq' | 'foldNo'>) {
    this.#term = term;
    this.#lastSeq = lastSeq;
    this.#foldNo = foldNo;
  }

  async append(
    entries: readonly JournalEntry[],
    takesFromBacklog: boolean,
    append: () => Promise<Append>,
  ): Promise<Append> {
    const before = this.#stored;
    this.#takesFromBacklog = takesFromBacklog;
    const appended = await append();
    this.#lastSeq = appended.seq;
    this.#recentClaims.add(appended.seq, entries);
    this.#forget(before);
    return appended;
  }

  async store(first: Stored | null, store: () => Promise<void>): Promise<void> {
    await store();
    this.#stored = first;
  }

  async fold(input: FoldInput, fold: () => Promise<void>): Promise<void> {
    const before = this.#stored;
    this.#pending = input;
    await fold();
    this.#pending = null;
    this.#foldNo += 1;
    this.#forget(before);
  }

  /** Once nothing is under way any more; `rest`: what was counted and not given to a fold. */
  testify(rest: Unfolded): Testimony {
    return {
      term: this.#term,
      lastSeq: this.#lastSeq,
      recentClaims: this.#recentClaims,
      foldNo: this.#foldNo,
      stored: this.#stored,
      mayTakeBack: !this.#takesFromBacklog,
      pending: this.#pending,
      rest,
    };
  }

  // What was asked for after that was answered, and is answered now, proves it.
  #forget(before: Stored | null): void {
    if (this.#stored === before) this.#stored = null;
  }
}
