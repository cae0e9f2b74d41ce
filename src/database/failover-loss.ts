// What a promotion may have undone stands in the ledger: one row that says what nobody can know from here.
import { changeId } from '../position.ts';
import type { TimelineStart } from './lineage.ts';
import type { Queries } from './queries.ts';
import type { State } from './state.ts';

/** In the transaction of a takeover, before the new epochs begin. */
export async function noteFailover(
  db: Queries,
  { epoch, floor }: State,
  starts: readonly TimelineStart[],
): Promise<void> {
  const { fromLsn = 0n } = starts.at(-1) ?? {};
  await db.query({
    text: `insert into rowhook.loss (reason, count, from_position, to_position, detail) values ('failover', null, $1, $2, $3)`,
    values: [
      changeId({ epoch, commitLsn: floor.commitLsn, index: 0, part: 0 }),
      changeId({ epoch, commitLsn: fromLsn, index: 0, part: 0 }),
      cannotBeKnown,
    ],
  });
}

const cannotBeKnown =
  'a standby was promoted: what was sent and counted last may be missing from the counters, and changes may have been sent that ' +
  'this server does not have; how many cannot be known. What was committed before and not settled here is interrupted.';
