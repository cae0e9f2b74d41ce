// rowhook.epoch: which stretches of the log there were, and a new one where the timeline has changed.
import { Epochs, type Epoch, type EpochReason } from '../epochs.ts';
import { formatLsn, parseLsn } from '../lsn.ts';
import type { Queries } from './queries.ts';
import type { TimelineStart } from './lineage.ts';

interface EpochRow {
  readonly n: number;
  readonly timeline: number;
  readonly from: string;
  readonly reason: EpochReason;
}

export async function readEpochs(db: Queries): Promise<Epochs> {
  const { rows } = await db.query<EpochRow & Record<string, unknown>>({
    text: `select n, timeline, from_lsn::text as "from", reason from rowhook.epoch order by n`,
  });
  const epochs = rows.map(({ n, timeline, from, reason }): Epoch => ({
    n,
    timeline,
    fromLsn: parseLsn(from),
    reason,
  }));
  return new Epochs(epochs);
}

/** In the transaction of a takeover. */
export async function beginEpochs(
  db: Queries,
  starts: readonly TimelineStart[],
  reason: EpochReason,
): Promise<void> {
  for (const { timeline, fromLsn } of starts) {
    await db.query({
      text: `insert into rowhook.epoch (n, system_id, timeline, from_lsn, reason)
             select max(n) + 1, (select system_id from rowhook.state), $1, $2::pg_lsn, $3 from rowhook.epoch`,
      values: [timeline, formatLsn(fromLsn), reason],
    });
    await db.query({ text: `update rowhook.state set timeline = $1`, values: [timeline] });
  }
}
