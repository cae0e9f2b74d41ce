-- How a DBA names a table, and how rowhook names it back. Only catalogs are read, so nothing here waits for a lock on the table.

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

create function rowhook.relations_called(relation text) returns oid[]
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(distinct o), '{}')
  from (
    select unnest(rowhook.relations_named(null, relation))
    union all
    select unnest(rowhook.relations_named(n.nspname, substr(relation, length(n.nspname) + 2)))
    from pg_namespace n where starts_with(relation, n.nspname || '.')
  ) as exact(o)
$$;
comment on function rowhook.relations_called(text) is 'Relations whose name, or schema.name, is exactly this text: no quotes, no folding.';

create function rowhook.resolve_relation(relation text) returns oid
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  found_oids oid[];
  parts text[];
begin
  found_oids := rowhook.relations_called(resolve_relation.relation);
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
    raise exception 'more than one table is called "%"', btrim(resolve_relation.relation, '"')
      using errcode = '42P09',
        detail = 'There are ' || (select string_agg(rowhook.full_name(o), ', ' order by rowhook.full_name(o)) from unnest(found_oids) as o) || '.',
        hint = 'Name the schema too.';
  elsif found_oids = '{}' then
    raise exception 'there is no table "%" in database "%"', resolve_relation.relation, current_database()
      using errcode = '42P01',
        hint = coalesce('It is ' || (
          select string_agg(rowhook.full_name(rowhook.registered_relation(t.name)), ' or ') from rowhook.subscribable_table t
          where t.relation_name = parts[cardinality(parts)] and (cardinality(parts) = 1 or t.schema_name = parts[1])
        ) || ' now.', 'Did you mean ' || (
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
  select case when rowhook.relations_called(n.nspname || '.' || c.relname) = array[c.oid] then n.nspname || '.' || c.relname
    else format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')) end
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target
$$;
comment on function rowhook.full_name(oid) is 'Schema and name as the doors accept them: without quotes, unless a name with a dot in it makes that mean something else, too.';

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

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.relations_named(text, text),
  rowhook.relations_called(text),
  rowhook.resolve_relation(text),
  rowhook.full_name(oid),
  rowhook.enable_statement(oid, jsonb)
to rowhook_dba;
