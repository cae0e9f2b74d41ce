-- The DBA's doors: rowhook.inspect_table, enable_table, disable_table. They run with the caller's rights, wait at most two
-- seconds for a lock, and do all of it or nothing.

create function rowhook.check_registration(target oid, registered rowhook.subscribable_table, asked jsonb) returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  self constant text := rowhook.full_name(target);
  namesake constant text := rowhook.full_name(rowhook.registered_relation((select c.relname from pg_class c where c.oid = target)));
  former constant text := registered.schema_name || '.' || registered.relation_name;
  rival constant text := rowhook.rival_name(target);
  is_renamed constant boolean := registered.enabled and not exists (
    select from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid = target and (n.nspname, c.relname) = (registered.schema_name, registered.relation_name));
begin
  if is_renamed and rival is not null then
    return query select 'registered', 'fail', format('enabled as "%s" when it was called %s; it has the name of what is registered as "%s" now', registered.name, former, rival),
      format('select rowhook.disable_table(%L); ', rowhook.full_name(target)) || rowhook.enable_statement(target, asked);
  elsif is_renamed then
    return query select 'registered', 'fail', format('enabled as "%s" when it was called %s: under its new name nothing is sent', registered.name, former),
      rowhook.enable_statement(target, asked);
  elsif registered.enabled and exists (select from pg_class c where c.oid = target and c.relispartition) then
    return query select 'registered', 'warn', format('enabled as "%s" before it became a partition; disable it where the whole table is enabled', registered.name),
      format('select rowhook.disable_table(%L);', rowhook.full_name(target));
  elsif registered.name is null and namesake is not null then
    return query select 'registered', 'warn', format('not yet; its own name is taken by table %s', namesake),
      rowhook.enable_statement(target, asked || jsonb_build_object('name', replace(self, '.', '_')));
  else
    return query select 'registered', 'ok', case
      when registered.enabled then format('enabled as "%s" (last changed %s)', registered.name, date_trunc('second', registered.updated_at))
      when registered.name is not null then format('known as "%s", disabled', registered.name)
      else 'not yet' end, null;
  end if;
end
$$;
comment on function rowhook.check_registration(oid, rowhook.subscribable_table, jsonb) is 'Under which name the table is watched, and whether it still has the name that it had then.';

create function rowhook.inspect_table(relation text, company_column text default 'companyId') returns setof rowhook.finding
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  target oid;
  registered rowhook.subscribable_table;
  asked jsonb;
  problem text;
  candidates text;
  advice text;
  is_unfit boolean;
begin
  begin
    target := rowhook.resolve_relation(relation);
  exception when undefined_table or ambiguous_alias then
    get stacked diagnostics problem = message_text, candidates = pg_exception_detail, advice = pg_exception_hint;
    return query select 'relation', 'fail', problem || coalesce('. ' || nullif(candidates, ''), ''), nullif(advice, '');
    return;
  end;

  registered := rowhook.registration_of(target);
  -- The parameter's default says nothing about a table that was enabled with another column.
  if registered.enabled and company_column = 'companyId' then
    company_column := registered.company_column;
  end if;
  asked := jsonb_build_object('company_column', company_column,
    'replica_identity', case when registered.enabled then registered.replica_identity else 'full' end);

  return query select * from rowhook.check_relation(target, asked);
  -- Of what can be no table to watch nothing else is worth knowing; an unlogged table can be mended.
  is_unfit := exists (select from rowhook.check_relation(target, asked) f where f.status = 'fail')
    and not exists (select from pg_class c where c.oid = target and c.relkind = 'r' and c.relpersistence = 'u');
  if not is_unfit or registered.name is not null then
    return query select * from rowhook.check_registration(target, registered, asked);
  end if;
  if is_unfit then
    return;
  end if;
  return query select * from rowhook.check_partitions(target, asked);
  return query select * from rowhook.check_rights(target);
  return query select * from rowhook.check_company_column(target, asked);
  return query select * from rowhook.check_identity(target, asked);
  if registered.enabled then
    return query select * from rowhook.check_changed_identity(target, asked);
  end if;
  return query select * from rowhook.check_keys(target);
  return query select * from rowhook.check_publication(target, asked);
  return query select * from rowhook.check_cost(target);
