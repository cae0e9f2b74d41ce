// What a promotion may have undone stands in the ledger: one row that says what nobody can know from here.
import { changeId } from '../position.ts';
import type { TimelineStart } from './lineage.ts';
import type { Queries } from './queries.ts';
import type { State } from './state.ts';
import type { UndoneClaims } from './undone-claims.ts';

/** In the transaction of a takeover, before the new epochs begin. */
export async function noteFailover(
  db: Queries,
  { epoch, floor }: State,
  starts: readonly TimelineStart[],
  undone: UndoneClaims | null,
): Promise<void> {
  const { fromLsn = 0n } = starts.at(-1) ?? {};
  await db.query({
    text: `insert into rowhook.loss (reason, count, from_position, to_position, detail) values ('failover', $4, $1, $2, $3)`,
    values: [
      changeId({ epoch, commitLsn: floor.commitLsn, index: 0, part: 0 }),
      changeId({ epoch, commitLsn: fromLsn, index: 0, part: 0 }),
      undone === null ? cannotBeKnown : describe(undone),
      undone?.count ?? null,
    ],
  });
}

const whatHappened =
  'a standby was promoted: what was sent and counted last may be missing from the counters, and changes may have been sent that ' +
  'this server does not have';
const notSettled = 'What was committed before and not settled here is interrupted.';
const cannotBeKnown = `${whatHappened}; how many cannot be known. ${notSettled}`;

function describe({ count, first, last }: UndoneClaims): string {
  const range = first === null || last === null ? '' : `, from ${changeId(first)} to ${changeId(last)}`;
  return `${whatHappened}. Claims that are missing here: ${count}${range}. ${notSettled}`;
}
