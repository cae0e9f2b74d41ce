/** The ledger of what was never delivered, newest first. */
import { sql, type Selectable } from 'kysely';
import type { RowhookSchema } from './kysely-schema.ts';
import type { Database } from './open-database.ts';

export type ListedLoss = Selectable<RowhookSchema['loss']>;

export interface LossFilter {
  readonly id?: number | undefined;
  readonly webhook?: string | undefined;
  readonly company?: string | undefined;
  readonly table?: string | undefined;
  readonly reason?: string | undefined;
  readonly since?: Date | undefined;
  /** Only those before this one of the list; null: from the newest. */
  readonly before: number | null;
  readonly limit: number;
}

/** Of the last hour, by reason; `count` null: one of them is unknown. */
export async function countRecentLosses(db: Database): Promise<{ reason: string; count: number | null }[]> {
  const query = sql<{ reason: string; count: number | null }>`
    select l.reason, case when bool_and(l.count is not null) then sum(l.count)::int8 end as count
    from rowhook.loss l where l.at > now() - interval '1 hour' group by l.reason order by 2 desc nulls first`;
  return (await query.execute(db)).rows;
}

export async function listLosses(db: Database, filter: LossFilter): Promise<ListedLoss[]> {
  const { id, webhook, company, table, reason, since, before, limit } = filter;
  let query = db.selectFrom('loss as l').selectAll('l');
  if (id !== undefined) query = query.where('l.id', '=', id);
  if (webhook !== undefined) query = query.where('l.webhook_id', '=', webhook);
  if (company !== undefined) query = query.where('l.company_id', '=', company);
  if (table !== undefined) query = query.where('l.table_name', '=', table);
  if (reason !== undefined) query = query.where('l.reason', '=', reason);
  if (since !== undefined) query = query.where('l.at', '>=', since);
  if (before !== null) query = query.where('l.id', '<', before);
  return await query.orderBy('l.id', 'desc').limit(limit).execute();
}
