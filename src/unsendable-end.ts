// The end of a term at a transaction that Postgres cannot send: what was read before it is settled first, so that skipping it costs
// nothing else; then an operator decides.
import { setTimeout as pause } from 'node:timers/promises';
import type { Session } from './database/session.ts';
import { noteUnsendable } from './database/unsendable-transaction.ts';
import { ExitError } from './exit-error.ts';
import type { Logger } from './logger.ts';
import { formatLsn } from './lsn.ts';
import type { BeginMessage } from './replication/pgoutput.ts';
import { explainUnsendable } from './replication/unsendable.ts';
import type { Term } from './term.ts';

export interface UnsendableEnd {
  readonly transaction: BeginMessage;
  readonly error: Error;
  readonly term: Term;
  readonly epoch: number;
  readonly slot: string;
  /** Fenced by the term's fold row. */
  readonly session: Session;
  readonly logger: Logger;
  readonly stop: AbortSignal;
}

/** A start reads the rest again, so what takes longer costs nothing but another start. */
const settleWithinMs = 60_000;
const lookEveryMs = 50;

/** What to end with. Rejects when it is stopped meanwhile. */
export async function endAtUnsendable(end: UnsendableEnd): Promise<ExitError> {
  const { transaction, error, term, epoch, slot, session, logger } = end;
  const { commitLsn, commitTimeMs, xid } = transaction;
  const lsn = formatLsn(commitLsn);
  const committedAt = new Date(commitTimeMs).toISOString();
  const reason = explainUnsendable(error);
  logger.error(
    { lsn, committedAt, xid },
    'Postgres cannot send a transaction; finishing what was read before',
  );
  const isSettled = await untilSettled(end);
  if (isSettled) {
    const { position: floor } = term.floor;
    const found = { epoch, slot, commitLsn, committedAt, xid, floor, reason };
    await session.persist(async () => {
      await noteUnsendable(session, term.no, found);
    });
  }
  return new ExitError(
    `Postgres cannot send the transaction that committed at ${lsn} (${committedAt}, transaction id ${xid}), and nothing that comes after it. It fails with: ${reason}`,
    {
      exitCode: 3,
      remedy: isSettled
        ? `All that was committed before it is settled. To accept that what it changed is not sent, note that in the ledger and go on with ` +
          `the next one: rowhook slot skip ${lsn} --accept-gap`
        : `Not all that was committed before it is read and written down yet. Start rowhook again; once it is, it says so here: then ` +
          `rowhook slot skip ${lsn} --accept-gap goes on after it.`,
      cause: error,
    },
  );
}

/** Whether everything before the transaction is; all of it, where a Postgres that crashed sends one again that was skipped. */
async function untilSettled({ transaction, term, stop }: UnsendableEnd): Promise<boolean> {
  const until = performance.now() + settleWithinMs;
  const { floor, reader } = term;
  while ((reader.isHeld || !floor.isAllSettled) && performance.now() < until) {
    await pause(lookEveryMs, undefined, { signal: stop });
  }
  return floor.position.commitLsn >= transaction.commitLsn;
}
