/** What has happened since it was last looked at: attempts that came into the delivery log, and webhooks that are not as they were. */
import { sql } from 'kysely';
import { listDeliveries, type ListedDelivery } from './deliveries.ts';
import type { Database } from './open-database.ts';
import type { Queries } from './queries.ts';
import { listWebhooks, type ListedWebhook } from './webhooks.ts';

export interface FeedAsk {
  /** A row's `at`: deliveries after it, up to the server's now; null: none. */
  readonly after: string | null;
  readonly maxDeliveries: number;
  /** What each webhook was like, as an earlier answer gave it; null: no webhook is told of. */
  readonly known: ReadonlyMap<string, string> | null;
  readonly maxWebhooks: number;
}

export interface FeedAnswer {
  /** The newest of them, oldest first. */
  readonly deliveries: readonly ListedDelivery[];
  /** There were older ones, which are left out. */
  readonly isCut: boolean;
  readonly changed: readonly ListedWebhook[];
  /** Ids of webhooks that are deleted. */
  readonly gone: readonly string[];
  /** For the next time: those that were told of longest ago come first. */
  readonly known: ReadonlyMap<string, string>;
}

/** The sums of all webhooks' counters. */
export interface Totals {
  readonly claimed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly waiting: number;
}

const maxKnown = 10_000;

/**
 * The newest row's `at`, of all companies; `after` where there is none after it, and null: ten seconds ago. Rows of the process that leads
 * come into the log in the order of `at`: whoever reads later sees all up to there. Resends, which any process may write, are left out, and
 * so is, until its time has come, what a clock wrote that is ahead of the server's: it would hide all that comes before it.
 */
export async function readLogEnd(db: Database, after: string | null): Promise<string> {
  await sql`set enable_seqscan = off`.execute(db);
  const query = sql<{ end: string }>`
    with since as (select coalesce(${after}::timestamptz, clock_timestamp() - interval '10 s') as at)
    select to_char(coalesce((select max(d.at) from rowhook.delivery d 
                             where d.at > (select at from since) and d.at <= statement_timestamp() and d.resend_of is null), since.at) at time zone 'UTC',
                   'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as end
    from since`;
  const { rows } = await query.execute(db);
  if (rows[0] === undefined) throw new Error('the end of the delivery log is no row');
  return rows[0].end;
}

export async function readFeed(db: Database, ask: FeedAsk): Promise<FeedAnswer> {
  return { ...(await readWebhooks(db, ask)), ...(await readDeliveries(db, ask)) };
}

export async function readTotals(db: Queries): Promise<Totals> {
  const { rows } = await db.query<Totals>({
    text: `select coalesce(sum(claimed_count), 0)::float8 as claimed, coalesce(sum(success_count), 0)::float8 as succeeded,
                  coalesce(sum(error_count), 0)::float8 as failed, coalesce(sum(backlog_count), 0)::float8 as waiting
           from rowhook.counter`,
  });
  return rows[0] ?? { claimed: 0, succeeded: 0, failed: 0, waiting: 0 };
}

async function readDeliveries(
  db: Database,
  { after, maxDeliveries }: FeedAsk,
): Promise<Pick<FeedAnswer, 'deliveries' | 'isCut'>> {
  if (after === null) return { deliveries: [], isCut: false };
  const filter = {
    since: new Date(after),
    limit: maxDeliveries + 1,
    areResendsLeftOut: true,
    isFutureLeftOut: true,
  };
  const found = (await listDeliveries(db, filter, false)).filter(({ at }) => at > after);
  return { deliveries: found.slice(0, maxDeliveries).reverse(), isCut: found.length > maxDeliveries };
}

async function readWebhooks(
  db: Database,
  { known, maxWebhooks }: FeedAsk,
): Promise<Pick<FeedAnswer, 'changed' | 'gone' | 'known'>> {
  const query = sql<{ id: string; mark: string }>`
    select h.id, hashtextextended(h::text, 0)::text as mark from rowhook.webhook_health h order by h.id limit ${maxKnown}`;
  const { rows } = await query.execute(db);
  const marks = new Map(rows.map(({ id, mark }) => [id, mark]));
  if (known === null) return { changed: [], gone: [], known: marks };
  const isWhole = rows.length < maxKnown;
  const gone = isWhole ? [...known.keys()].filter((id) => !marks.has(id)) : [];
  const changed = [...new Set([...known.keys(), ...marks.keys()])]
    .filter((id) => marks.has(id) && marks.get(id) !== known.get(id))
    .slice(0, maxWebhooks);
  const next = new Map([...known].filter(([id]) => marks.has(id)));
  for (const id of changed) {
    next.delete(id);
    next.set(id, marks.get(id) ?? '');
  }
  return { changed: changed.length === 0 ? [] : await listWebhooks(db, { ids: changed }), gone, known: next };
}
