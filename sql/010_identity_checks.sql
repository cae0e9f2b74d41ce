-- The replica identity, of the table and of each of its partitions: the log's old rows hold what it names, and one that is
-- missing or unpublished makes the application's own UPDATE or DELETE fail.

create function rowhook.wanted_identity(root oid, member oid, replica_identity text) returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case replica_identity
      when 'full' then 'full'
      when 'keep' then rowhook.replica_identity_of(member)
      else 'index:' || coalesce((
        with recursive part_index(oid) as (
          select i.indexrelid from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = root and x.relname = replica_identity
          union all
          select h.inhrelid from part_index p join pg_inherits h on h.inhparent = p.oid
        )
        select x.relname from part_index p join pg_index i on i.indexrelid = p.oid join pg_class x on x.oid = p.oid
        where i.indrelid = member), replica_identity)
    end);
end
$$;
comment on function rowhook.wanted_identity(oid, oid, text) is 'What was asked for (full, keep or an index of the table) in the words of rowhook.replica_identity_of, for the table or one of its partitions.';

create function rowhook.members_to_set(target oid, replica_identity text) returns oid[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(m.oid order by m.position), '{}')
  from unnest(rowhook.members(target)) with ordinality as m(oid, position)
  where rowhook.replica_identity_of(m.oid) <> rowhook.wanted_identity(target, m.oid, replica_identity)
$$;
comment on function rowhook.members_to_set(oid, text) is 'The table and its partitions, as far as their replica identity is not what was asked for.';

create function rowhook.free_index_name(target oid) returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  base text := (select c.relname from pg_class c where c.oid = target);
  suffix text := '_rowhook';
begin
  for i in 2..100 loop
    -- A name holds 63 bytes, not characters.
    while octet_length(base || suffix) > 63 loop
      base := left(base, -1);
    end loop;
    exit when not exists (
      select from pg_class c join pg_class t on t.oid = target and t.relnamespace = c.relnamespace where c.relname = base || suffix);
    suffix := '_rowhook' || i;
  end loop;
  return base || suffix;
end
$$;
comment on function rowhook.free_index_name(oid) is 'A name for an index of ours that nothing in the table''s schema has.';

create function rowhook.identity_offer(target oid, asked jsonb) returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := target::regclass;
  company_column constant text := asked ->> 'company_column';
  usable text;
  key_columns text;
  nullable boolean;
begin
  select x.relname into usable
  from pg_index i
  join pg_class x on x.oid = i.indexrelid
  where i.indrelid = target and rowhook.index_problem(target, x.relname) = ''
    and rowhook.unpublished_columns(target, 'index:' || x.relname) = '{}'
    and (company_column is null or exists (
      select from pg_attribute a where a.attrelid = target and a.attname = company_column
        and a.attnum = any (rowhook.identity_columns(target, 'index:' || x.relname))))
  order by i.indisprimary desc, i.indnkeyatts, x.relname limit 1;
  if usable is not null then
    return rowhook.enable_statement(target, asked || jsonb_build_object('replica_identity', usable));
  end if;

  select string_agg(quote_ident(a.attname), ', ' order by a.attname <> company_column, a.attnum), bool_or(not a.attnotnull)
  into key_columns, nullable
  from pg_attribute a left join pg_index i on i.indrelid = target and i.indisprimary
  where a.attrelid = target and a.attnum > 0 and not a.attisdropped
    and (a.attname = company_column or a.attnum = any ((i.indkey::smallint[])[:i.indnkeyatts]));
  if not exists (select from pg_index i where i.indrelid = target and i.indisprimary) then
    return null;
  end if;
  usable := rowhook.free_index_name(target);
  return case when nullable then format('alter table %s alter column %I set not null; ', self, company_column) else '' end
    -- On a partitioned table Postgres builds no index beside the application's writes.
    || format('create unique index %s%I on %s (%s); ',
      case when (select c.relkind from pg_class c where c.oid = target) = 'p' then '' else 'concurrently ' end, usable, self, key_columns)
    || rowhook.enable_statement(target, asked || jsonb_build_object('replica_identity', usable));
end
$$;
comment on function rowhook.identity_offer(oid, jsonb) is 'The statements that give the table an index identity with the company column; null: it has no primary key to build one from.';

create function rowhook.identity_problem(target oid, member oid, asked jsonb, out problem text, out remedy text)
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := member::regclass;
  company_column constant text := asked ->> 'company_column';
  replica_identity constant text := asked ->> 'replica_identity';
  wanted constant text := rowhook.wanted_identity(target, member, replica_identity);
  columns constant smallint[] := rowhook.identity_columns(member, wanted);
  full_identity constant text := rowhook.enable_statement(target, asked - 'replica_identity');
  fails constant text := case when rowhook.is_published(target) and rowhook.replica_identity_of(member) = wanted then 'fails' else 'would fail' end;
  missing record;
