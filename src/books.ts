// Everything a term writes to and asks of the database, on its connections: one for each writer of the books, and one that only reads. A term
// gets it as functions, so that its decisions can be tried against books that are only in memory.
import { Folder, type FoldInput } from './database/fold.ts';
import { Journal, type Append, type Instant } from './database/journal.ts';
import type { JournalEntry } from './database/journal-body.ts';
import {
  readBacklog,
  readBacklogKeys,
  Spool,
  type BacklogRange,
  type StoredDelivery,
  type StoredKey,
} from './database/backlog.ts';
import type { Session } from './database/session.ts';
import type { Takeover } from './database/takeover.ts';
import { Witness, type Testimony, type Unfolded } from './database/witness.ts';
import { pollWebhooks, type WebhookPoll } from './database/webhook-poll.ts';
import type { Delivery } from './delivery/delivery.ts';

/** Each waits as long as the database is away; those that write throw a FencedError when another process leads. */
export interface Books {
  append(entries: readonly JournalEntry[], stored: readonly JournalEntry[]): Promise<Append>;
  /** A locked check; resolves to when it was sent. */
  checkTerm(): Promise<Instant>;
  store(deliveries: readonly Delivery[]): Promise<void>;
  readBacklog(range: BacklogRange & { readonly maxBytes: number }): Promise<readonly StoredDelivery[]>;
  readBacklogKeys(range: BacklogRange): Promise<readonly StoredKey[]>;
  fold(input: FoldInput): Promise<void>;
  /** What it saw committed, once the term is over. */
  testify(rest: Unfolded): Testimony;
  /** Rejects while the database is away. */
  pollWebhooks(uids: readonly bigint[] | null): Promise<WebhookPoll>;
}

/** `side` only reads. */
export type BooksSessions = Readonly<Record<'claim' | 'spool' | 'fold' | 'side', Session>>;

export function openBooks(
  { claim, spool, fold, side }: BooksSessions,
  { term, state, epochs, lastSeq }: Takeover,
): Books {
  const journal = new Journal({ session: claim, term, lastSeq });
  const backlog = new Spool({ session: spool, term });
  const folder = new Folder({ session: fold, epochOf: (lsn) => epochs.of(lsn), term, foldNo: state.foldNo });
  const witness = new Witness({ term, lastSeq, foldNo: state.foldNo });
  return {
    append: (entries, stored) =>
      witness.append(entries, stored.length > 0, () => journal.append(entries, stored)),
    checkTerm: () => journal.checkTerm(),
    store: (deliveries) => witness.store(firstOf(deliveries), () => backlog.store(deliveries)),
    readBacklog: (range) => side.persist(() => readBacklog(side, range)),
    readBacklogKeys: (range) => side.persist(() => readBacklogKeys(side, range)),
    fold: (input) => witness.fold(input, () => folder.fold(input)),
    testify: (rest) => witness.testify(rest),
    pollWebhooks: (uids) => pollWebhooks(side, uids),
  };
}

function firstOf([first]: readonly Delivery[]): Testimony['stored'] {
  return first === undefined ? null : { uid: first.webhook.uid, position: first.position };
}
