-- What enabling a table needs and costs, as findings. `fail` is what rowhook.enable_table refuses: whatever would lose
-- changes, or make the application's own UPDATE or DELETE fail. Each comes with the statement that mends it.

create type rowhook.finding as ("check" text, status text, detail text, remedy text);
comment on type rowhook.finding is 'One line of rowhook.inspect_table: status is ok, warn or fail; remedy is a statement.';
comment on column rowhook.finding.check is 'What was looked at.';
comment on column rowhook.finding.status is 'ok; warn: read it before you enable the table; fail: enable_table would refuse.';
comment on column rowhook.finding.detail is 'What was found.';
comment on column rowhook.finding.remedy is 'The statement that mends it; null: there is nothing to mend, or no statement does.';
revoke all on type rowhook.finding from public;

create function rowhook.check_relation(target oid, asked jsonb) returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := target::regclass;
  c record;
  root oid;
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
  elsif c.relispartition then
    root := (rowhook.partitioned_above(target))[cardinality(rowhook.partitioned_above(target))];
    problem := format('%s is a partition: its changes are sent as those of %s, the table it is part of', self, root::regclass);
    remedy := rowhook.enable_statement(root, asked - case
      when asked ->> 'replica_identity' in ('full', 'keep') or rowhook.index_problem(root, asked ->> 'replica_identity') = '' then ''
      else 'replica_identity' end);
  elsif c.relkind = 'f' then
    problem := format('%s is a foreign table: its changes are in the log of the server that holds it', self);
    select format('-- install rowhook there (foreign server %I)', s.srvname) into remedy
    from pg_foreign_table f join pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = target;
  elsif c.relpersistence = 't' then
    problem := format('%s is a temporary table: the log does not hold it', self);
    remedy := format('create table public.%I (like %s including all);', split_part(rowhook.full_name(target), '.', 2), self);
  elsif c.relpersistence = 'u' and c.relkind = 'p' then
    problem := format('%s is unlogged: the log does not hold it, and no statement changes that of a partitioned table', self);
    remedy := '-- create it anew without UNLOGGED and attach its partitions to the new one';
  elsif c.relpersistence = 'u' then
    problem := format('%s is unlogged: the log does not hold it (mending this rewrites the table under an exclusive lock)', self);
    remedy := format('alter table %s set logged;', self);
  elsif c.nspname = 'rowhook' then
    problem := format('%s is one of rowhook''s own tables', self);
  elsif c.nspname ~ '^pg_' or c.nspname = 'information_schema' then
    problem := format('%s is a system table: the log does not hold it', self);
  end if;

  return query select 'relation', case when problem is null then 'ok' else 'fail' end,
    coalesce(problem, format('%s is %s table', self, case c.relkind when 'p' then 'a partitioned' else 'an ordinary' end)), remedy;
end
$$;
comment on function rowhook.check_relation(oid, jsonb) is 'Whether it is a table whose changes the log holds.';

create function rowhook.primary_key_offer(target oid) returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  in_the_way text;
  key_columns text;
begin
  -- In Postgres the key of a partitioned table must contain the columns that any level is partitioned by.
  if exists (select from pg_partitioned_table p where p.partrelid in (select unnest(rowhook.members(target))) and 0 = any (p.partattrs::smallint[])) then
    return null;
  end if;
  select format('drop constraint %I, ', x.conname) into in_the_way from pg_constraint x where x.conrelid = target and x.contype = 'p';

  with unique_index as (
    select i.indexrelid, i.indkey::smallint[] as attnums from pg_index i
    where i.indrelid = target and i.indisunique and i.indpred is null and i.indexprs is null
    order by i.indisprimary desc, i.indnkeyatts, i.indexrelid limit 1
  ), partition_key as (
    select distinct a.attname from pg_partitioned_table p
    join pg_attribute a on a.attrelid = p.partrelid and a.attnum = any (p.partattrs::smallint[])
    where p.partrelid in (select unnest(rowhook.members(target)))
  ), identifying as (
    select a.attnum from pg_attribute a
    where a.attrelid = target and not a.attisdropped and (lower(a.attname) in ('id', 'uuid') or a.attidentity <> '')
    order by a.attidentity = '', a.attnum limit 1
  )
  select string_agg(quote_ident(a.attname), ', ' order by a.attname in (select attname from partition_key), a.attnum) into key_columns
  from pg_attribute a
  where a.attrelid = target and a.attnum > 0 and not a.attisdropped
    and case when exists (select from unique_index) then a.attnum = any ((select attnums from unique_index)::smallint[])
      else exists (select from identifying) and (a.attnum in (select attnum from identifying) or a.attname in (select attname from partition_key)) end;
  return format('alter table %s %sadd primary key (%s);', target::regclass, in_the_way, coalesce(key_columns, '…'));
