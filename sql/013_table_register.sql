-- The list of tables that may be watched, as the doors keep it. A name belongs to one table for good: webhooks and payloads
-- carry it.

create function rowhook.rival_name(target oid) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select t.name from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join rowhook.subscribable_table t on (t.schema_name, t.relation_name) = (n.nspname, c.relname)
  where c.oid = target and t.name <> (rowhook.registration_of(target)).name
$$;
comment on function rowhook.rival_name(oid) is 'The name under which another table is registered that was called as this one, registered under a name of its own, is now.';

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
  known := rowhook.registration_of(target);
  if known.name is not null then
    if wanted_name <> known.name then
      raise exception 'table % is registered as "%", and a name cannot change: webhooks and payloads carry it', self, known.name
        using errcode = '55000', detail = 'Nothing was changed.', hint = format('Leave name out, or give %L.', known.name);
    elsif rowhook.rival_name(target) is not null then
      raise exception 'table % is registered as "%", and "%" is registered for the table that was called so before', self, known.name, rowhook.rival_name(target)
        using errcode = '55000', detail = 'Nothing was changed.',
          hint = format('To go on as "%s": select rowhook.disable_table(%L); ', rowhook.rival_name(target), self)
            || rowhook.enable_statement(target, asked - 'name');
    end if;
    return known.name;
  end if;

  wanted_name := coalesce(wanted_name, (select c.relname from pg_class c where c.oid = target));
  select t.* into known from rowhook.subscribable_table t where t.name = wanted_name;
  -- A registered table that is gone was renamed or dropped: its name, with its webhooks, goes to this one.
  if found and rowhook.registered_relation(known.name) is not null then
    raise exception 'the name "%" is taken by table %.%', wanted_name, known.schema_name, known.relation_name
      using errcode = '42710', detail = 'Nothing was changed.',
        hint = 'Choose another one: ' || rowhook.enable_statement(target, asked || jsonb_build_object('name', replace(self, '.', '_')));
  end if;
  return wanted_name;
end
$$;
comment on function rowhook.registered_name(oid, jsonb) is 'The name under which a table is or will be registered; raises when that is not possible.';

create function rowhook.register_table(target oid, asked jsonb) returns rowhook.subscribable_table
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  known rowhook.subscribable_table;
  wanted_row rowhook.subscribable_table;
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

  if wanted_row is distinct from known then
    insert into rowhook.subscribable_table as t
      (name, schema_name, relation_name, company_column, module, label, enabled, replica_identity)
    values (wanted_row.name, wanted_row.schema_name, wanted_row.relation_name, wanted_row.company_column, wanted_row.module,
      wanted_row.label, wanted_row.enabled, wanted_row.replica_identity)
    on conflict (name) do update set
      schema_name = excluded.schema_name, relation_name = excluded.relation_name, company_column = excluded.company_column,
      module = excluded.module, label = excluded.label, enabled = excluded.enabled, replica_identity = excluded.replica_identity
    returning t.* into known;
  end if;
  return known;
end
$$;
comment on function rowhook.register_table(oid, jsonb) is 'Writes the row of an enabled table. Under the lock on rowhook.subscribable_table.';

create function rowhook.take_relation(registered rowhook.subscribable_table, target oid, member oid) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  wanted constant text := rowhook.wanted_identity(target, member, registered.replica_identity);
  now constant text := rowhook.replica_identity_of(member);
  previous text := now;
  known rowhook.enabled_relation;
begin
  select e.* into known from rowhook.enabled_relation e where e.relation = member;
  -- What to restore one day is the last identity that somebody else chose.
  if rowhook.still_has_identity(member, known.set_identity) then
    previous := known.previous_identity;
  end if;
  if known.relation is null
    or (known.table_name, known.is_partition, known.previous_identity, known.set_identity)
      is distinct from (registered.name, member <> target, nullif(previous, wanted), case when previous <> wanted then wanted end)
  then
    insert into rowhook.enabled_relation as e (relation, table_name, is_partition, previous_identity, set_identity)
    values (member, registered.name, member <> target, nullif(previous, wanted), case when previous <> wanted then wanted end)
    on conflict (relation) do update set
      table_name = excluded.table_name, is_partition = excluded.is_partition,
      previous_identity = excluded.previous_identity, set_identity = excluded.set_identity;
  end if;
  if now <> wanted then
    perform rowhook.set_identity(member, wanted);
  end if;
