/** What `status` asks the books about promotions: since when, where the log went another way, and what that undid. */
import type { Queries } from '../queries.ts';

export interface PromotionFacts {
  readonly reason: 'failover' | 'switchover';
  /** When a service began to lead on the new timeline. */
  readonly since: Date;
  /** In the last 24 hours. */
  readonly isRecent: boolean;
  readonly fromTimeline: number;
  readonly toTimeline: number;
  /** The first LSN that is not of the timeline before. */
  readonly switchedAt: string;
  /** Of the changes before it; those after it have another epoch. */
  readonly epochBefore: number;
  /** Deliveries of changes from before that were not settled here. */
  readonly interrupted: number;
  /** What the ledger has of a failover: from where on it is not certain what was sent, and where this server's log goes another way. */
  readonly fromPosition: string | null;
  readonly toPosition: string | null;
  /** Claims that the new primary lacks; null where nobody knows. */
  readonly undoneClaims: number | null;
}

/** Oldest first. */
export async function readPromotions(db: Queries): Promise<PromotionFacts[]> {
  const { rows } = await db.query<PromotionFacts>({ text: promotionsQuery });
  return rows;
}

// Several timelines may begin in one takeover; epochs and the ledger's row are then of one transaction, and so of one time.
const promotionsQuery = `
  with promotion as (
    select reason, started_at, min(n) as first, max(n) as last,
           coalesce(lead(started_at) over (order by started_at), 'infinity') as ended_at
    from rowhook.epoch where reason in ('failover', 'switchover') group by reason, started_at)
  select p.reason, p.started_at as since, p.started_at > now() - interval '24 hours' as "isRecent",
         before.timeline as "fromTimeline", last.timeline as "toTimeline", first.from_lsn::text as "switchedAt",
         before.n as "epochBefore", i.count::float8 as interrupted,
         l.from_position as "fromPosition", l.to_position as "toPosition", l.count::float8 as "undoneClaims"
  from promotion p
  join rowhook.epoch before on before.n = p.first - 1
  join rowhook.epoch first on first.n = p.first
  join rowhook.epoch last on last.n = p.last
  left join rowhook.loss l on l.reason = 'failover' and l.at = p.started_at
  cross join lateral (
    select coalesce(sum(x.count), 0) as count from rowhook.loss x
    where x.reason = 'interrupted' and x.at >= p.started_at and x.at < p.ended_at
      and split_part(x.from_position, '-', 1)::int4 < p.last) i
  order by p.started_at`;