end
$$;
comment on function rowhook.primary_key_offer(oid) is 'The statement that gives a partitioned table a primary key, from a unique index or its identifying column; null: Postgres allows none.';

create function rowhook.check_partitions(target oid, asked jsonb) returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  self constant text := target::regclass;
  part record;
  offer text;
begin
  if (select c.relkind from pg_class c where c.oid = target) <> 'p' then
    return;
  end if;
  for part in
    select c.oid::regclass as name, c.oid, c.relkind, c.relpersistence, r.name as registered, i.inhparent::regclass as parent
    from pg_class c join pg_inherits i on i.inhrelid = c.oid cross join rowhook.registration_of(c.oid) r
    where c.oid in (select unnest(rowhook.members(target))) and c.oid <> target
      and (c.relkind = 'f' or c.relpersistence <> 'p' or r.enabled)
    order by c.oid::regclass::text
  loop
    if part.relkind = 'f' then
      return query select 'partitions', 'fail', format('%s, a partition of %s, is a foreign table: its changes are in the log of the server that holds it', part.name, self),
        format('alter table %s detach partition %s;', part.parent, part.name);
    elsif part.relpersistence <> 'p' then
      return query select 'partitions', 'fail', format('%s, a partition of %s, is unlogged: the log does not hold it (mending this rewrites it under an exclusive lock)', part.name, self),
        format('alter table %s set logged;', part.name);
    else
      return query select 'partitions', 'fail', format('%s, a partition of %s, is enabled by itself as "%s": its changes would be sent as those of %s only', part.name, self, part.registered, self),
        format('select rowhook.disable_table(%L); ', rowhook.full_name(part.oid)) || rowhook.enable_statement(target, asked);
    end if;
  end loop;

  if not exists (select from pg_index i where i.indrelid = target and i.indisprimary and i.indimmediate) then
    offer := rowhook.primary_key_offer(target);
    return query select 'partitions', 'fail',
      format('%s has no primary key%s: in a partition that is created later every UPDATE and DELETE of the application would fail', self,
        case when exists (select from pg_index i where i.indrelid = target and i.indisprimary) then ' but a deferrable one'
          when offer is null then ', and Postgres allows none, because it is partitioned by an expression' else '' end),
      coalesce(offer, '-- partition it by columns, then give it a primary key');
  end if;
  return query select 'partitions', 'ok', format('%s, sent as rows of %s', case count(*) when 1 then '1 partition' else count(*) || ' partitions' end, self), null
    from pg_class c where c.oid in (select unnest(rowhook.members(target))) and c.relkind <> 'p';
end
$$;
comment on function rowhook.check_partitions(oid, jsonb) is 'Whether the log holds every partition, and whether those created later will have an identity.';

create function rowhook.ownership_statement(target oid) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    -- Whoever is granted a role that is, or can become, a superuser is one.
    when exists (select from pg_roles s where s.rolsuper and pg_has_role(o.oid, s.oid, 'member'))
      then format('alter table %s owner to %I; -- run as %I', c.oid::regclass, current_user, o.rolname)
    else format('grant %I to %I;', o.rolname, current_user)
  end
  from pg_class c join pg_roles o on o.oid = c.relowner where c.oid = target
$$;
comment on function rowhook.ownership_statement(oid) is 'The statement that lets the caller alter a table.';

create function rowhook.check_rights(target oid) returns setof rowhook.finding
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'owner',
    case when pg_has_role(current_user, c.relowner, 'usage') then 'ok' else 'fail' end,
    case when pg_has_role(current_user, c.relowner, 'usage') then format('%s may alter %s', current_user, c.oid::regclass)
      else format('%s belongs to role "%s", and only its owner may publish it; you are "%s"', c.oid::regclass, o.rolname, current_user) end,
    case when not pg_has_role(current_user, c.relowner, 'usage') then rowhook.ownership_statement(c.oid) end
  from pg_class c join pg_roles o on o.oid = c.relowner
  where c.oid = target
  union all
  select 'owner', 'fail',
    format('the partition %s belongs to role "%s", and only its owner may change its replica identity; you are "%s"', c.oid::regclass, o.rolname, current_user),
    rowhook.ownership_statement(c.oid)
  from pg_class c join pg_roles o on o.oid = c.relowner
  where c.oid in (select unnest(rowhook.members(target))) and c.oid <> target and not pg_has_role(current_user, c.relowner, 'usage')
  union all
  select 'row-level security', 'warn',
    format('%s has row-level security, which the log does not know: a payload holds the whole row, whoever may read it', c.oid::regclass), null
  from pg_class c where c.oid = target and c.relrowsecurity
  union all
  select 'inheritance', 'warn',
    format('%s has child tables; their rows are not sent unless each of them is enabled', target::regclass), null
  where exists (select from pg_inherits i join pg_class c on c.oid = i.inhparent where i.inhparent = target and c.relkind = 'r')
