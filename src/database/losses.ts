/** The ledger of what was never delivered, newest first. */
import type { Selectable } from 'kysely';
import type { RowhookSchema } from './kysely-schema.ts';
import type { Database } from './open-database.ts';

export type ListedLoss = Selectable<RowhookSchema['loss']>;

export interface LossFilter {
  readonly webhook?: string | undefined;
  readonly company?: string | undefined;
  readonly table?: string | undefined;
  readonly reason?: string | undefined;
  readonly since?: Date | undefined;
  /** Only those before this one of the list; null: from the newest. */
  readonly before: number | null;
  readonly limit: number;
}

export async function listLosses(db: Database, filter: LossFilter): Promise<ListedLoss[]> {
  const { webhook, company, table, reason, since, before, limit } = filter;
  let query = db.selectFrom('loss as l').selectAll('l');
  if (webhook !== undefined) query = query.where('l.webhook_id', '=', webhook);
  if (company !== undefined) query = query.where('l.company_id', '=', company);
  if (table !== undefined) query = query.where('l.table_name', '=', table);
  if (reason !== undefined) query = query.where('l.reason', '=', reason);
  if (since !== undefined) query = query.where('l.at', '>=', since);
  if (before !== null) query = query.where('l.id', '<', before);
  return await query.orderBy('l.id', 'desc').limit(limit).execute();
}