end
$$;
comment on function rowhook.inspect_table(text, text) is 'What enabling this table needs and costs, a row per check; changes nothing and waits for no lock on the table.
relation: the exact name first (salesOrder, erp.salesOrder), then as SQL reads it (erp."Sales Order"). Without a schema: the one table of that name.
company_column: as for rowhook.enable_table.';

create function rowhook.inspect_registered(name text) returns setof rowhook.finding
  language sql
  stable
  security definer
  set search_path = pg_catalog, pg_temp
as $$
  -- Who owns the table is a question to whoever would enable it.
  select f.* from rowhook.subscribable_table t
  cross join lateral rowhook.inspect_table(format('%I.%I', t.schema_name, t.relation_name), t.company_column) f
  where t.name = inspect_registered.name and f."check" <> 'owner'
$$;
comment on function rowhook.inspect_registered(text) is 'What inspect_table says of a table that is registered, for the service, which may not ask about others. No row: there is none of that name.';

create function rowhook.needed_change(target oid, asked jsonb, out to_set oid[], out behind oid[], out to_lock oid[])
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
begin
  to_set := rowhook.members_to_set(target, asked ->> 'replica_identity');
  select coalesce(array_agg(b), '{}') into behind
  from unnest(rowhook.left_behind(rowhook.registered_name(target, asked), target)) as b
  join pg_class c on c.oid = b where pg_has_role(current_user, c.relowner, 'usage');
  to_lock := case
    when rowhook.is_published(target) and to_set = '{}' and behind = '{}' then '{}'
    else rowhook.members(target) || behind
  end;
end
$$;
comment on function rowhook.needed_change(oid, jsonb) is 'Whose identity rowhook.enable_table will set, what it will give back, and what it must lock for that: nothing where all is well.';

create function rowhook.must_be_told_again(target oid) returns boolean
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  -- A running walsender goes on with the name of a partitioned table that it has told once, and on 14 with whether a table is a partition
  -- of it, until the publication changes.
  select c.relkind = 'p' and rowhook.is_published(target) and (
    (registered.schema_name, registered.relation_name) <> (n.nspname, c.relname)
    or exists (select from unnest(rowhook.members(target)) m where m not in (select e.relation from rowhook.enabled_relation e))
    or exists (select from rowhook.enabled_relation e where e.table_name = registered.name and e.relation <> all (rowhook.members(target))))
  from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join rowhook.registration_of(target) registered where c.oid = target
$$;
comment on function rowhook.must_be_told_again(oid) is 'Whether a partitioned table that is published already has another name or other partitions than when it was enabled.';

create function rowhook.enable_table(
  relation text,
  company_column text default 'companyId',
  name text default null,
  module text default null,
  label text default null,
  replica_identity text default 'full'
) returns rowhook.subscribable_table
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
as $$
#variable_conflict use_column
declare
  target constant oid := rowhook.resolve_relation(enable_table.relation);
  asked constant jsonb := jsonb_build_object(
    'name', enable_table.name, 'company_column', enable_table.company_column, 'module', enable_table.module,
    'label', enable_table.label, 'replica_identity', coalesce(enable_table.replica_identity, 'full'));
  result rowhook.subscribable_table;
  change record;
  locked oid[] := '{}';
  tell_again boolean;
