-- What enabling a table needs and costs, as findings. `fail` is what rowhook.enable_table refuses: whatever would lose
-- changes, or make the application's own UPDATE or DELETE fail. Each comes with the statement that mends it.

create type rowhook.finding as ("check" text, status text, detail text, remedy text);
comment on type rowhook.finding is 'One line of rowhook.inspect_table: status is ok, warn or fail; remedy is a statement.';
revoke all on type rowhook.finding from public;

create function rowhook.check_relation(target oid, asked jsonb) returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := target::regclass;
  c record;
  problem text;
  remedy text;
begin
  select k.relkind, k.relpersistence, k.relispartition, n.nspname into c
  from pg_class k join pg_namespace n on n.oid = k.relnamespace where k.oid = target;

  if c.relkind in ('v', 'm') then
    problem := format('%s is a %s, and the log holds changes of tables only; enable the tables that it reads', self,
      case c.relkind when 'v' then 'view' else 'materialized view' end);
    with source as (
      select distinct d.refobjid as oid
      from pg_rewrite r
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid and d.refclassid = 'pg_class'::regclass
      join pg_class k on k.oid = d.refobjid and k.relkind = 'r'
      where r.ev_class = target
    )
    -- A name is for one table only, and an index for the table that has it.
    select string_agg(rowhook.enable_statement(s.oid, asked
        - case when (select count(*) from source) > 1 then 'name' else '' end
        - case when asked ->> 'replica_identity' in ('full', 'keep') or rowhook.index_problem(s.oid, asked ->> 'replica_identity') = '' then ''
          else 'replica_identity' end), ' ' order by rowhook.full_name(s.oid)) into remedy
    from source s;
  elsif c.relkind = 'f' then
    problem := format('%s is a foreign table: its changes are in the log of the server that holds it', self);
    select format('-- install rowhook there (foreign server %I)', s.srvname) into remedy
    from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = target;
  elsif c.relpersistence = 't' then
    problem := format('%s is a temporary table: the log does not hold it', self);
    remedy := format('create table public.%I (like %s including all);', split_part(rowhook.full_name(target), '.', 2), self);
  elsif c.relpersistence = 'u' then
    problem := format('%s is unlogged: the log does not hold it (mending this rewrites the table under an exclusive lock)', self);
    remedy := format('alter table %s set logged;', self);
  elsif c.relkind = 'p' or c.relispartition then
    problem := format('%s is %s: partitioned tables are not supported yet', self,
      case when c.relkind = 'p' then 'partitioned' else 'a partition' end);
  elsif c.nspname = 'rowhook' then
    problem := format('%s is one of rowhook''s own tables', self);
  elsif c.nspname ~ '^pg_' or c.nspname = 'information_schema' then
    problem := format('%s is a system table: the log does not hold it', self);
  end if;

  return query select 'relation', case when problem is null then 'ok' else 'fail' end,
    coalesce(problem, format('%s is an ordinary table', self)), remedy;
end
$$;
comment on function rowhook.check_relation(oid, jsonb) is 'Whether it is a table whose changes the log holds.';

create function rowhook.check_rights(target oid) returns setof rowhook.finding
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'owner',
    case when pg_has_role(current_user, c.relowner, 'usage') then 'ok' else 'fail' end,
    case when pg_has_role(current_user, c.relowner, 'usage') then format('%s may alter %s', current_user, c.oid::regclass)
      else format('%s belongs to role "%s", and only its owner may publish it; you are "%s"', c.oid::regclass, o.rolname, current_user) end,
    case
      when pg_has_role(current_user, c.relowner, 'usage') then null
      -- Whoever is granted a role that is, or can become, a superuser is one.
      when exists (select from pg_roles s where s.rolsuper and pg_has_role(o.oid, s.oid, 'member'))
        then format('alter table %s owner to %I; -- run as %I', c.oid::regclass, current_user, o.rolname)
      else format('grant %I to %I;', o.rolname, current_user)
    end
  from pg_class c join pg_roles o on o.oid = c.relowner
  where c.oid = target
  union all
  select 'row-level security', 'warn',
    format('%s has row-level security, which the log does not know: a payload holds the whole row, whoever may read it', c.oid::regclass), null
  from pg_class c where c.oid = target and c.relrowsecurity
  union all
  select 'inheritance', 'warn',
    format('%s has child tables; their rows are not sent unless each of them is enabled', target::regclass), null
  where exists (select from pg_inherits i join pg_class c on c.oid = i.inhparent where i.inhparent = target and c.relkind = 'r')
