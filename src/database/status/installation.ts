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
  /** What `inspect` says against the identity in use; null where nothing does, or where we may not ask. */
  readonly identityRemedy: string | null;
  readonly webhooks: number;
  readonly activeWebhooks: number;
}

export interface FailingWebhook {
  readonly id: string;
  readonly name: string;
  readonly companyId: string | null;
  readonly errorCount: number;
  readonly lastSuccessAt: Date | null;
  readonly lastErrorAt: Date | null;
  readonly lastError: string | null;
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

/** Where the service stands; null before its very first start. */
export interface StartFacts {
  /** The slot that was read. */
  readonly slot: string;
}

export async function readTables(db: Database, publication: string): Promise<TableFacts[]> {
  const tables = await readTableFacts(db, publication);
  const inTrouble = tables.filter((table) => table.isFull && table.unpublishedGeneratedColumns.length > 0);
  const remedies = await readIdentityRemedies(
    db,
    inTrouble.map((table) => table.name),
  );
  return tables.map((table) => ({ ...table, identityRemedy: remedies.get(table.name) ?? null }));
}

/** What `inspect` says is for members of rowhook_dba. */
async function readIdentityRemedies(
  db: Database,
  names: readonly string[],
): Promise<Map<string, string | null>> {
  if (names.length === 0) return new Map();
  const rights = await sql<{ may: boolean | null }>`
    select bool_and(has_function_privilege(oid, 'execute')) as may from pg_proc
    where pronamespace = to_regnamespace('rowhook') and proname = 'inspect_table'`.execute(db);
  if (rights.rows[0]?.may !== true) return new Map();
  const { rows } = await sql<{ name: string; remedy: string | null }>`
    select t.name, i.remedy
    from rowhook.subscribable_table t
    cross join lateral rowhook.inspect_table(t.schema_name || '.' || t.relation_name) i
    where t.enabled and t.name = any (${names}) and i."check" = 'replica identity'`.execute(db);
  return new Map(rows.map(({ name, remedy }) => [name, remedy]));
}

async function readTableFacts(
  db: Database,
  publication: string,
): Promise<Omit<TableFacts, 'identityRemedy'>[]> {
  const query = sql<Omit<TableFacts, 'identityRemedy'>>`
    select t.name, format('%I.%I', t.schema_name, t.relation_name) as relation, t.company_column as "companyColumn",
           t.replica_identity as "replicaIdentity", t.enabled, r.oid is not null as "exists",
           exists (select from pg_publication_rel pr join pg_publication p on p.oid = pr.prpubid
                   where p.pubname = ${publication} and pr.prrelid = r.oid) as published,
           t.company_column is null or exists (
             select from pg_attribute a
             where a.attrelid = r.oid and a.attname = t.company_column and a.attnum > 0 and not a.attisdropped
           ) as "hasCompanyColumn",
           r.relreplident = 'f' or exists (
             select from pg_index i where i.indrelid = r.oid
             and case r.relreplident when 'd' then i.indisprimary when 'i' then i.indisreplident else false end
           ) as "hasIdentity",
           coalesce(r.relreplident = 'f', false) as "isFull",
           array(select a.attname::text from pg_attribute a
                 where a.attrelid = r.oid and not a.attisdropped and current_setting('server_version_num')::int >= 180000
                 and (a.attgenerated = 'v' or a.attgenerated = 's' and not exists (
                   select from pg_publication p where p.pubname = ${publication} and to_jsonb(p) ->> 'pubgencols' = 's'))
                 order by a.attnum) as "unpublishedGeneratedColumns",
           (select count(*)::int from rowhook.webhook w where w.table_name = t.name) as webhooks,
           (select count(*)::int from rowhook.webhook w where w.table_name = t.name and w.active) as "activeWebhooks"
    from rowhook.subscribable_table t
    left join (
      select c.oid, c.relreplident, n.nspname, c.relname
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'
    ) r on r.nspname = t.schema_name and r.relname = t.relation_name
    order by t.name`;
  return (await query.execute(db)).rows;
}

/** Active webhooks whose last outcome was an error, those with the most errors first. */
export async function readFailingWebhooks(db: Database): Promise<FailingWebhook[]> {
  return await db
    .selectFrom('webhook_health')
    .select(['id', 'name', 'company_id as companyId', 'error_count as errorCount'])
    .select(['last_success_at as lastSuccessAt', 'last_error_at as lastErrorAt', 'last_error as lastError'])
    .where('health', '=', 'failing')
    .orderBy('error_count', 'desc')
    .orderBy('id')
    .execute();
}

export async function readLosses(db: Database): Promise<LossFacts[]> {
  const query = sql<LossFacts>`
    select reason, coalesce(sum(count), 0)::bigint as count, max(at) as "lastAt",
           count(*) filter (where count is null) as "uncountedEntries",
           count(distinct webhook_id) filter (where count is null) as "uncountedWebhooks"
    from rowhook.loss where at > now() - interval '24 hours' group by reason order by max(at) desc`;
  return (await query.execute(db)).rows;
}

/** When the ledger got its last row; null while it is empty. */
export async function readLastLossAt(db: Database): Promise<Date | null> {
  const { rows } = await sql<{ at: Date | null }>`select max(at) as at from rowhook.loss`.execute(db);
  return rows[0]?.at ?? null;
}

export async function readStart(db: Database): Promise<StartFacts | null> {
  return (await sql<StartFacts>`select slot from rowhook.state`.execute(db)).rows[0] ?? null;
}

/** The number of the leader that may claim; null where the row is missing. */
export async function readTerm(db: Database): Promise<number | null> {
  const row = await db.selectFrom('fence').select('term').where('writer', '=', 'claim').executeTakeFirst();
  return row?.term ?? null;
}
