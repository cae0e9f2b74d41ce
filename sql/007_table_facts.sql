-- What the DBA's doors need to know about a table. Only catalogs are read, so nothing here waits for a lock on the table.

create function rowhook.relations_named(schema_name text, relation_name text) returns oid[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with candidate as (
    select c.oid,
      case
        when n.nspname = 'rowhook' or n.oid = pg_my_temp_schema() then 3
        when c.relkind in ('r', 'p') then 1
        else 2
      end as rank
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    where c.relname = relation_name
      and c.relkind in ('r', 'p', 'v', 'm', 'f')
      and case
        when schema_name is not null then n.nspname = schema_name
        else n.oid = pg_my_temp_schema() or (n.nspname !~ '^pg_' and n.nspname <> 'information_schema')
      end
  )
  select coalesce(array_agg(oid), '{}') from candidate where rank = (select min(rank) from candidate)
$$;
comment on function rowhook.relations_named(text, text) is 'Relations of exactly this name; without a schema those outside the system schemas, tables before views, the application''s before rowhook''s own.';

create function rowhook.resolve_relation(relation text) returns oid
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found_oids oid[];
  parts text[];
begin
  select coalesce(array_agg(distinct o), '{}') into found_oids
  from (
    select unnest(rowhook.relations_named(null, resolve_relation.relation))
    union all
    select unnest(rowhook.relations_named(n.nspname, substr(resolve_relation.relation, length(n.nspname) + 2)))
    from pg_namespace n where starts_with(resolve_relation.relation, n.nspname || '.')
  ) as exact(o);

  if found_oids = '{}' then
    begin
      parts := parse_ident(resolve_relation.relation);
    exception when invalid_parameter_value then
      parts := array[resolve_relation.relation];
    end;
    if cardinality(parts) = 3 and parts[1] = current_database() then
      parts := parts[2:3];
    end if;
    if cardinality(parts) <= 2 then
      found_oids := rowhook.relations_named(case when cardinality(parts) = 2 then parts[1] end, parts[cardinality(parts)]);
    end if;
  end if;

  if cardinality(found_oids) > 1 then
    raise exception 'more than one table is called "%"', resolve_relation.relation
      using errcode = '42P09',
        detail = 'There are ' || (select string_agg(rowhook.full_name(o), ', ' order by rowhook.full_name(o)) from unnest(found_oids) as o) || '.',
        hint = 'Name the schema too.';
  elsif found_oids = '{}' then
    raise exception 'there is no table "%" in database "%"', resolve_relation.relation, current_database()
      using errcode = '42P01',
        hint = coalesce('Did you mean ' || (
          select string_agg(rowhook.full_name(c.oid), ' or ') from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relkind in ('r', 'p') and lower(c.relname) = lower(parts[cardinality(parts)]) and n.nspname !~ '^pg_'
        ) || '?', 'Give its name as <schema>.<table>; only tables of this database can be watched.');
  end if;
  return found_oids[1];
end
$$;
comment on function rowhook.resolve_relation(text) is 'The one relation meant: the exact name first (salesOrder, erp.salesOrder), then as SQL reads it (erp."Sales Order").';

create function rowhook.full_name(target oid) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target
$$;
comment on function rowhook.full_name(oid) is 'Schema and name without quotes, as the doors accept them.';

create function rowhook.enable_statement(target oid, asked jsonb) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select format('select rowhook.enable_table(%L', rowhook.full_name(target))
    || case when asked ->> 'company_column' is distinct from 'companyId' then format(', company_column => %L', asked ->> 'company_column') else '' end
    || coalesce(', name => ' || quote_literal(asked ->> 'name'), '')
    || coalesce(', module => ' || quote_literal(asked ->> 'module'), '')
    || coalesce(', label => ' || quote_literal(asked ->> 'label'), '')
    || coalesce(', replica_identity => ' || quote_literal(nullif(asked ->> 'replica_identity', 'full')), '')
    || ');'
$$;
comment on function rowhook.enable_statement(oid, jsonb) is 'The statement that enables a table as asked (the parameters of rowhook.enable_table), without what is the default; for hints and remedies.';

create function rowhook.replica_identity_of(target oid) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select case c.relreplident
    when 'f' then 'full'
    when 'd' then 'default'
    when 'i' then coalesce('index:' || (
      select x.relname from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = target and i.indisreplident), 'nothing')
    else 'nothing'
  end
  from pg_class c where c.oid = target
$$;
comment on function rowhook.replica_identity_of(oid) is 'default, nothing, full or index:<name>; an index that was dropped leaves nothing.';

create function rowhook.identity_columns(target oid, identity text) returns smallint[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
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
  end
$$;
comment on function rowhook.identity_columns(oid, text) is 'The columns that an old row carries in the log under this identity; empty: UPDATE and DELETE of a published table fail.';

create function rowhook.index_problem(target oid, index_name text) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
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
    where i.indrelid = target and x.relname = index_name), 'does not exist on this table')