$$;
comment on function rowhook.check_rights(oid) is 'Whether the caller owns the table and its partitions; and who will see more of it than before.';

create function rowhook.has_company_column(target oid, asked jsonb) returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select asked ->> 'company_column' is null or exists (
    select from pg_attribute a where a.attrelid = target and a.attname = asked ->> 'company_column' and a.attnum > 0 and not a.attisdropped)
$$;
comment on function rowhook.has_company_column(oid, jsonb) is 'Whether the table has the company column that was asked for, or was asked to have none. Otherwise nothing else about it can be mended first.';

create function rowhook.company_column_offer(target oid, asked jsonb) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with similar_column as (
    select t.attname as name from pg_attribute t
    where t.attrelid = target and t.attnum > 0 and not t.attisdropped
      and (lower(replace(t.attname, '_', '')) = lower(replace(asked ->> 'company_column', '_', '')) or t.attname ~* '(company|tenant)(_?(id|uuid|key|code|no|ref))?$')
    order by lower(replace(t.attname, '_', '')) = lower(replace(asked ->> 'company_column', '_', '')) desc, t.attnum limit 1
  ), own_key as (
    -- In the table of the companies themselves.
    select a.attname as name from pg_class c
    join pg_index i on i.indrelid = c.oid and i.indisprimary and i.indnkeyatts = 1
    join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
    where c.oid = target and c.relname ~* '^(company|companies|tenants?)$'
  )
  select coalesce(
    (select rowhook.enable_statement(target, asked || jsonb_build_object('company_column', name)) from similar_column
     where not exists (select from own_key)),
    -- The second line is a comment, so that whoever pastes both does not take the table away from every company.
    rowhook.enable_statement(target, asked || jsonb_build_object('company_column', coalesce((select name from own_key), '<column>')))
      || E'\n-- or, if its rows belong to no company, so that only webhooks for all companies get them: '
      || rowhook.enable_statement(target, asked || '{"company_column": null}'))
$$;
comment on function rowhook.company_column_offer(oid, jsonb) is 'The statement that enables the table with a column that could be meant; where none looks like it, also what enabling it without one means.';

create function rowhook.check_company_column(target oid, asked jsonb) returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := target::regclass;
  company_column constant text := asked ->> 'company_column';
  a record;
begin
  if company_column is null then
    return query select 'company column', 'ok', 'none: its rows go to webhooks for all companies only', null;
    return;
  end if;

  select t.attname, t.attnotnull, t.attgenerated, format_type(t.atttypid, t.atttypmod) as type_name,
    'character'::regtype in (t.atttypid, y.typbasetype) as is_padded, pg_get_expr(d.adbin, d.adrelid) as expression
  into a
  from pg_attribute t join pg_type y on y.oid = t.atttypid left join pg_attrdef d on d.adrelid = t.attrelid and d.adnum = t.attnum
  where t.attrelid = target and t.attname = company_column and t.attnum > 0 and not t.attisdropped;
  if not found then
    return query select 'company column', 'fail', format('%s has no column "%s"', self, company_column),
      rowhook.company_column_offer(target, asked);
  elsif a.attgenerated = 'v' then
    return query select 'company column', 'fail',
      format('column "%s" of %s is a virtual generated column, which is never in the log', company_column, self),
      format('alter table %s drop column %I, add column %I %s generated always as (%s) stored;',
        self, company_column, company_column, a.type_name, a.expression);
  elsif a.attgenerated = 's' and current_setting('server_version_num')::integer < 180000 then
    return query select 'company column', 'fail',
      format('column "%s" of %s is generated, and before Postgres 18 generated columns are not in the log', company_column, self),
      format('alter table %s alter column %I drop expression;', self, company_column);
  elsif a.is_padded then
    return query select 'company column', 'warn',
      format('"%s" (%s) is filled up with blanks in the log: only a webhook whose company has the same blanks at its end gets its rows', company_column, a.type_name),
      format('alter table %s alter column %I type text;', self, company_column);
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
  rowhook.primary_key_offer(oid),
  rowhook.check_partitions(oid, jsonb),
  rowhook.ownership_statement(oid),
  rowhook.check_rights(oid),
  rowhook.has_company_column(oid, jsonb),
  rowhook.company_column_offer(oid, jsonb),
  rowhook.check_company_column(oid, jsonb),
  rowhook.check_keys(oid)
to rowhook_dba;
