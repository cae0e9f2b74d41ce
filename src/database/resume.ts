// After the server changed: whether the one that answers now has everything that this process saw committed, and then the last folds of
// its term, under that term's fence. Invariant: only where nothing at all is missing is anything written, and nothing twice.
import { formatLsn } from '../lsn.ts';
import { Folder } from './fold.ts';
import type { Session } from './session.ts';
import { readState, type State } from './state.ts';
import type { Testimony, Unfolded } from './witness.ts';

/**
 * Whether it is proven that nothing was lost, and so nobody else has claimed since. May be called again after a failure. Throws a
 * FencedError when another process has taken over meanwhile.
 */
export async function resume(session: Session, testimony: Testimony): Promise<boolean> {
  const state = await readState(session);
  if (state === null || !(await hasAll(session, testimony))) return false;
  const { term, lastSeq, foldNo, mayTakeBack, pending, rest } = testimony;
  if (mayTakeBack) await takeBack(session, testimony);
  const folds = [...(pending === null ? [] : [pending]), rest];
  const folder = new Folder({ session, epochOf: () => state.epoch, term, foldNo: state.foldNo });
  // Those that are there already were committed before their answer got lost.
  for (const unfolded of folds.slice(state.foldNo - foldNo))
    await folder.fold(lastFold(state, lastSeq, unfolded));
  return true;
}

/** Floor and configuration stay: this process may have read further than this server's log goes. */
function lastFold(
  { floor }: State,
  foldedSeq: number,
  { counters, losses }: Unfolded,
): Parameters<Folder['fold']>[0] {
  return { counters, losses, sizes: [], breakers: [], versions: [], floor, foldedSeq, trimSeq: 0 };
}

async function hasAll(session: Session, testimony: Testimony): Promise<boolean> {
  const { term, lastSeq, foldNo, stored } = testimony;
  const { rows } = await session.query<{ hasAll: boolean }>({
    text: `
      select s.fold_no >= $3::int8
             and not exists (select from rowhook.fence where term <> $1::int8)
             and (greatest(s.folded_seq, s.trimmed_seq) >= $2::int8 or exists (select from rowhook.journal where seq = $2::int8))
             and ($4::int8 is null or exists (
               select from rowhook.backlog b
               where b.uid = $4::int8 and b.epoch = $5::int4 and b.commit_lsn = $6::pg_lsn and b.index = $7::int8
                 and b.part = $8::int2)) as "hasAll"
      from rowhook.state s`,
    values: [
      term,
      lastSeq,
      foldNo,
      stored?.uid ?? null,
      stored?.position.epoch ?? null,
      stored === null ? null : formatLsn(stored.position.commitLsn),
      stored?.position.index ?? null,
      stored?.position.part ?? null,
    ],
  });
  return rows[0]?.hasAll === true;
}

// Claims that were committed and never answered were not sent: they are sent again by the slot, and then claimed.
async function takeBack(session: Session, { term, lastSeq }: Testimony): Promise<void> {
  await session.query({
    text: `with f as materialized (
             select 1 from rowhook.fence where writer = 'claim' and term = $1::int8 for no key update)
           delete from rowhook.journal j using f where j.seq > $2::int8`,
    values: [term, lastSeq],
  });
}
