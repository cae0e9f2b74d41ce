/** What the checks ask about the registered tables, as they are now, and the types of their columns. Reads catalogs only. */
import type { Queries } from '../queries.ts';

/** What an old row of a relation carries in the log. */
export interface IdentityFacts {
  /** full, default, nothing, or index:<name>. */
  readonly identity: string;
  /** False: the application's own UPDATE and DELETE fail while it is published. */
  readonly hasIdentity: boolean;
  readonly carriesCompany: boolean;
}

export interface PartitionFacts extends IdentityFacts {
  /** As SQL spells it. */
  readonly relation: string;
  /** False: it is unlogged, or a foreign table. */
  readonly isInLog: boolean;
}

export interface TableFacts extends IdentityFacts {
  readonly name: string;
  /** As SQL spells it. */
  readonly relation: string;
  readonly companyColumn: string | null;
  /** As it was asked for: full, keep or an index. */
  readonly replicaIdentity: string;
  readonly enabled: boolean;
  /** pg_class.relkind; null when it is gone. */
  readonly kind: string | null;
  /** As SQL spells it; null while it has its name, and when it was dropped. */
  readonly renamedTo: string | null;
  readonly isUnlogged: boolean;
  /** True also where there is no publication: that is a finding of its own. */
  readonly published: boolean;
  /** It is published with a column list or a row filter. */
  readonly isNarrowed: boolean;
  readonly hasCompanyColumn: boolean;
  /** Columns that full identity cannot have: virtual ones, and stored ones that the publication leaves out. */
  readonly unpublishedGeneratedColumns: readonly string[];
  /** A column that its identity or a partition's has and a publication leaves out, with both in words. */
  readonly leftOut: string | null;
  /** Of a partitioned table, at whatever depth: those that hold rows. */
  readonly partitions: readonly PartitionFacts[];
  /** What `inspect` says against the identity in use; null where nothing does, or where we may not ask. */
  readonly identityRemedy: string | null;
  readonly webhooks: number;
  readonly activeWebhooks: number;
}

export async function readTables(db: Queries, publication: string): Promise<TableFacts[]> {
  const { rows: tables } = await db.query<Omit<TableFacts, 'identityRemedy'>>({
    text: tablesQuery,
    values: [publication],
  });
  const inTrouble = tables.filter(
    (table) =>
      table.leftOut !== null || (table.identity === 'full' && table.unpublishedGeneratedColumns.length > 0),
  );
  const remedies = await readIdentityRemedies(
    db,
    inTrouble.map((table) => table.name),
  );
  return tables.map((table) => ({ ...table, identityRemedy: remedies.get(table.name) ?? null }));
}

/** What `inspect` says is for members of rowhook_dba. */
async function readIdentityRemedies(
  db: Queries,
  names: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (names.length === 0) return new Map();
  const rights = await db.query<{ may: boolean | null }>({
    text: `select bool_and(has_function_privilege(oid, 'execute')) as may from pg_catalog.pg_proc
           where pronamespace = to_regnamespace('rowhook') and proname = 'inspect_table'`,
  });
  if (rights.rows[0]?.may !== true) return new Map();
  const { rows } = await db.query<{ name: string; remedy: string | null }>({
    text: `select t.name, i.remedy
           from rowhook.subscribable_table t
           cross join lateral rowhook.inspect_table(t.schema_name || '.' || t.relation_name) i
           where t.enabled and t.name = any ($1) and i."check" = 'replica identity'`,
    values: [names],
  });
  return new Map(rows.map(({ name, remedy }) => [name, remedy]));
}

const identityOf = (relation: string, companyColumn: string): string => `
  select case ${relation}.relreplident when 'f' then 'full' when 'd' then 'default'
              when 'i' then coalesce('index:' || (select x.relname from pg_catalog.pg_class x where x.oid = key.indexrelid), 'nothing')
              else 'nothing' end as identity,
         ${relation}.relreplident = 'f' or key.indexrelid is not null as has_identity,
         ${companyColumn} is null or ${relation}.relreplident = 'f' or exists (
           select from pg_catalog.pg_attribute a
           where a.attrelid = ${relation}.oid and a.attname = ${companyColumn} and a.attnum = any (key.columns)) as carries_company
  from (select) one
  left join (
    select i.indexrelid, (i.indkey::int2[])[0:i.indnkeyatts - 1] as columns from pg_catalog.pg_index i
    where i.indrelid = ${relation}.oid and i.indisvalid
      and case ${relation}.relreplident when 'd' then i.indisprimary and i.indimmediate when 'i' then i.indisreplident else false end
  ) key on true`;

