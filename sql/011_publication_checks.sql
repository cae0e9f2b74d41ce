-- The publication, what else publishes the table, and what watching it will cost.

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
  cross join rowhook.registration_of(c.oid) t
  left join (
    select r.oid, coalesce(to_jsonb(r) ->> 'prattrs', to_jsonb(r) ->> 'prqual') is not null as is_narrowed
    from pg_publication_rel r join pg_publication p on p.oid = r.prpubid
    where p.pubname = 'rowhook' and r.prrelid = target) as m on true
  where c.oid = target
  union all
  select 'other publications', 'warn',
    format('%s publish it too: a change of its replica identity changes what their subscribers receive', string_agg(o.publication, ', ' order by o.publication)), null
  from (
    select distinct p.publication from unnest(rowhook.members_published_otherwise(target)) as m(oid) cross join rowhook.publications_of(m.oid) p
    where p.publication <> 'rowhook'
  ) as o
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
  select sum(greatest(k.reltuples, 0)) as reltuples, sum(k.relpages) as relpages, sum(coalesce(t.relpages, 0)) as toast_pages,
    sum(coalesce(s.n_tup_upd, 0)) as updates, sum(coalesce(s.n_tup_del, 0)) as deletes,
    (select d.stats_reset from pg_stat_database d where d.datname = current_database()) as stats_reset
  into c
  from pg_class k
  left join pg_class t on t.oid = k.reltoastrelid
  left join pg_stat_user_tables s on s.relid = k.oid
  where k.oid in (select unnest(rowhook.members(target))) and k.relkind = 'r';

  -- Without a reset they count from when Postgres made them: the server's start says nothing, since they outlive a clean stop.
  seen := format('%s %s and %s %s seen since %s', coalesce(c.updates, 0), case c.updates when 1 then 'update' else 'updates' end,
    coalesce(c.deletes, 0), case c.deletes when 1 then 'delete' else 'deletes' end,
    coalesce(date_trunc('second', c.stats_reset)::text, 'the statistics began'));
  if coalesce(c.reltuples, 0) <= 0 then
    return query select 'cost of full', 'ok', 'row size unknown: no row was counted yet; ' || seen,
      format('analyze %s;', target::regclass);
    return;
  end if;
  row_bytes := (c.relpages + c.toast_pages) * block / c.reltuples;
  toast_bytes := c.toast_pages * block / c.reltuples;
  return query select 'cost of full', case when row_bytes > 2000 and c.updates + c.deletes > 0 then 'warn' else 'ok' end,
    format('each UPDATE and DELETE writes the old row to the log, about %s; %s: about %s in all',
      pg_size_pretty(row_bytes), seen, pg_size_pretty(row_bytes * (c.updates + c.deletes))), null;

  select string_agg(format('%I (%s, %s)', a.attname, format_type(a.atttypid, a.atttypmod),
    coalesce('about ' || pg_size_pretty(s.avg_width::bigint), 'width unknown')), ', ' order by s.avg_width desc nulls last) into large
  from pg_attribute a
  join pg_class k on k.oid = a.attrelid
  join pg_namespace n on n.oid = k.relnamespace
  left join pg_stats s on s.schemaname = n.nspname and s.tablename = k.relname and s.attname = a.attname and s.inherited = (k.relkind = 'p')
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
  rowhook.publication_remedy(),
  rowhook.check_publication(oid, jsonb),
  rowhook.check_cost(oid)
to rowhook_dba;
