-- The list of tables that may be watched, as the doors keep it. A name belongs to one table for good: webhooks and payloads
-- carry it.

create function rowhook.is_published(target oid) returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from pg_publication_rel r join pg_publication p on p.oid = r.prpubid where p.pubname = 'rowhook' and r.prrelid = target)
$$;
comment on function rowhook.is_published(oid) is 'Whether the table is in the publication rowhook.';

create function rowhook.registered_name(target oid, asked jsonb) returns text
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := rowhook.full_name(target);
  wanted_name text := asked ->> 'name';
  known rowhook.subscribable_table;
begin
  select t.* into known from rowhook.subscribable_table t where t.schema_name || '.' || t.relation_name = self;
  if found then
    if wanted_name <> known.name then
      raise exception 'table % is registered as "%", and a name cannot change: webhooks and payloads carry it', self, known.name
        using errcode = '55000', detail = 'Nothing was changed.', hint = format('Leave name out, or give %L.', known.name);
    end if;
    return known.name;
  end if;

  wanted_name := coalesce(wanted_name, (select c.relname from pg_class c where c.oid = target));
  select t.* into known from rowhook.subscribable_table t where t.name = wanted_name;
  -- A registered table that is gone was renamed or dropped: its name, with its webhooks, goes to this one.
  if found and to_regclass(format('%I.%I', known.schema_name, known.relation_name)) is not null then
    raise exception 'the name "%" is taken by table %.%', wanted_name, known.schema_name, known.relation_name
      using errcode = '42710', detail = 'Nothing was changed.',
        hint = 'Choose another one: ' || rowhook.enable_statement(target, asked || jsonb_build_object('name', replace(self, '.', '_')));
  end if;
  return wanted_name;
end
$$;
comment on function rowhook.registered_name(oid, jsonb) is 'The name under which a table is or will be registered; raises when that is not possible.';

create function rowhook.register_table(target oid, current_identity text, asked jsonb) returns rowhook.subscribable_table
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  known rowhook.subscribable_table;
  wanted_row rowhook.subscribable_table;
  wanted constant text := rowhook.wanted_identity(target, asked ->> 'replica_identity');
begin
  select t.* into known from rowhook.subscribable_table t where t.name = rowhook.registered_name(target, asked);

  wanted_row := known;
  wanted_row.name := rowhook.registered_name(target, asked);
  select n.nspname, c.relname into wanted_row.schema_name, wanted_row.relation_name
  from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = target;
  wanted_row.company_column := asked ->> 'company_column';
  wanted_row.module := coalesce(asked ->> 'module', known.module);
  wanted_row.label := coalesce(asked ->> 'label', known.label);
  wanted_row.enabled := true;
  wanted_row.replica_identity := asked ->> 'replica_identity';

  -- What to restore one day is the last identity that somebody else chose.
  wanted_row.previous_identity := case when current_identity = known.set_identity then known.previous_identity else current_identity end;
  wanted_row.set_identity := wanted;
  if wanted_row.previous_identity = wanted then
    wanted_row.previous_identity := null;
    wanted_row.set_identity := null;
  end if;

  if wanted_row is distinct from known then
    insert into rowhook.subscribable_table as t
      (name, schema_name, relation_name, company_column, module, label, enabled, replica_identity, previous_identity, set_identity)
    values (wanted_row.name, wanted_row.schema_name, wanted_row.relation_name, wanted_row.company_column, wanted_row.module,
      wanted_row.label, wanted_row.enabled, wanted_row.replica_identity, wanted_row.previous_identity, wanted_row.set_identity)
    on conflict (name) do update set
      schema_name = excluded.schema_name, relation_name = excluded.relation_name, company_column = excluded.company_column,
      module = excluded.module, label = excluded.label, enabled = excluded.enabled,
      replica_identity = excluded.replica_identity, previous_identity = excluded.previous_identity, set_identity = excluded.set_identity
    returning t.* into known;
  end if;
  return known;
end
$$;
comment on function rowhook.register_table(oid, text, jsonb) is 'Writes the row of an enabled table, and notes which identity to restore. Under the lock on rowhook.subscribable_table.';

create function rowhook.registered_table(relation text) returns rowhook.subscribable_table
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  known rowhook.subscribable_table[];
  full_name text;
begin
  begin
    full_name := rowhook.full_name(rowhook.resolve_relation(relation));
  exception when undefined_table then
    -- A table that was dropped is still registered.
    full_name := null;
  end;
  select array_agg(t) into known from rowhook.subscribable_table t
  where case
    when full_name is not null then t.schema_name || '.' || t.relation_name = full_name
    else relation in (t.schema_name || '.' || t.relation_name, t.relation_name, format('%I.%I', t.schema_name, t.relation_name))
  end;
  if cardinality(known) = 1 then
    return known[1];
  end if;
  raise exception 'table "%" is not registered, or several are called so', relation
    using errcode = '42P01', detail = 'Nothing was changed.',
      hint = 'Registered: ' || (select string_agg(t.schema_name || '.' || t.relation_name, ', ' order by t.name) from rowhook.subscribable_table t) || '.';
end
$$;
comment on function rowhook.registered_table(text) is 'The registered table meant, also when the table itself is gone.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.is_published(oid),
  rowhook.registered_name(oid, jsonb),
  rowhook.register_table(oid, text, jsonb),
  rowhook.registered_table(text)
to rowhook_dba;
