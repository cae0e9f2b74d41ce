-- The replica identity and the publication: the two things that rowhook changes, and the two that can make the
-- application's own UPDATE or DELETE fail.

create function rowhook.wanted_identity(target oid, replica_identity text) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case replica_identity
    when 'full' then 'full'
    when 'keep' then rowhook.replica_identity_of(target)
    else 'index:' || replica_identity
  end
$$;
comment on function rowhook.wanted_identity(oid, text) is 'What was asked for (full, keep or an index) in the words of rowhook.replica_identity_of.';

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
  where a.attrelid = target and a.attnum > 0 and (a.attname = company_column or a.attnum = any (i.indkey));
  if not exists (select from pg_index i where i.indrelid = target and i.indisprimary) then
    return null;
  end if;
  usable := left((select c.relname from pg_class c where c.oid = target), 40) || '_rowhook';
  return case when nullable then format('alter table %s alter column %I set not null; ', self, company_column) else '' end
    || format('create unique index concurrently %I on %s (%s); ', usable, self, key_columns)
    || rowhook.enable_statement(target, asked || jsonb_build_object('replica_identity', usable));
end
$$;
comment on function rowhook.identity_offer(oid, jsonb) is 'The statements that give the table an index identity with the company column; null: it has no primary key to build one from.';

create function rowhook.identity_problem(target oid, asked jsonb, out problem text, out remedy text)
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := target::regclass;
  company_column constant text := asked ->> 'company_column';
  replica_identity constant text := asked ->> 'replica_identity';
  wanted constant text := rowhook.wanted_identity(target, replica_identity);
  columns constant smallint[] := rowhook.identity_columns(target, wanted);
  full_identity constant text := rowhook.enable_statement(target, asked - 'replica_identity');
  missing record;
begin
  if lower(replica_identity) in ('full', 'keep') and rowhook.index_problem(target, replica_identity) = 'does not exist on this table'
    and replica_identity <> lower(replica_identity) then
    problem := format('index "%s" does not exist on this table, and the word is ''%s''', replica_identity, lower(replica_identity));
    remedy := rowhook.enable_statement(target, asked || jsonb_build_object('replica_identity', lower(replica_identity)));
    return;
  elsif replica_identity not in ('full', 'keep') and rowhook.index_problem(target, replica_identity) <> '' then
    problem := format('index "%s" %s', replica_identity, rowhook.index_problem(target, replica_identity));
    remedy := coalesce(rowhook.identity_offer(target, asked), full_identity);
    return;
  elsif columns = '{}' then
    problem := format('%s has replica identity %s%s: once it is published, every UPDATE and DELETE of the application would fail',
      self, wanted, case wanted when 'default' then ' and no primary key that could serve' else '' end);
    remedy := full_identity;
    return;
  elsif company_column is not null and not exists (
    select from pg_attribute a where a.attrelid = target and a.attname = company_column and a.attnum = any (columns)) then
    problem := format('the replica identity (%s) of %s does not contain "%s": a DELETE would not tell which company it belongs to',
      wanted, self, company_column);
    remedy := full_identity;
    return;
  end if;

  select * into missing from rowhook.unpublished_identity_column(target, wanted) limit 1;
  if missing.why = 'virtual' then
    problem := format('replica identity %s beside the virtual generated column "%s": every UPDATE of the application would fail', wanted, missing.column_name);
    remedy := rowhook.identity_offer(target, asked);
  elsif missing.why = 'stored' then
    problem := format('publication "%s" does not carry the generated column "%s": with replica identity %s every UPDATE of the application would fail',
      missing.publication, missing.column_name, wanted);
    remedy := format('alter publication %I set (publish_generated_columns = stored);', missing.publication);
  elsif missing.why = 'list' then
    problem := format('publication "%s" has a column list without "%s": with replica identity %s every UPDATE of the application would fail',
      missing.publication, missing.column_name, wanted);
    remedy := format('alter publication %I drop table %s;', missing.publication, self);
  end if;