$$;
comment on function rowhook.index_problem(oid, text) is 'Why an index cannot be the replica identity; empty: it can.';

create function rowhook.publications_of(target oid) returns table (publication text, listed jsonb, generated text)
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- Rows as jsonb, because column lists exist from 15 on and published generated columns from 18 on.
  return query
    select p.pubname::text, nullif(to_jsonb(r) -> 'prattrs', 'null'), to_jsonb(p) ->> 'pubgencols'
    from pg_publication p left join pg_publication_rel r on r.prpubid = p.oid and r.prrelid = target
    where (p.pubupdate or p.pubdelete) and (p.puballtables or r.oid is not null);
  if to_regclass('pg_catalog.pg_publication_namespace') is not null then
    return query execute
      'select p.pubname::text, null::jsonb, to_jsonb(p) ->> ''pubgencols''
       from pg_publication p
       join pg_publication_namespace n on n.pnpubid = p.oid
       join pg_class c on c.relnamespace = n.pnnspid
       where (p.pubupdate or p.pubdelete) and c.oid = $1' using target;
  end if;
end
$$;
comment on function rowhook.publications_of(oid) is 'Every publication that makes UPDATE or DELETE of this table check its replica identity: its column list, and whether it carries generated columns.';

create function rowhook.unpublished_identity_column(target oid, identity text) returns table (publication text, column_name text, why text)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with published as (
    select * from rowhook.publications_of(target)
    union
    select p.pubname, null, to_jsonb(p) ->> 'pubgencols' from pg_publication p
    where p.pubname = 'rowhook' and not exists (select from pg_publication_rel r where r.prpubid = p.oid and r.prrelid = target)
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
    or not p.listed @> to_jsonb(c.attnum)
  order by c.attgenerated = 'v' desc, p.publication, c.attnum
$$;
comment on function rowhook.unpublished_identity_column(oid, text) is 'Identity columns that a publication leaves out: with one, every UPDATE of the application fails. Virtual columns and, from 18 on, stored ones that the publication does not carry; or a column list.';

create function rowhook.lock_holders(target oid, exclusive boolean) returns table (pid integer, description text, remedy text)
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  with held as (
    select l.pid, l.virtualtransaction,
      case l.locktype when 'relation' then 1 else 2 end as rank
    from pg_locks l
    where l.granted and l.pid is distinct from pg_backend_pid()
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and (
        (l.locktype = 'relation' and l.relation = target
          and (exclusive or l.mode not in ('AccessShareLock', 'RowShareLock')))
        or (l.locktype = 'object' and l.classid = 'pg_publication'::regclass)
      )
  )
  select distinct h.pid,
    case
      when h.pid is null then format('prepared transaction %L of role %s, since %s', x.gid, x.owner, date_trunc('second', x.prepared))
      else format('pid %s, role %s, application "%s", %s', h.pid, coalesce(a.usename::text, a.backend_type, 'unknown'), a.application_name,
        case
          when a.state is null then 'since when is shown to members of pg_read_all_stats only'
          else format('%s, its transaction open since %s', a.state, date_trunc('second', a.xact_start))
        end)
    end,
    case when h.pid is null then format('rollback prepared %L;', x.gid) else format('select pg_terminate_backend(%s);', h.pid) end
  from held h
  left join pg_stat_activity a on a.pid = h.pid
  left join pg_prepared_xacts x on h.pid is null and h.virtualtransaction = '-1/' || x.transaction
  where h.rank = (select min(rank) from held)
$$;
comment on function rowhook.lock_holders(oid, boolean) is 'Who holds a lock that stands in the way: on the table, else on a publication.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.relations_named(text, text),
  rowhook.resolve_relation(text),
  rowhook.full_name(oid),
  rowhook.enable_statement(oid, jsonb),
  rowhook.replica_identity_of(oid),
  rowhook.identity_columns(oid, text),
  rowhook.index_problem(oid, text),
  rowhook.publications_of(oid),
  rowhook.unpublished_identity_column(oid, text),
  rowhook.lock_holders(oid, boolean)
to rowhook_dba;
