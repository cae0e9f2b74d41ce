-- What the DBA's doors need to know about a table. Only catalogs are read, so nothing here waits for a lock on the table.

create function rowhook.members(target oid) returns oid[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    -- Not pg_partition_tree, which locks what it lists.
    with recursive member(oid, depth) as (
      select target, 0
      union all
      select i.inhrelid, m.depth + 1
      from member m join pg_class c on c.oid = m.oid and c.relkind = 'p' join pg_inherits i on i.inhparent = m.oid
    )
    select array_agg(oid order by depth, oid) from member);
end
$$;
comment on function rowhook.members(oid) is 'The table, and of a partitioned one every partition, those that are partitioned again among them.';

create function rowhook.partitioned_above(target oid) returns oid[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    with recursive above(oid, height) as (
      select i.inhparent, 1 from pg_class c join pg_inherits i on i.inhrelid = c.oid where c.oid = target and c.relispartition
      union all
      select i.inhparent, a.height + 1 from above a join pg_class c on c.oid = a.oid and c.relispartition join pg_inherits i on i.inhrelid = c.oid
    )
    select coalesce(array_agg(oid order by height), '{}') from above);
end
$$;
comment on function rowhook.partitioned_above(oid) is 'The partitioned tables that a partition is part of, the topmost one last; of what is no partition none.';

create function rowhook.is_published(target oid) returns boolean
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select exists (
      select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = 'rowhook' and r.prrelid = target));
end
$$;
comment on function rowhook.is_published(oid) is 'Whether the table itself is in the publication rowhook.';

create function rowhook.registration_of(target oid) returns rowhook.subscribable_table
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select t
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  join rowhook.subscribable_table t on true
  left join rowhook.enabled_relation e on e.table_name = t.name and e.relation = target and not e.is_partition
  where c.oid = target and (e.relation is not null or (t.schema_name, t.relation_name) = (n.nspname, c.relname))
  order by e.relation is null limit 1
$$;
comment on function rowhook.registration_of(oid) is 'The row under which a table is registered: the table itself, also after a rename, else whichever has its name.';

create function rowhook.some_names(names text[]) returns text
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  select array_to_string(names[1:5], ', ')
    || case when cardinality(names) > 5 then format(' and %s more', cardinality(names) - 5) else '' end
$$;
comment on function rowhook.some_names(text[]) is 'The first five and how many more.';

create function rowhook.replica_identity_of(target oid) returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case c.relreplident
      when 'f' then 'full'
      when 'd' then 'default'
      when 'i' then coalesce('index:' || (
        select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = target and i.indisreplident), 'nothing')
      else 'nothing'
    end
    from pg_class c where c.oid = target);
end
$$;
comment on function rowhook.replica_identity_of(oid) is 'default, nothing, full or index:<name>; an index that was dropped leaves nothing.';

create function rowhook.still_has_identity(target oid, identity text) returns boolean
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(rowhook.replica_identity_of(target) = identity or (
    -- Dropping the index leaves nothing, which nobody chose.
    identity like 'index:%' and rowhook.replica_identity_of(target) = 'nothing'
      and (select c.relreplident = 'i' from pg_class c where c.oid = target)), false);
end
$$;
comment on function rowhook.still_has_identity(oid, text) is 'Whether nobody has set another identity since this one, an index that was dropped included.';

create function rowhook.identity_columns(target oid, identity text) returns smallint[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case
      when identity = 'full' then array(
        select a.attnum from pg_attribute a where a.attrelid = target and a.attnum > 0 and not a.attisdropped order by 1)
      else array(
        select k.attnum
        from pg_index i
        join pg_class x on x.oid = i.indexrelid
        cross join unnest(i.indkey::smallint[]) with ordinality as k(attnum, position)
        where i.indrelid = target and i.indisvalid and k.position <= i.indnkeyatts
          and case when identity = 'default' then i.indisprimary and i.indimmediate else 'index:' || x.relname = identity end
        order by k.position)
    end);
end
$$;
comment on function rowhook.identity_columns(oid, text) is 'The columns that an old row carries in the log under this identity; empty: UPDATE and DELETE of a published table fail.';