end
$$;
comment on function rowhook.take_relation(rowhook.subscribable_table, oid, oid) is 'Notes that the table, or one of its partitions, is enabled and which identity to restore, and sets the wanted one.';

create function rowhook.release_relation(member oid) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  known rowhook.enabled_relation;
  above constant oid[] := rowhook.partitioned_above(member);
  heir text;
  owner text;
begin
  if rowhook.is_published(member) then
    perform rowhook.change_publication(member, 'drop');
  end if;
  select e.* into known from rowhook.enabled_relation e where e.relation = member;
  if rowhook.still_has_identity(member, known.set_identity) then
    -- As a partition of another enabled table it needs its identity for that.
    select t.name into heir
    from rowhook.enabled_relation e join rowhook.subscribable_table t on t.name = e.table_name
    where e.relation = any (above) and not e.is_partition and t.enabled and t.name <> known.table_name;
    if heir is not null then
      update rowhook.enabled_relation e set table_name = heir, is_partition = true where e.relation = member;
      return;
    end if;
    select o.rolname into owner from pg_class c join pg_roles o on o.oid = c.relowner
    where c.oid = member and not pg_has_role(current_user, c.relowner, 'usage');
    if owner is null then
      perform rowhook.restore_identity(member, known.previous_identity);
    else
      raise warning 'the replica identity of % stays %: it belongs to role "%"', member::regclass, known.set_identity, owner
        using hint = format('As %I run: %s', owner, rowhook.identity_statement(member, known.previous_identity));
    end if;
  end if;
  delete from rowhook.enabled_relation e where e.relation = member;
end
$$;
comment on function rowhook.release_relation(oid) is 'Gives one table or partition back as it was before it was enabled.';

create function rowhook.registered_table(relation text) returns rowhook.subscribable_table
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  known rowhook.subscribable_table[];
  target oid;
  root rowhook.subscribable_table;
begin
  begin
    target := rowhook.resolve_relation(relation);
    select array_agg(t) into known from rowhook.registration_of(target) t where t.name is not null;
  exception when undefined_table then
    target := null;
  end;
  -- A table that was dropped or renamed is still registered under the name it had.
  if target is null then
    select array_agg(t) into known from rowhook.subscribable_table t
    where relation in (t.schema_name || '.' || t.relation_name, t.relation_name, format('%I.%I', t.schema_name, t.relation_name));
  end if;
  if cardinality(known) = 1 then
    return known[1];
  end if;

  select t.* into root from rowhook.partitioned_above(target) as above(oids)
  cross join lateral unnest(above.oids) as p(oid) cross join lateral rowhook.registration_of(p.oid) t where t.enabled;
  if root.name is not null then
    raise exception '% is a partition of %.%, and not enabled by itself', target::regclass, root.schema_name, root.relation_name
      using errcode = '42P01', detail = 'Nothing was changed.',
        hint = format('Disable that: select rowhook.disable_table(%L);', root.schema_name || '.' || root.relation_name);
  end if;
  raise exception 'table "%" is not registered, or several are called so', relation
    using errcode = '42P01', detail = 'Nothing was changed.',
      hint = coalesce('Registered: ' || (select string_agg(t.schema_name || '.' || t.relation_name, ', ' order by t.name) from rowhook.subscribable_table t) || '.',
        'No table is registered.');
end
$$;
comment on function rowhook.registered_table(text) is 'The registered table meant, also when the table itself is gone or has another name.';

create function rowhook.registered_relation(registered text) returns oid
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (select c.oid from rowhook.enabled_relation e join pg_class c on c.oid = e.relation where e.table_name = registered and not e.is_partition),
    (select to_regclass(format('%I.%I', t.schema_name, t.relation_name)) from rowhook.subscribable_table t where t.name = registered))
$$;
comment on function rowhook.registered_relation(text) is 'The table registered under a name, also after a rename; null: it was dropped.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.rival_name(oid),
  rowhook.registered_name(oid, jsonb),
  rowhook.register_table(oid, jsonb),
  rowhook.take_relation(rowhook.subscribable_table, oid, oid),
  rowhook.release_relation(oid),
  rowhook.registered_table(text),
  rowhook.registered_relation(text)
to rowhook_dba;