end
$$;
comment on function rowhook.identity_problem(oid, jsonb) is 'Why this identity would lose the company of a row, or make the application''s UPDATE or DELETE fail; null: it would not.';

create function rowhook.check_identity(target oid, asked jsonb) returns setof rowhook.finding
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'replica identity', case when p.problem is null then 'ok' else 'fail' end,
    coalesce(p.problem, case when f.now = f.wanted then format('%s, and stays so', f.now)
      else format('%s now, %s once enabled (an exclusive lock for a moment)', f.now, f.wanted) end
      || case when f.wanted = 'full' and current_setting('server_version_num')::integer >= 180000
        then '; a virtual generated column, added later, would make every UPDATE fail' else '' end), p.remedy
  from rowhook.identity_problem(target, asked) as p,
    (select rowhook.replica_identity_of(target), rowhook.wanted_identity(target, asked ->> 'replica_identity')) as f(now, wanted)
  union all
  select 'large values', 'warn',
    'without identity full a large value that did not change is left out of the payload, and old holds key columns only',
    rowhook.enable_statement(target, asked - 'replica_identity')
  where rowhook.wanted_identity(target, asked ->> 'replica_identity') <> 'full'
$$;
comment on function rowhook.check_identity(oid, jsonb) is 'The replica identity now and once enabled, and whether the application can live with it.';

create function rowhook.publication_remedy() returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when p.oid is null then format('create publication rowhook for table rowhook.webhook, rowhook.subscribable_table with (%s); alter publication rowhook owner to rowhook_dba;', o.options)
    when p.puballtables then 'drop publication rowhook; ' || format('create publication rowhook for table rowhook.webhook, rowhook.subscribable_table with (%s);', o.options)
    when not (p.pubinsert and p.pubupdate and p.pubdelete and p.pubtruncate and p.pubviaroot and coalesce(to_jsonb(p) ->> 'pubgencols', 's') = 's')
      then format('alter publication rowhook set (%s);', o.options)
  end
  from (select 'publish = ''insert, update, delete, truncate'', publish_via_partition_root = true'
    || case when current_setting('server_version_num')::integer >= 180000 then ', publish_generated_columns = stored' else '' end) as o(options)
  left join pg_publication p on p.pubname = 'rowhook'
$$;
comment on function rowhook.publication_remedy() is 'The statement that makes the publication what rowhook needs; null: it is.';

create function rowhook.check_publication(target oid, asked jsonb) returns setof rowhook.finding
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select 'publication', case when rowhook.publication_remedy() is null then 'ok' else 'fail' end,
    case when rowhook.publication_remedy() is null then 'rowhook publishes every operation'
      else 'the publication "rowhook" is missing or was changed by hand' end, rowhook.publication_remedy()
  union all
  select 'publication', 'fail', format('the publication "rowhook" belongs to role "%s"; you are "%s"', o.rolname, current_user),
    'alter publication rowhook owner to rowhook_dba;'
  from pg_publication p join pg_roles o on o.oid = p.pubowner
  where p.pubname = 'rowhook' and not pg_has_role(current_user, p.pubowner, 'usage')
  union all
  select 'published', case when m.is_narrowed then 'fail' when m.oid is null and t.enabled then 'warn' else 'ok' end,
    case
      when m.is_narrowed then format('%s is in the publication with a column list or a row filter', target::regclass)
      when m.oid is not null then 'in the publication already'
      when t.enabled then 'registered as enabled, but not in the publication (dropped and created again?)'
      else 'not yet in the publication'
    end,
    case
      when m.is_narrowed then format('alter publication rowhook drop table %s; ', target::regclass)
        || rowhook.enable_statement(target, asked)
      when m.oid is null and t.enabled then rowhook.enable_statement(target, asked)
    end
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  left join rowhook.subscribable_table t on t.schema_name = n.nspname and t.relation_name = c.relname
  left join (
    select r.oid, coalesce(to_jsonb(r) ->> 'prattrs', to_jsonb(r) ->> 'prqual') is not null as is_narrowed
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
    where p.pubname = 'rowhook' and r.prrelid = target) as m on true
  where c.oid = target
  union all
  select 'other publications', 'warn',
    format('%s publish it too: a change of its replica identity changes what their subscribers receive', string_agg(o.publication, ', ' order by o.publication)), null
  from (select distinct publication from rowhook.publications_of(target) where publication <> 'rowhook') as o
  having count(*) > 0
  union all
  select 'wal_level', case current_setting('wal_level') when 'logical' then 'ok' else 'warn' end,
    case current_setting('wal_level') when 'logical' then 'logical' else current_setting('wal_level') || ': nothing can be sent' end,
    case when current_setting('wal_level') <> 'logical' then 'alter system set wal_level = ''logical''; -- then restart Postgres' end