begin
  if lower(replica_identity) in ('full', 'keep') and rowhook.index_problem(target, replica_identity) = 'does not exist on this table'
    and replica_identity <> lower(replica_identity) then
    problem := format('index "%s" does not exist on this table, and the word is ''%s''', replica_identity, lower(replica_identity));
    remedy := rowhook.enable_statement(target, asked || jsonb_build_object('replica_identity', lower(replica_identity)));
    return;
  elsif replica_identity not in ('full', 'keep') and rowhook.index_problem(member, substr(wanted, 7)) <> '' then
    problem := format('index "%s" %s%s', substr(wanted, 7), rowhook.index_problem(member, substr(wanted, 7)),
      case when member <> target then format(' (%s, a partition of %s)', self, target::regclass) else '' end);
    select format('alter table %s %s; ', self, string_agg(format('alter column %I set not null', a.attname), ', ' order by a.attnum))
        || rowhook.enable_statement(target, asked) into remedy
    from pg_attribute a
    where rowhook.index_problem(member, substr(wanted, 7)) = 'has a column that may be NULL'
      and a.attrelid = member and a.attnum = any (columns) and not a.attnotnull
    having count(*) > 0;
    remedy := coalesce(remedy, case when member = target then rowhook.identity_offer(target, asked) end, full_identity);
    return;
  elsif columns = '{}' and wanted <> 'full' then
    problem := format('%s has replica identity %s%s: once it is published, every UPDATE and DELETE of the application would fail',
      self, wanted, case wanted when 'default' then ' and no primary key that could serve' else '' end);
    remedy := full_identity;
    return;
  elsif not rowhook.has_company_column(member, asked) then
    problem := format('follows from the company column: without one no replica identity of %s tells which company a DELETE belongs to', self);
    return;
  elsif company_column is not null and not exists (
    select from pg_attribute a where a.attrelid = member and a.attname = company_column and a.attnum = any (columns)) then
    problem := format('the replica identity (%s) of %s does not contain "%s": a DELETE would not tell which company it belongs to',
      wanted, self, company_column);
    remedy := full_identity;
    return;
  end if;

  select * into missing from rowhook.unpublished_identity_column(member, wanted) limit 1;
  if missing.why = 'virtual' then
    problem := format('replica identity %s of %s beside the virtual generated column "%s": every UPDATE of the application %s',
      wanted, self, missing.column_name, fails);
    remedy := nullif(case when fails = 'fails' then rowhook.first_relief(target) else '' end
      || coalesce(rowhook.identity_offer(target, asked), ''), '');
    return;
  end if;
  -- Rather an identity that the other publication carries than a change for its subscribers.
  if company_column <> all (rowhook.unpublished_columns(member, wanted)) then
    remedy := rowhook.identity_offer(target, asked);
  end if;
  if missing.why = 'stored' then
    problem := format('publication "%s" does not carry the generated column "%s": with replica identity %s every UPDATE of the application %s',
      missing.publication, missing.column_name, wanted, fails);
    remedy := coalesce(remedy, format('alter publication %I set (publish_generated_columns = stored);', missing.publication));
  elsif missing.why = 'list' then
    problem := format('publication "%s" has a column list without "%s": with replica identity %s every UPDATE of the application %s',
      missing.publication, missing.column_name, wanted, fails);
    remedy := coalesce(remedy, format('alter publication %I drop table %s;',
      missing.publication, rowhook.listed_relation(missing.publication, member)::regclass));
  end if;
end
$$;
comment on function rowhook.identity_problem(oid, oid, jsonb) is 'Why this identity of the table, or of one of its partitions, would lose the company of a row, or make the application''s UPDATE or DELETE fail; null: it would not.';

create function rowhook.first_relief(target oid) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when exists (select from pg_class c where c.oid = target and c.relkind = 'r')
      and exists (select from pg_index i where i.indrelid = target and i.indisprimary and i.indimmediate)
      then format('alter table only %s replica identity default; ', target::regclass)
    else format('select rowhook.disable_table(%L); ', rowhook.full_name(target))
  end
$$;
comment on function rowhook.first_relief(oid) is 'What lets the application write again at once, before the rest of a remedy is done.';

