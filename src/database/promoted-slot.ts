// After a promotion: whether the slot of this server leaves nothing out. Invariant: a slot that somebody made later by hand would
// hide what was committed before it, so only one that Postgres synchronised, or one that begins at or before the floor, is read.
import { ExitError } from '../exit-error.ts';
import { formatLsn, parseLsn } from '../lsn.ts';
import type { Queries } from './queries.ts';
import type { State } from './state.ts';

/** @throws {ExitError} (3) */
export async function requireUnbrokenSlot(db: Queries, { slot, floor }: State): Promise<void> {
  const { rows } = await db.query<{ confirmed: string | null; isSynced: boolean }>({
    text: `select confirmed_flush_lsn::text as confirmed, coalesce((to_jsonb(s) ->> 'synced')::boolean, false) as "isSynced"
           from pg_catalog.pg_replication_slots s where slot_name = $1`,
    values: [slot],
  });
  const confirmed = rows[0]?.confirmed ?? null;
  if (confirmed !== null && (rows[0]?.isSynced === true || parseLsn(confirmed) <= floor.commitLsn + 1n))
    return;
  throw new ExitError(
    `The slot "${slot}" of this server, which was promoted, begins at ${confirmed ?? 'an unknown place'}; what was committed after ` +
      `${formatLsn(floor.commitLsn)}, where the books end, and before that would be left out. Postgres did not synchronise it from ` +
      `the former primary: it was made here.`,
    {
      exitCode: 3,
      remedy:
        `To accept that, note it in the ledger and go on from now: rowhook slot recreate --accept-gap\n` +
        `Slots that a promotion keeps: docs/postgres.md, "Failover".`,
    },
  );
}