$$;
comment on function rowhook.check_publication(oid, jsonb) is 'Whether the publication is what the service needs, and what else publishes the table.';

create function rowhook.check_cost(target oid) returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  block constant bigint := current_setting('block_size')::bigint;
  c record;
  row_bytes bigint;
  toast_bytes bigint;
  seen text;
  large text;
begin
  select k.reltuples, k.relpages, coalesce(t.relpages, 0) as toast_pages, coalesce(s.n_tup_upd, 0) as updates,
    coalesce(s.n_tup_del, 0) as deletes, d.stats_reset
  into c
  from pg_class k
  left join pg_class t on t.oid = k.reltoastrelid
  left join pg_stat_user_tables s on s.relid = k.oid
  left join pg_stat_database d on d.datname = current_database()
  where k.oid = target;

  seen := format('%s %s and %s %s seen', c.updates, case c.updates when 1 then 'update' else 'updates' end,
    c.deletes, case c.deletes when 1 then 'delete' else 'deletes' end);
  if c.reltuples <= 0 then
    return query select 'cost of full', 'ok', 'row size unknown: no row was counted yet; ' || seen,
      format('analyze %s;', target::regclass);
    return;
  end if;
  row_bytes := (c.relpages + c.toast_pages) * block / c.reltuples;
  toast_bytes := c.toast_pages * block / c.reltuples;
  return query select 'cost of full', case when row_bytes > 2000 and c.updates + c.deletes > 0 then 'warn' else 'ok' end,
    format('each UPDATE and DELETE writes the old row to the log, about %s; %s%s: about %s in all',
      pg_size_pretty(row_bytes), seen, ' since ' || date_trunc('second', c.stats_reset),
      pg_size_pretty(row_bytes * (c.updates + c.deletes))), null;

  select string_agg(format('%I (%s, %s)', a.attname, format_type(a.atttypid, a.atttypmod),
    coalesce('about ' || pg_size_pretty(s.avg_width::bigint), 'width unknown')), ', ' order by s.avg_width desc nulls last) into large
  from pg_attribute a
  join pg_class k on k.oid = a.attrelid
  join pg_namespace n on n.oid = k.relnamespace
  left join pg_stats s on s.schemaname = n.nspname and s.tablename = k.relname and s.attname = a.attname and not s.inherited
  where a.attrelid = target and a.attnum > 0 and not a.attisdropped
    and (s.avg_width > 500 or (a.attstorage in ('x', 'e') and a.attlen = -1 and c.toast_pages > 0));
  if large is not null then
    return query select 'large columns', case when toast_bytes > 1000 and c.updates + c.deletes > 0 then 'warn' else 'ok' end,
      format('%s; values stored out of line take about %s a row, and full identity writes them with every UPDATE, changed or not',
        large, pg_size_pretty(toast_bytes)), null;
  end if;
end
$$;
comment on function rowhook.check_cost(oid) is 'What full identity will add to the log, from the planner''s and the activity statistics.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.wanted_identity(oid, text),
  rowhook.identity_offer(oid, jsonb),
  rowhook.identity_problem(oid, jsonb),
  rowhook.check_identity(oid, jsonb),
  rowhook.publication_remedy(),
  rowhook.check_publication(oid, jsonb),
  rowhook.check_cost(oid)
to rowhook_dba;