create function rowhook.index_problem(target oid, index_name text) returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce((
      select case
        when not i.indisvalid then 'is not valid (its build failed or is under way)'
        when not i.indisunique then 'is not unique'
        when not i.indimmediate then 'belongs to a deferrable constraint'
        when i.indpred is not null then 'covers a part of the rows only'
        when i.indexprs is not null then 'contains an expression'
        when exists (
          select from unnest(i.indkey::smallint[]) with ordinality as k(attnum, position)
          join pg_attribute a on a.attrelid = target and a.attnum = k.attnum
          where k.position <= i.indnkeyatts and not a.attnotnull) then 'has a column that may be NULL'
        else ''
      end
      from pg_index i join pg_class x on x.oid = i.indexrelid
      where i.indrelid = target and x.relname = index_name), 'does not exist on this table'));
end
$$;
comment on function rowhook.index_problem(oid, text) is 'Why an index cannot be the replica identity; empty: it can.';

create function rowhook.publications_of(target oid) returns table (publication text, listed jsonb, generated text)
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  -- A publication of a partitioned table makes the writes to its partitions check their identity, too.
  covering constant oid[] := target || rowhook.partitioned_above(target);
begin
  -- Rows as jsonb, because column lists exist from 15 on and published generated columns from 18 on.
  return query
    select p.pubname::text, (
        select jsonb_agg(a.attname) from jsonb_array_elements_text(nullif(to_jsonb(r) -> 'prattrs', 'null')) as n(attnum)
        join pg_attribute a on a.attrelid = r.prrelid and a.attnum = n.attnum::smallint),
      to_jsonb(p) ->> 'pubgencols'
    from pg_publication p
    left join lateral (
      select l.* from pg_publication_rel l where l.prpubid = p.oid and l.prrelid = any (covering) and (p.pubviaroot or l.prrelid = target)
      order by array_position(covering, l.prrelid) desc limit 1) as r on true
    where (p.pubupdate or p.pubdelete)
      and (p.puballtables or exists (select from pg_publication_rel e where e.prpubid = p.oid and e.prrelid = any (covering)));
  if to_regclass('pg_catalog.pg_publication_namespace') is not null then
    return query execute
      'select distinct p.pubname::text, null::jsonb, to_jsonb(p) ->> ''pubgencols''
       from pg_publication p
       join pg_publication_namespace n on n.pnpubid = p.oid
       join pg_class c on c.relnamespace = n.pnnspid
       where (p.pubupdate or p.pubdelete) and c.oid = any ($1)' using covering;
  end if;
end
$$;
comment on function rowhook.publications_of(oid) is 'Every publication that makes UPDATE or DELETE of this table check its replica identity: its column list, and whether it carries generated columns.';

create function rowhook.members_published_otherwise(target oid) returns oid[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select array_agg(m.oid order by m.position)
    from unnest(rowhook.members(target)) with ordinality as m(oid, position)
    join pg_class c on c.oid = m.oid
    where m.oid = target or m.oid in (select r.prrelid from pg_publication_rel r)
      or c.relnamespace <> (select t.relnamespace from pg_class t where t.oid = target));
end
$$;
comment on function rowhook.members_published_otherwise(oid) is 'The table, and those of its partitions that other publications may hold than hold the table.';

create function rowhook.unpublished_identity_column(target oid, identity text) returns table (publication text, column_name text, why text)
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
  return query
    with publishing as (
      select * from rowhook.publications_of(target)
    ), published as (
      select * from publishing
      union all
      select p.pubname, null, to_jsonb(p) ->> 'pubgencols' from pg_publication p
      where p.pubname = 'rowhook' and not exists (select from publishing o where o.publication = 'rowhook')
    ), identity_column as (
      select a.attnum, a.attname, a.attgenerated from pg_attribute a
      where a.attrelid = target and a.attnum = any (rowhook.identity_columns(target, identity))
    )
    select p.publication, c.attname::text,
      case
        when c.attgenerated = 'v' then 'virtual'
        when c.attgenerated = 's' and p.listed is null then 'stored'
        else 'list'
      end
    from published p cross join identity_column c
    where c.attgenerated = 'v'
      or (p.listed is null and c.attgenerated = 's' and p.generated <> 's')
      or not p.listed ? c.attname
    order by c.attgenerated = 'v' desc, p.publication, c.attnum;
end
$$;
comment on function rowhook.unpublished_identity_column(oid, text) is 'Identity columns that a publication leaves out: with one, every UPDATE of the application fails. Virtual columns and, from 18 on, stored ones that the publication does not carry; or a column list.';