$$;
comment on function rowhook.check_rights(oid) is 'Whether the caller owns the table; and who will see more of it than before.';

create function rowhook.check_company_column(target oid, asked jsonb) returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := target::regclass;
  company_column constant text := asked ->> 'company_column';
  a record;
  nearest text;
begin
  if company_column is null then
    return query select 'company column', 'ok', 'none: its rows go to webhooks for all companies only', null;
    return;
  end if;

  select t.attname, t.attnotnull, t.attgenerated, format_type(t.atttypid, t.atttypmod) as type_name into a
  from pg_attribute t
  where t.attrelid = target and t.attname = company_column and t.attnum > 0 and not t.attisdropped;
  if not found then
    select t.attname into nearest from pg_attribute t
    where t.attrelid = target and t.attnum > 0 and not t.attisdropped
      and (lower(replace(t.attname, '_', '')) = lower(replace(company_column, '_', '')) or t.attname ~* 'company|tenant')
    order by lower(replace(t.attname, '_', '')) = lower(replace(company_column, '_', '')) desc, t.attnum limit 1;
    return query select 'company column', 'fail', format('%s has no column "%s"', self, company_column)
        || case when nearest is null then '; name the one that says which company a row belongs to, or null if none does' else '' end,
      rowhook.enable_statement(target, asked || jsonb_build_object('company_column', nearest));
  elsif a.attgenerated = 'v' then
    return query select 'company column', 'fail',
      format('column "%s" of %s is a virtual generated column, which is never in the log', company_column, self),
      format('alter table %s drop column %I, add column %I %s generated always as (…) stored;',
        self, company_column, company_column, a.type_name);
  elsif a.attgenerated = 's' and current_setting('server_version_num')::integer < 180000 then
    return query select 'company column', 'fail',
      format('column "%s" of %s is generated, and before Postgres 18 generated columns are not in the log', company_column, self),
      format('alter table %s alter column %I drop expression;', self, company_column);
  elsif not a.attnotnull then
    return query select 'company column', 'warn',
      format('"%s" (%s) may be NULL: such rows belong to no company and go to webhooks for all companies only', company_column, a.type_name),
      format('alter table %s alter column %I set not null;', self, company_column);
  else
    return query select 'company column', 'ok', format('"%s" (%s), never NULL', company_column, a.type_name), null;
  end if;
end
$$;
comment on function rowhook.check_company_column(oid, jsonb) is 'Whether the log will say which company a row belongs to.';

create function rowhook.check_keys(target oid) returns setof rowhook.finding
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'primary key', case when i.indexrelid is null then 'warn' else 'ok' end,
    coalesce('(' || (select string_agg(quote_ident(a.attname), ', ' order by a.attnum) from pg_attribute a
        where a.attrelid = target and a.attnum = any (i.indkey)) || ')',
      format('%s has none: its changes are sent one after the other, as if the table were one record', target::regclass)),
    case when i.indexrelid is null then format('alter table %s add primary key (…);', target::regclass) end
  from (values (target)) as t(oid) left join pg_index i on i.indrelid = t.oid and i.indisprimary
  union all
  select 'generated columns', 'warn',
    format('%s: %s', string_agg(quote_ident(a.attname), ', ' order by a.attnum),
      case when a.attgenerated = 'v' then 'virtual, never in the log and so in no payload'
        else 'generated; before Postgres 18 not in the log and so in no payload' end), null
  from pg_attribute a
  where a.attrelid = target and not a.attisdropped
    and (a.attgenerated = 'v' or (a.attgenerated = 's' and current_setting('server_version_num')::integer < 180000))
  group by a.attgenerated
$$;
comment on function rowhook.check_keys(oid) is 'The record''s key, and columns that no payload will hold.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.check_relation(oid, jsonb),
  rowhook.check_rights(oid),
  rowhook.check_company_column(oid, jsonb),
  rowhook.check_keys(oid)
to rowhook_dba;