create function rowhook.check_identity(target oid, asked jsonb) returns setof rowhook.finding
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with member as materialized (
    select m.oid, m.position, rowhook.replica_identity_of(m.oid) as now, rowhook.wanted_identity(target, m.oid, asked ->> 'replica_identity') as wanted
    from unnest(rowhook.members(target)) with ordinality as m(oid, position)
  ), problem as materialized (
    select p.problem, case when rowhook.has_company_column(target, asked) then p.remedy end as remedy from member m cross join rowhook.identity_problem(target, m.oid, asked) p
    where p.problem is not null
      -- With identity full a partition that is published with its table only is as well off as that.
      and (m.wanted <> 'full' or m.oid in (select unnest(rowhook.members_published_otherwise(target))))
    order by m.position limit 1
  ), identity as (
    select string_agg(distinct now, ', ') filter (where now <> wanted) as now, count(*) filter (where now <> wanted) as differing,
      count(*) as members, min(wanted) filter (where position = 1) as wanted
    from member
  )
  select 'replica identity', 'fail', p.problem, p.remedy from problem p
  union all
  select 'replica identity', 'ok', case
      when i.differing = 0 then format('%s, and stays so', i.wanted)
      else format('%s now, %s once enabled (an exclusive lock for a moment%s)', i.now, i.wanted,
        case when i.members > 1 then format(' on the table and its partitions, %s of %s', i.differing, i.members) else '' end)
    end || case when i.wanted = 'full' and current_setting('server_version_num')::integer >= 180000
      then '; a virtual generated column, added later, would make every UPDATE fail' else '' end, null
  from identity i where not exists (select from problem)
  union all
  select 'large values', 'warn',
    'without identity full a large value that did not change is left out of the payload, and old holds key columns only',
    case when rowhook.has_company_column(target, asked) and rowhook.unpublished_columns(target, 'full') = '{}' then rowhook.enable_statement(target, asked - 'replica_identity') end
  from identity i where i.wanted <> 'full'
$$;
comment on function rowhook.check_identity(oid, jsonb) is 'The replica identity now and once enabled, and whether the application can live with it.';

create function rowhook.check_changed_identity(target oid, asked jsonb) returns setof rowhook.finding
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with changed as materialized (
    select m.oid, rowhook.replica_identity_of(m.oid) as now, rowhook.wanted_identity(target, m.oid, asked ->> 'replica_identity') as wanted
    from unnest(rowhook.members_to_set(target, asked ->> 'replica_identity')) as m(oid)
  ), judged as (
    select c.oid, c.now, c.wanted, case
        when rowhook.identity_columns(c.oid, c.now) = '{}' or rowhook.unpublished_columns(c.oid, c.now) <> '{}' then 1
        when asked ->> 'company_column' is not null and not exists (
          select from pg_attribute a where a.attrelid = c.oid and a.attname = asked ->> 'company_column'
            and a.attnum = any (rowhook.identity_columns(c.oid, c.now))) then 2
        else 3
      end as rank
    from changed c join pg_class k on k.oid = c.oid
    -- What is partitioned again holds no rows.
    where k.relkind <> 'p' or c.oid = target
  )
  select 'replica identity', case rank when 1 then 'fail' else 'warn' end,
    format('%s: %s now, and %s was asked for; ', rowhook.some_names(array_agg(oid::regclass::text order by oid::regclass::text)),
        string_agg(distinct now, ', '), string_agg(distinct wanted, ', '))
      || case rank
        when 1 then 'every UPDATE and DELETE of the application fails there'
        when 2 then 'a DELETE there does not tell which company it belongs to, and is not sent'
        else 'old is not what it should be'
      end,
    case when rowhook.has_company_column(target, asked) then rowhook.enable_statement(target, asked) end
  from judged group by rank
  union all
  select 'left behind', 'warn',
    format('%s: no part of %s any more, but with the replica identity that was set for it', rowhook.some_names(array_agg(l.oid::regclass::text)), target::regclass),
    rowhook.enable_statement(target, asked)
  from unnest(rowhook.left_behind((rowhook.registration_of(target)).name, target)) as l(oid)
  having count(*) > 0
$$;
comment on function rowhook.check_changed_identity(oid, jsonb) is 'What became of the identities of an enabled table since: changed by hand, of a partition that came later, or left at one that was detached.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.wanted_identity(oid, oid, text),
  rowhook.members_to_set(oid, text),
  rowhook.free_index_name(oid),
  rowhook.identity_offer(oid, jsonb),
  rowhook.identity_problem(oid, oid, jsonb),
  rowhook.first_relief(oid),
  rowhook.check_identity(oid, jsonb),
  rowhook.check_changed_identity(oid, jsonb)
to rowhook_dba;
