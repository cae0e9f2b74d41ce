/** What of rowhook is in this database and its cluster, and what else holds on to it. Reads only. */
import type { Client } from 'pg';
import { ExitError } from '../exit-error.ts';

export interface RoleInUse {
  readonly name: string;
  /** Objects and databases, outside this installation, in which the role owns or may do something. */
  readonly heldBy: readonly string[];
  readonly members: readonly string[];
}

export interface Slot {
  readonly name: string;
  readonly activePid: number | null;
  /** The caller is a superuser, has REPLICATION, or what RDS and Aurora have instead. */
  readonly mayDrop: boolean;
}

export interface EnabledTable {
  /** As it was registered. */
  readonly relation: string;
  /** The same as the doors take it, whatever is in the name. */
  readonly door: string;
  /** The identities that disabling will set, of the table itself and of partitions. */
  readonly restores: readonly { readonly identity: string; readonly isItself: boolean }[];
}

export interface Installation {
  readonly hasSchema: boolean;
  readonly hasPublication: boolean;
  readonly webhooks: number;
  readonly tables: readonly EnabledTable[];
  readonly slot: Slot | null;
  /** Objects outside the schema that dropping it would take along. */
  readonly dependents: readonly string[];
  readonly roles: readonly RoleInUse[];
}

/** @throws ExitError when the caller is not the role that installed it, which can neither read all of it nor remove it. */
export async function readInstallation(client: Client, slot: string | undefined): Promise<Installation> {
  const { rows } = await client.query<{ hasSchema: boolean; hasPublication: boolean }>(
    `select to_regnamespace('rowhook') is not null as "hasSchema",
       exists (select from pg_publication where pubname = 'rowhook') as "hasPublication"`,
  );
  const { hasSchema, hasPublication } = rows[0] ?? { hasSchema: false, hasPublication: false };
  await refuseOtherRoles(client);
  const tables = hasSchema ? await client.query<Installation['tables'][number]>(tablesQuery) : { rows: [] };
  return {
    hasSchema,
    hasPublication,
    webhooks: hasSchema ? await countWebhooks(client) : 0,
    tables: tables.rows,
    slot: await readSlot(client, slot ?? (hasSchema ? await storedSlot(client) : undefined)),
    dependents: hasSchema ? await readDependents(client) : [],
    roles: await readRoles(client),
  };
}

/** The group roles that exist, with what else uses them: other databases, and grants in this one. */
export async function readRoles(client: Client): Promise<RoleInUse[]> {
  return (await client.query<RoleInUse>(rolesQuery)).rows;
}

async function refuseOtherRoles(client: Client): Promise<void> {
  const { rows } = await client.query<{ owner: string; caller: string }>(
    `select pg_get_userbyid(nspowner) as owner, current_user::text as caller from pg_namespace
     where nspname = 'rowhook' and not pg_has_role(nspowner, 'usage')`,
  );
  const [row] = rows;
  if (!row) return;
  throw new ExitError(`run it as ${row.owner}, the role that installed it; ${row.caller} may not remove it`, {
    exitCode: 1,
  });
}

async function countWebhooks(client: Client): Promise<number> {
  const { rows } = await client.query<{ count: number }>(
    'select count(*)::integer as count from rowhook.webhook',
  );
  return rows[0]?.count ?? 0;
}

async function storedSlot(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ slot: string | null }>(
    `select coalesce((select slot from rowhook.state),
       (select value ->> 'slot' from rowhook.setting where name = 'slot_creation')) as slot`,
  );
  return rows[0]?.slot ?? undefined;
}

/** Only a pgoutput slot of this very database is ours: a copy of the database still names the original's. */
async function readSlot(client: Client, name: string | undefined): Promise<Installation['slot']> {
  if (name === undefined) return null;
  const { rows } = await client.query<Slot>(
    `select slot_name as name, active_pid as "activePid",
       exists (select from pg_roles r where r.rolname = current_user and (r.rolsuper or r.rolreplication))
         or exists (select from pg_roles p where p.rolname = 'rds_replication' and pg_has_role(p.oid, 'member')) as "mayDrop"
     from pg_replication_slots
     where slot_name = $1 and database = current_database() and plugin = 'pgoutput'`,
    [name],
  );
  return rows[0] ?? null;
}

