/** What `status` reads from schema `rowhook`: its version, the tables, the webhooks that fail, the ledger, the term. */
import { sql } from 'kysely';
import type { Database } from '../open-database.ts';

export interface TableFacts {
  readonly name: string;
  /** As SQL spells it. */
  readonly relation: string;
  readonly companyColumn: string | null;
  readonly replicaIdentity: string;
  readonly enabled: boolean;
  readonly exists: boolean;
  readonly published: boolean;
  readonly hasCompanyColumn: boolean;
  /** False: the application's own UPDATE and DELETE fail while the table is published. */
  readonly hasIdentity: boolean;
  readonly isFull: boolean;
  readonly unpublishedGeneratedColumns: readonly string[];
  readonly webhooks: number;
  readonly activeWebhooks: number;
}

export interface FailingWebhook {
  readonly id: string;
  readonly name: string;
  readonly companyId: string | null;
  readonly errorCount: number;
  readonly lastErrorAt: Date | null;
  readonly lastError: string | null;
}

export interface LossFacts {
  readonly reason: string;
  readonly entries: number;
  /** Of the entries that could be counted. */
  readonly count: number;
  readonly lastAt: Date;
  readonly isRecent: boolean;
}

/** Tables of a partitioned one stand for it: its own identity is never used. */
export async function readTables(db: Database, publication: string): Promise<TableFacts[]> {
  const query = sql<TableFacts>`
    with relation as (
      select t.name as table_name, c.oid, c.relkind
      from rowhook.subscribable_table t
      join pg_namespace n on n.nspname = t.schema_name
      join pg_class c on c.relnamespace = n.oid and c.relname = t.relation_name and c.relkind in ('r', 'p')
    ), leaf as (
      select r.table_name, c.oid, c.relreplident
      from relation r
      cross join lateral (
        select r.oid as relid where r.relkind = 'r'
        union all select p.relid from pg_partition_tree(r.oid) p where r.relkind = 'p' and p.isleaf
      ) as part
      join pg_class c on c.oid = part.relid
    ), identity as (
      select l.table_name, bool_and(l.relreplident = 'f') as is_full,
             bool_and(l.relreplident = 'f' or exists (
               select from pg_index i where i.indrelid = l.oid
               and case l.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
             )) as has_identity
      from leaf l group by l.table_name
    )
    select t.name, format('%I.%I', t.schema_name, t.relation_name) as relation, t.company_column as "companyColumn",
           t.replica_identity as "replicaIdentity", t.enabled, r.oid is not null as "exists",
           exists (select from pg_publication_rel pr join pg_publication p on p.oid = pr.prpubid
                   where p.pubname = ${publication} and pr.prrelid = r.oid) as published,
           t.company_column is null or exists (
             select from pg_attribute a
             where a.attrelid = r.oid and a.attname = t.company_column and a.attnum > 0 and not a.attisdropped
           ) as "hasCompanyColumn",
           coalesce(i.has_identity, true) as "hasIdentity", coalesce(i.is_full, true) as "isFull",
           array(select a.attname::text from pg_attribute a
                 where a.attrelid = r.oid and not a.attisdropped and current_setting('server_version_num')::int >= 180000
                 and (a.attgenerated = 'v' or a.attgenerated = 's' and not exists (
                   select from pg_publication p where p.pubname = ${publication} and to_jsonb(p) ->> 'pubgencols' = 's'))
                 order by a.attnum) as "unpublishedGeneratedColumns",
           (select count(*)::int from rowhook.webhook w where w.table_name = t.name) as webhooks,
           (select count(*)::int from rowhook.webhook w where w.table_name = t.name and w.active) as "activeWebhooks"
    from rowhook.subscribable_table t
    left join relation r on r.table_name = t.name
    left join identity i on i.table_name = t.name
    order by t.name`;
  return (await query.execute(db)).rows;
}

/** Active webhooks whose last outcome was an error, those with the most errors first. */
export async function readFailingWebhooks(db: Database): Promise<FailingWebhook[]> {
  return await db
    .selectFrom('webhook_health')
    .select(['id', 'name', 'company_id as companyId', 'error_count as errorCount'])
    .select(['last_error_at as lastErrorAt', 'last_error as lastError'])
    .where('health', '=', 'failing')
    .orderBy('error_count', 'desc')
    .orderBy('id')
    .execute();
}

export async function readLosses(db: Database): Promise<LossFacts[]> {
  const query = sql<LossFacts>`
    select reason, count(*) as entries, coalesce(sum(count), 0)::bigint as count, max(at) as "lastAt",
           max(at) > now() - interval '24 hours' as "isRecent"
    from rowhook.loss group by reason order by max(at) desc`;
  return (await query.execute(db)).rows;
}

/** The number of the leader that may claim; null where the row is missing. */
export async function readTerm(db: Database): Promise<number | null> {
  const row = await db.selectFrom('fence').select('term').where('writer', '=', 'claim').executeTakeFirst();
  return row?.term ?? null;
}