const tablesQuery = `
  select t.name, format('%I.%I', t.schema_name, t.relation_name) as relation, t.company_column as "companyColumn",
         t.replica_identity as "replicaIdentity", t.enabled, r.relkind as kind,
         case when r.oid is null then (
           select format('%I.%I', cn.nspname, c.relname) from rowhook.enabled_relation e
           join pg_catalog.pg_class c on c.oid = e.relation join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
           where e.table_name = t.name and not e.is_partition limit 1) end as "renamedTo",
         coalesce(r.relpersistence <> 'p', false) as "isUnlogged", p.oid is null or m.oid is not null as published,
         coalesce(to_jsonb(m) ->> 'prattrs', to_jsonb(m) ->> 'prqual') is not null as "isNarrowed",
         t.company_column is null or exists (
           select from pg_catalog.pg_attribute a
           where a.attrelid = r.oid and a.attname = t.company_column and a.attnum > 0 and not a.attisdropped
         ) as "hasCompanyColumn",
         coalesce(own.identity, 'nothing') as identity, coalesce(own.has_identity, false) as "hasIdentity",
         coalesce(own.carries_company, false) as "carriesCompany",
         array(select a.attname::text from pg_catalog.pg_attribute a
               where a.attrelid = r.oid and not a.attisdropped and current_setting('server_version_num')::int >= 180000 and p.oid is not null
               and (a.attgenerated = 'v' or a.attgenerated = 's' and to_jsonb(p) ->> 'pubgencols' is distinct from 's')
               order by a.attnum) as "unpublishedGeneratedColumns",
         case when t.enabled then (
           select format('"%s"%s, and publication "%s" leaves it out', u.column_name,
                    case when member.oid <> r.oid then ' of ' || member.oid::regclass end, u.publication)
           from (
             select m.oid from unnest(rowhook.members(r.oid)) m(oid) join pg_catalog.pg_class c on c.oid = m.oid
             where c.relreplident <> r.relreplident
               and exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attgenerated <> '')
             union
             select unnest(rowhook.members_published_otherwise(r.oid))
           ) member
           join pg_catalog.pg_class l on l.oid = member.oid
           cross join lateral rowhook.unpublished_identity_column(l.oid, rowhook.replica_identity_of(l.oid)) u
           where u.publication <> $1 or l.oid <> r.oid limit 1) end as "leftOut",
         case when r.relkind = 'p' then (
           select coalesce(json_agg(json_build_object('relation', format('%I.%I', ln.nspname, l.relname),
                    'isInLog', l.relkind = 'r' and l.relpersistence = 'p',
                    'identity', leaf.identity, 'hasIdentity', leaf.has_identity, 'carriesCompany', leaf.carries_company)
                    order by ln.nspname, l.relname), '[]')
           from unnest(rowhook.members(r.oid)) member(oid)
           join pg_catalog.pg_class l on l.oid = member.oid and l.relkind in ('r', 'f')
           join pg_catalog.pg_namespace ln on ln.oid = l.relnamespace
           cross join lateral (${identityOf('l', 't.company_column')}) leaf) else '[]' end as partitions,
         coalesce(w.webhooks, 0) as webhooks, coalesce(w.active, 0) as "activeWebhooks"
  from rowhook.subscribable_table t
  left join (
    select table_name, count(*)::int4 as webhooks, (count(*) filter (where active))::int4 as active
    from rowhook.webhook group by table_name
  ) w on w.table_name = t.name
  left join pg_catalog.pg_namespace n on n.nspname = t.schema_name
  left join pg_catalog.pg_class r
    on r.relnamespace = n.oid and r.relname = t.relation_name and r.relkind in ('r', 'p', 'v', 'm', 'f')
  left join pg_catalog.pg_publication p on p.pubname = $1
  left join pg_catalog.pg_publication_rel m on m.prpubid = p.oid and m.prrelid = r.oid
  left join lateral (${identityOf('r', 't.company_column')}) own on r.oid is not null
  order by t.name`;

/** Types of the enabled tables' columns that are not built in. */
export async function readColumnTypes(db: Queries): Promise<{ table: string; typeOids: number[] }[]> {
  const { rows } = await db.query<{ table: string; typeOids: number[] }>({
    text: `select t.name as "table", array_agg(distinct a.atttypid::int8::float8) as "typeOids"
           from rowhook.subscribable_table t
           join pg_catalog.pg_namespace n on n.nspname = t.schema_name
           join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = t.relation_name
           join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           where t.enabled and a.atttypid >= 16384 group by t.name order by t.name`,
  });
  return rows;
}

/** What rowhook_service lacks to call the casts of these types to json: the statements that give it. */
export async function readCastRights(
  db: Queries,
  typeOids: readonly number[],
): Promise<ReadonlyMap<number, readonly string[]>> {
  const { rows } = await db.query<{ oid: number; statements: string[] }>({
    text: `
      select t.oid::int8::float8 as oid, array(
        select distinct format('grant usage on schema %I to rowhook_service;', n.nspname) from pg_catalog.pg_namespace n
        where n.oid in (t.typnamespace, p.pronamespace)
          and not has_schema_privilege(to_regrole('rowhook_service')::oid, n.oid, 'usage')
        union all
        select format('grant execute on function %s to rowhook_service;', p.oid::regprocedure)
        where not has_function_privilege(to_regrole('rowhook_service')::oid, p.oid, 'execute')) as statements
      from pg_catalog.pg_type t
      join pg_catalog.pg_cast c
        on c.castsource = t.oid and c.casttarget = 'pg_catalog.json'::pg_catalog.regtype and c.castmethod = 'f'
      join pg_catalog.pg_proc p on p.oid = c.castfunc
      where t.oid = any ($1::oid[])`,
    values: [typeOids],
  });
  return new Map(rows.map(({ oid, statements }) => [oid, statements]));
}
