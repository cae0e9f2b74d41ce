/** The service's bookkeeping without the service: sessions, a first state, and what two processes would do to each other. */
import { Session } from '../../src/database/session.ts';
import { Folder, type FoldInput } from '../../src/database/fold.ts';
import { Journal } from '../../src/database/journal.ts';
import type { JournalEntry } from '../../src/database/journal-body.ts';
import type { NamedProcess } from '../../src/database/leader.ts';
import { takeOver, type NewLeader, type Takeover } from '../../src/database/takeover.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { waitUntil } from '../support/wait.ts';

export const slot = 'books';

export interface Books extends AsyncDisposable {
  readonly database: InstalledDatabase;
  /** A session of the service's role; ended with the books. Through another URL where one is given. */
  session(url?: string, settings?: Readonly<Record<string, string>>): Session;
  takeOver(leader?: NamedProcess): Promise<Takeover>;
  /** The pids of backends that wait for a lock, once there are so many. */
  waitForBlocked(count: number): Promise<readonly string[]>;
}

/** A database as the first start leaves it, but without a slot. */
export async function openBooks(encoding?: string): Promise<Books> {
  const database = await createInstalledDatabase(undefined, encoding);
  const stop = new AbortController();
  const open = new AsyncDisposableStack();
  open.use(database);
  await database.admin.query(
    `insert into rowhook.state (epoch, floor_lsn, floor_index, folded_seq, trimmed_seq, fold_no, system_id, timeline,
                                database_oid, slot, publication_options)
     values (1, '0/10', 0, 0, 0, 0, '1', 1, 1, '${slot}', '{}')`,
  );
  await database.admin.query(
    `insert into rowhook.epoch (n, system_id, timeline, from_lsn, reason) values (1, '1', 1, '0/10', 'first start')`,
  );
  const session = (url = database.serviceUrl, settings = {}): Session =>
    open.use(
      new Session({
        databaseUrl: url,
        settings,
        applicationName: `rowhook/${slot}/test`,
        stop: stop.signal,
        onTrouble: () => undefined,
      }),
    );
  return {
    database,
    session,
    takeOver: async (leader) => await takeOver(session(), slot, newLeader(leader)),
    waitForBlocked: async (count) =>
      await waitUntil(
        async () => {
          const rows = await database.admin.query<{ pid: string }>(
            `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
          );
          return rows.length >= count && rows.map(({ pid }) => pid);
        },
        { describe: `${count} statements that wait for a lock` },
      ),
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await open.disposeAsync();
    },
  };
}

export function journalOf(session: Session, { term, lastSeq }: Takeover): Journal {
  return new Journal({ session, term, lastSeq });
}

export function folderOf(session: Session, { term, state }: Takeover): Folder {
  return new Folder({ session, epochOf: () => state.epoch, term, foldNo: state.foldNo });
}

export function claims(uid: bigint, ...commitLsns: bigint[]): JournalEntry[] {
  return commitLsns.map((commitLsn) => ({
    kind: 'claimed',
    uid,
    position: { epoch: 1, commitLsn, index: 0, part: 0 },
  }));
}

/** A fold of one webhook's numbers. */
export function foldOf(
  uid: bigint,
  { claimed = 0, success = 0, error = 0 },
  { foldedSeq = 0, trimSeq = 0 } = {},
): FoldInput {
  const counter = { uid, claimed, success, error, missed: 0 };
  return {
    counters: [{ ...counter, lastSuccessAt: null, lastErrorAt: null, lastError: null }],
    losses: [],
    sizes: [],
    breakers: [],
    versions: [],
    floor: { commitLsn: 0x20n, index: 0 },
    foldedSeq,
    trimSeq,
  };
}

function newLeader(process: NamedProcess | undefined): NewLeader | null {
  return process === undefined ? null : { process, server: { timeline: 1, history: [] }, resumedTerm: null };
}
