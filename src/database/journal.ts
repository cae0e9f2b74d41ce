// The claim connection: appends what is about to be sent, takes it out of the backlog where it lay there, and checks the term. Invariant:
// `append` returns only once that is committed by the process that holds the term, and the fence row is locked in the same statement: a fence that
// is only read does not fence (a claim that waits on a row while a takeover commits would succeed).
import { formatLsn } from '../lsn.ts';
import { FencedError } from './fenced.ts';
import { packJournalBody, type JournalEntry } from './journal-body.ts';
import type { Session } from './session.ts';

export interface Append {
  readonly seq: number;
  /** When the statement was first sent; the term was ours at some time after it. */
  readonly sentAt: Instant;
  /** False when the server gave up waiting for its synchronous standby: claimed, but perhaps not for ever. */
  readonly isDurable: boolean;
}

/** Two clocks, because a frozen machine may stop either. Milliseconds. */
export interface Instant {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

export interface JournalOptions {
  readonly session: Session;
  readonly term: number;
  /** The last seq in use. */
  readonly lastSeq: number;
}

const appendStatement = {
  name: 'rowhook_append',
  text: `
    with f as materialized (
      select 1 from rowhook.fence where writer = 'claim' and term = $1 for no key update)
    insert into rowhook.journal (seq, body) select $2, $3 from f
    on conflict do nothing
    returning seq`,
};

/** Of the claim connection. The backlog grows and empties by the thousand: a plan made for what it was is kept for what it is. */
export const claimSettings = { enable_seqscan: 'off' };

// The rows in the backlog go with it or not at all. Each is looked up by itself: joined, a plan made while the backlog was empty
// compares every row that it has by now with every one that is claimed, and is kept.
const appendFromBacklogStatement = {
  name: 'rowhook_append_from_backlog',
  text: `
    with f as materialized (
      select 1 from rowhook.fence where writer = 'claim' and term = $1 for no key update),
    d as (
      delete from rowhook.backlog
      where ctid = any (array (
        select row.ctid
        from f, unnest($4::int8[], $5::int4[], $6::pg_lsn[], $7::int8[], $8::int2[]) as k (uid, epoch, commit_lsn, index, part),
             lateral (
               select b.ctid from rowhook.backlog b
               where b.uid = k.uid and b.epoch = k.epoch and b.commit_lsn = k.commit_lsn and b.index = k.index and b.part = k.part
               limit 1) as row)))
    insert into rowhook.journal (seq, body) select $2, $3 from f
    on conflict do nothing
    returning seq`,
};

// Under the fence too: another process may have claimed the very same batch under the very same number.
const wasAppendedQuery = `
  with f as materialized (
    select 1 from rowhook.fence where writer = 'claim' and term = $1 for no key update)
  select j.seq from rowhook.journal j, f where j.seq = $2 and j.body = $3`;

const checkTermStatement = {
  name: 'rowhook_check_term',
  text: `select 1 from rowhook.fence where writer = 'claim' and term = $1 for no key update`,
};

export class Journal {
  readonly #options: JournalOptions;
  #seq: number;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#seq = options.lastSeq;
  }

  /**
   * `stored`: those of the entries whose row in the backlog goes with it. Waits as long as the database is away. Throws FencedError when
   * another process leads.
   */
  async append(entries: readonly JournalEntry[], stored: readonly JournalEntry[] = []): Promise<Append> {
    const { session, term } = this.#options;
    const seq = this.#seq + 1;
    const body = packJournalBody(entries);
    const sentAt = now();
    const warnings = session.warnings;
    const wasAppended = async (): Promise<{ seq: string }[] | null> => {
      const { rows } = await session.query<{ seq: string }>({
        text: wasAppendedQuery,
        values: [term, seq, body],
      });
      return rows.length > 0 ? rows : null;
    };
    const statement =
      stored.length === 0
        ? { ...appendStatement, values: [term, seq, body] }
        : { ...appendFromBacklogStatement, values: [term, seq, body, ...keyColumns(stored)] };
    const rows = await session.settle<{ seq: string }>(statement, wasAppended);
    if (rows.length === 0 && (await wasAppended()) === null) throw new FencedError('claim');
    this.#seq = seq;
    return { seq, sentAt, isDurable: session.warnings === warnings };
  }

  /** A locked check of the term; returns when it was sent. Throws FencedError when another process leads. */
  async checkTerm(): Promise<Instant> {
    const { session, term } = this.#options;
    const sentAt = now();
    const rows = await session.settle({ ...checkTermStatement, values: [term] }, () => Promise.resolve(null));
    if (rows.length === 0) throw new FencedError('claim');
    return sentAt;
  }
}

function keyColumns(entries: readonly JournalEntry[]): readonly unknown[][] {
  return [
    entries.map(({ uid }) => uid),
    entries.map(({ position }) => position.epoch),
    entries.map(({ position }) => formatLsn(position.commitLsn)),
    entries.map(({ position }) => position.index),
    entries.map(({ position }) => position.part),
  ];
}

export function now(): Instant {
  return { monotonicMs: performance.now(), wallMs: Date.now() };
}
