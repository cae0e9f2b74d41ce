/** What `status` reads from the service's books: webhooks that fail, the ledger. */
import type { Queries } from '../queries.ts';

export interface FailingWebhook {
  readonly id: string;
  readonly name: string;
  readonly companyId: string | null;
  readonly errorCount: number;
  readonly lastSuccessAt: Date | null;
  readonly lastErrorAt: Date | null;
  readonly lastError: string | null;
}

/** A webhook with deliveries in the backlog, as of the last fold. */
export interface WaitingWebhook {
  readonly id: string;
  readonly name: string;
  readonly companyId: string | null;
  readonly isActive: boolean;
  readonly isBreakerOpen: boolean;
  readonly count: number;
  readonly bytes: number;
  /** Of the oldest. */
  readonly ageS: number;
}

/** An active webhook whose breaker is open, as of the last fold. */
export interface BrokenWebhook {
  readonly id: string;
  readonly name: string;
  readonly companyId: string | null;
  readonly since: Date;
  /** null: the next delivery that comes. */
  readonly probeAt: Date | null;
  readonly lastError: string | null;
  readonly waiting: number;
}

/** Of one reason, in the last 24 hours. */
export interface LossFacts {
  readonly reason: string;
  /** Of the entries that could be counted. */
  readonly count: number;
  readonly uncountedEntries: number;
  /** Those of the entries without a count. */
  readonly uncountedWebhooks: number;
  readonly lastAt: Date;
}

/** Active webhooks whose last outcome was an error, those with the most errors first. */
export async function readFailingWebhooks(db: Queries): Promise<FailingWebhook[]> {
  const { rows } = await db.query<FailingWebhook>({
    text: `select id, name, company_id as "companyId", error_count::float8 as "errorCount",
                  last_success_at as "lastSuccessAt", last_error_at as "lastErrorAt", last_error as "lastError"
           from rowhook.webhook_health where health = 'failing' order by error_count desc, id`,
  });
  return rows;
}

/** Those that are open longest first. */
export async function readBrokenWebhooks(db: Queries): Promise<BrokenWebhook[]> {
  const { rows } = await db.query<BrokenWebhook>({
    text: `select id, name, company_id as "companyId", breaker_since as since, breaker_probe_at as "probeAt",
                  last_error as "lastError", backlog_count::float8 as waiting
           from rowhook.webhook_health where health = 'breaker open' order by breaker_since, id`,
  });
  return rows;
}

/** Those that have waited longest first. */
export async function readWaitingWebhooks(db: Queries): Promise<WaitingWebhook[]> {
  const { rows } = await db.query<WaitingWebhook>({
    text: `select w.id, w.name, w.company_id as "companyId", w.active as "isActive",
                  c.breaker_since is not null as "isBreakerOpen", c.backlog_count::float8 as count,
                  c.backlog_bytes::float8 as bytes,
                  extract(epoch from now() - coalesce(c.backlog_since, now()))::float8 as "ageS"
           from rowhook.counter c join rowhook.webhook w using (uid)
           where c.backlog_count > 0 order by c.backlog_since, w.id`,
  });
  return rows;
}

export async function readLosses(db: Queries): Promise<LossFacts[]> {
  const { rows } = await db.query<LossFacts>({
    text: `select reason, coalesce(sum(count), 0)::float8 as count, max(at) as "lastAt",
                  (count(*) filter (where count is null))::int4 as "uncountedEntries",
                  (count(distinct webhook_id) filter (where count is null))::int4 as "uncountedWebhooks"
           from rowhook.loss where at > now() - interval '24 hours' group by reason order by max(at) desc`,
  });
  return rows;
}

/** When the ledger got its last row; null while it is empty. */
export async function readLastLossAt(db: Queries): Promise<Date | null> {
  const { rows } = await db.query<{ at: Date | null }>({ text: 'select max(at) as at from rowhook.loss' });
  return rows[0]?.at ?? null;
}