create function rowhook.unpublished_columns(target oid, identity text) returns text[]
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(array_agg(distinct u.column_name), '{}') from rowhook.unpublished_identity_column(target, identity) u);
end
$$;
comment on function rowhook.unpublished_columns(oid, text) is 'The names of those columns.';

create function rowhook.listed_relation(publication_name text, target oid) returns oid
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select r.prrelid from pg_publication p
  join pg_publication_rel r on r.prpubid = p.oid
  cross join lateral (select target || rowhook.partitioned_above(target)) as c(covering)
  where p.pubname = publication_name and r.prrelid = any (c.covering) and (p.pubviaroot or r.prrelid = target)
  order by array_position(c.covering, r.prrelid) desc limit 1
$$;
comment on function rowhook.listed_relation(text, oid) is 'The relation whose column list in a publication counts for this one: itself, or a table it is part of.';

create function rowhook.left_behind(registered text, target oid) returns oid[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(c.oid order by c.oid), '{}')
  from rowhook.enabled_relation e join pg_class c on c.oid = e.relation
  where e.table_name = registered and c.oid not in (select unnest(rowhook.members(target)))
    and (rowhook.is_published(c.oid) or rowhook.still_has_identity(c.oid, e.set_identity))
$$;
comment on function rowhook.left_behind(text, oid) is 'What a registered table consisted of and does not any more, as far as something of rowhook is still at it: detached partitions, and the former table where another one took its name.';

create function rowhook.lock_holders(targets oid[], exclusive oid[]) returns table (pid integer, description text, remedy text)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with held as (
    select l.pid, l.virtualtransaction, l.relation,
      case l.locktype when 'relation' then 1 else 2 end as rank
    from pg_locks l
    where l.granted and l.pid is distinct from pg_backend_pid()
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and (
        (l.locktype = 'relation' and l.relation = any (targets)
          and (l.relation = any (exclusive) or l.mode not in ('AccessShareLock', 'RowShareLock')))
        or (l.locktype = 'object' and l.classid = 'pg_publication'::regclass)
      )
  ), holder as (
    select h.pid, h.virtualtransaction, array_agg(distinct h.relation::regclass::text) filter (where h.relation <> targets[1]) as elsewhere
    from held h where h.rank = (select min(rank) from held) group by h.pid, h.virtualtransaction
  )
  select h.pid,
    case
      when h.pid is null then format('prepared transaction %L of role %s, since %s', x.gid, x.owner, date_trunc('second', x.prepared))
      else format('pid %s, role %s, application "%s", %s', h.pid, coalesce(a.usename::text, a.backend_type, 'unknown'), a.application_name,
        case
          when a.state is null then 'since when is shown to members of pg_read_all_stats only'
          else format('%s, its transaction open since %s', a.state, date_trunc('second', a.xact_start))
        end)
    end || coalesce(' (on ' || rowhook.some_names(h.elsewhere) || ')', ''),
    case when h.pid is null then format('rollback prepared %L;', x.gid) else format('select pg_terminate_backend(%s);', h.pid) end
  from holder h
  left join pg_stat_activity a on a.pid = h.pid
  left join pg_prepared_xacts x on h.pid is null and h.virtualtransaction = '-1/' || x.transaction
$$;
comment on function rowhook.lock_holders(oid[], oid[]) is 'Who holds a lock that stands in the way: on one of these tables (of which some are wanted exclusively), else on a publication. Where that is not the first of them, on which.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.members(oid),
  rowhook.partitioned_above(oid),
  rowhook.is_published(oid),
  rowhook.registration_of(oid),
  rowhook.some_names(text[]),
  rowhook.replica_identity_of(oid),
  rowhook.still_has_identity(oid, text),
  rowhook.identity_columns(oid, text),
  rowhook.index_problem(oid, text),
  rowhook.publications_of(oid),
  rowhook.members_published_otherwise(oid),
  rowhook.unpublished_identity_column(oid, text),
  rowhook.unpublished_columns(oid, text),
  rowhook.listed_relation(text, oid),
  rowhook.left_behind(text, oid),
  rowhook.lock_holders(oid[], oid[])
to rowhook_dba;
-- What the service's own checks ask.
grant execute on function
  rowhook.members(oid),
  rowhook.partitioned_above(oid),
  rowhook.replica_identity_of(oid),
  rowhook.identity_columns(oid, text),
  rowhook.publications_of(oid),
  rowhook.members_published_otherwise(oid),
  rowhook.unpublished_identity_column(oid, text)
to rowhook_service;
