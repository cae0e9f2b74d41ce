// Which claims of this process a promoted standby lacks: what was sent of them is in no counter. Invariant: a number is given only
// where it is certain, and by the one process that made the claims.
import { rangeOf, type Position } from '../position.ts';
import { isClaim, type JournalEntry } from './journal-body.ts';
import type { Queries } from './queries.ts';

/** One row of the journal that was seen committed. */
interface ClaimedBatch {
  readonly seq: number;
  readonly count: number;
  /** Null where it has no claim. */
  readonly first: Position | null;
  readonly last: Position | null;
}

export interface UndoneClaims {
  /** Whose claims they are. */
  readonly term: number;
  readonly count: number;
  readonly first: Position | null;
  readonly last: Position | null;
}

/** At a thousand claims a batch some millions: what a standby is behind is far less, or nobody promotes it. */
const maxBatches = 4_096;

export class RecentClaims {
  #batches: ClaimedBatch[] = [];

  add(seq: number, entries: readonly JournalEntry[]): void {
    const positions = entries.filter(isClaim).map(({ position }) => position);
    this.#batches.push({ seq, count: positions.length, ...rangeOf(positions) });
    if (this.#batches.length > 2 * maxBatches) this.#batches = this.#batches.slice(-maxBatches);
  }

  /** Null where that goes further back than is remembered. */
  after(seq: number, lastSeq: number): Omit<UndoneClaims, 'term'> | null {
    const undone = this.#batches.filter((batch) => batch.seq > seq);
    if (undone.length < lastSeq - seq) return null;
    const positions = undone.flatMap(({ first, last }) => [first, last]).filter((each) => each !== null);
    return { count: undone.reduce((sum, { count }) => sum + count, 0), ...rangeOf(positions) };
  }
}

/** Null where it cannot be known: another process has claimed there since, or it is too long ago. */
export async function findUndoneClaims(
  db: Queries,
  { term, lastSeq, recentClaims }: { term: number; lastSeq: number; recentClaims: RecentClaims },
): Promise<UndoneClaims | null> {
  const { rows } = await db.query<{ seq: string }>({
    text: `select greatest(s.folded_seq, s.trimmed_seq, (select max(seq) from rowhook.journal)) as seq from rowhook.state s
           where not exists (select from rowhook.fence where term <> $1::int8)`,
    values: [term],
  });
  const [row] = rows;
  if (row === undefined) return null;
  const undone = recentClaims.after(Number(row.seq), lastSeq);
  return undone === null ? null : { term, ...undone };
}