begin
  -- Refused before any lock is asked for, and checked again under it.
  perform rowhook.registered_name(target, asked);
  perform rowhook.require_checks(target, asked, tell => true);
  perform rowhook.lock_tables(array['rowhook.subscribable_table'::regclass::oid], '{}');
  loop
    select * into change from rowhook.needed_change(target, asked);
    exit when change.to_lock <@ locked;
    perform rowhook.lock_tables(change.to_lock, change.to_set || change.behind);
    perform rowhook.require_checks(target, asked, tell => false);
    locked := locked || change.to_lock;
  end loop;

  tell_again := rowhook.must_be_told_again(target);
  result := rowhook.register_table(target, asked);
  perform rowhook.release_relation(b) from unnest(change.behind) as b;
  delete from rowhook.enabled_relation e
  where e.table_name = result.name and e.relation not in (select unnest(rowhook.members(target)));
  perform rowhook.take_relation(result, target, m) from unnest(rowhook.members(target)) as m;
  if tell_again then
    perform rowhook.change_publication(target, 'drop');
  end if;
  if not rowhook.is_published(target) then
    perform rowhook.change_publication(target, 'add');
  end if;
  if locked <> '{}' then
    perform rowhook.require_writes(target, rowhook.members(target));
  end if;
  return result;
end
$$;
comment on function rowhook.enable_table(text, text, text, text, text, text) is
  'Lets webhooks watch a table: registers it, sets its replica identity, publishes it. Idempotent. Run by its owner, a member of rowhook_dba. Gives up after 2 s when somebody holds the table.
relation: the exact name first (salesOrder, erp.salesOrder), then as SQL reads it (erp."Sales Order"). Without a schema: the one table of that name.
company_column: the column that says which company a row belongs to; null: rows of this table belong to no company.
name: what webhooks and payloads call the table; null: as it is called.
module: the part of the application it belongs to, for people.
label: what people call it.
replica_identity: full, keep (leave it as it is), or the name of an index that contains the company column.';

create function rowhook.disable_table(relation text) returns rowhook.subscribable_table
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
as $$
declare
  known rowhook.subscribable_table := rowhook.registered_table(relation);
  target constant oid := rowhook.registered_relation(known.name);
  parts oid[];
  to_restore oid[];
  foreign_owner rowhook.finding;
begin
  select * into foreign_owner from rowhook.check_rights(target) f where f.status = 'fail' limit 1;
  if not (select pg_has_role(current_user, c.relowner, 'usage') from pg_class c where c.oid = target) then
    raise exception '%', foreign_owner.detail
      using errcode = '42501', detail = 'Nothing was changed.', hint = foreign_owner.remedy;
  end if;

  perform rowhook.lock_tables(array['rowhook.subscribable_table'::regclass::oid], '{}');
  select coalesce(array_agg(c.oid order by c.oid = target desc, c.oid), '{}'),
    coalesce(array_agg(c.oid) filter (where rowhook.still_has_identity(c.oid, e.set_identity)), '{}')
  into parts, to_restore
  from pg_class c left join rowhook.enabled_relation e on e.relation = c.oid and e.table_name = known.name
  where e.relation is not null or c.oid = target;

  perform rowhook.lock_tables(p.oids, to_restore)
  from (
    select array_agg(o order by o = target desc, o) as oids from unnest(parts) as o join pg_class c on c.oid = o
    where (rowhook.is_published(target) or rowhook.is_published(o) or o = any (to_restore))
      and pg_has_role(current_user, c.relowner, 'usage')
  ) as p
  where p.oids is not null;
  perform rowhook.release_relation(p.oid) from unnest(parts) with ordinality as p(oid, position) order by p.position;
  delete from rowhook.enabled_relation e where e.table_name = known.name;
  update rowhook.subscribable_table t set enabled = false where t.name = known.name and t.enabled;
  select t.* into known from rowhook.subscribable_table t where t.name = known.name;
  return known;
end
$$;
comment on function rowhook.disable_table(text) is
  'Takes a table out of the publication and restores the replica identity it had, if it is still the one that rowhook set. Its row and its webhooks stay. Works for a table that was dropped, too.
relation: as for rowhook.enable_table, or the name under which it was enabled.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.check_registration(oid, rowhook.subscribable_table, jsonb),
  rowhook.inspect_table(text, text),
  rowhook.needed_change(oid, jsonb),
  rowhook.must_be_told_again(oid),
  rowhook.enable_table(text, text, text, text, text, text),
  rowhook.disable_table(text)
to rowhook_dba;
grant execute on function rowhook.inspect_registered(text) to rowhook_service, rowhook_dba;