async function readDependents(client: Client): Promise<string[]> {
  return (await client.query<{ name: string }>(dependentsQuery)).rows.map((row) => row.name);
}

const tablesQuery = `
  select t.schema_name || '.' || t.relation_name as relation,
    coalesce(rowhook.full_name(rowhook.registered_relation(t.name)), format('%I.%I', t.schema_name, t.relation_name)) as door,
    coalesce((
      select jsonb_agg(jsonb_build_object('identity', e.previous_identity, 'isItself', not e.is_partition) order by e.is_partition, e.previous_identity)
      from rowhook.enabled_relation e
      where e.table_name = t.name and rowhook.still_has_identity(e.relation, e.set_identity)), '[]') as restores
  from rowhook.subscribable_table t
  where t.enabled
  order by 1`;

const dependentsQuery = `
  with ours as (
    select 'pg_class'::regclass as classid, oid from pg_class where relnamespace = 'rowhook'::regnamespace
    union all select 'pg_proc'::regclass, oid from pg_proc where pronamespace = 'rowhook'::regnamespace
    union all select 'pg_type'::regclass, oid from pg_type where typnamespace = 'rowhook'::regnamespace
  )
  select distinct case when d.classid = 'pg_rewrite'::regclass then
      (select pg_describe_object('pg_class'::regclass, r.ev_class, 0) from pg_rewrite r where r.oid = d.objid)
    else pg_describe_object(d.classid, d.objid, d.objsubid) end as name
  from pg_depend d
  join ours on ours.classid = d.refclassid and ours.oid = d.refobjid
  where d.deptype <> 'i' and 'rowhook'::regnamespace <> coalesce(
    case d.classid
      when 'pg_class'::regclass then (select relnamespace from pg_class where oid = d.objid)
      when 'pg_proc'::regclass then (select pronamespace from pg_proc where oid = d.objid)
      when 'pg_type'::regclass then (select typnamespace from pg_type where oid = d.objid)
      when 'pg_constraint'::regclass then (select connamespace from pg_constraint where oid = d.objid)
      when 'pg_rewrite'::regclass then (select c.relnamespace from pg_rewrite r join pg_class c on c.oid = r.ev_class where r.oid = d.objid)
      when 'pg_attrdef'::regclass then (select c.relnamespace from pg_attrdef a join pg_class c on c.oid = a.adrelid where a.oid = d.objid)
      when 'pg_trigger'::regclass then (select c.relnamespace from pg_trigger t join pg_class c on c.oid = t.tgrelid where t.oid = d.objid)
      when 'pg_policy'::regclass then (select c.relnamespace from pg_policy p join pg_class c on c.oid = p.polrelid where p.oid = d.objid)
      when 'pg_publication_rel'::regclass then
        (select 'rowhook'::regnamespace::oid from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
         where r.oid = d.objid and p.pubname = 'rowhook')
      else 0
    end, 0)
  order by 1`;

const rolesQuery = `
  select r.rolname as name,
    array(select m.rolname::text from pg_auth_members a join pg_roles m on m.oid = a.member
      where a.roleid = r.oid and m.oid <> current_user::regrole order by 1) as members,
    array(
      select distinct case
        when d.dbid = 0 then pg_describe_object(d.classid, d.objid, d.objsubid)
        when b.datname <> current_database() then 'database ' || b.datname
        else pg_describe_object(d.classid, d.objid, d.objsubid)
      end
      from pg_shdepend d
      left join pg_database b on b.oid = d.dbid
      left join lateral pg_identify_object(d.classid, d.objid, 0) o on d.dbid = 0 or b.datname = current_database()
      where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
        and not (d.dbid = 0 and o.type = 'database' and o.identity = quote_ident(current_database()))
        and not (b.datname is not distinct from current_database() and (
          coalesce(o.schema, '') = 'rowhook' or (o.type in ('schema', 'publication') and o.identity = 'rowhook')
          or (o.type = 'policy' and o.identity ~ ' on rowhook[.]')))
      order by 1) as "heldBy"
  from pg_roles r
  where r.rolname in ('rowhook_service', 'rowhook_dba', 'rowhook_app')
  order by r.rolname`;
