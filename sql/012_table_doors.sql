-- The DBA's doors: rowhook.inspect_table, enable_table, disable_table. They run with the caller's rights, wait at most two
-- seconds for a lock, and do all of it or nothing.

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
begin
  begin
    target := rowhook.resolve_relation(relation);
  exception when undefined_table or ambiguous_alias then
    get stacked diagnostics problem = message_text, candidates = pg_exception_detail, advice = pg_exception_hint;
    return query select 'relation', 'fail', problem || coalesce('. ' || nullif(candidates, ''), ''), nullif(advice, '');
    return;
  end;

  select t.* into registered from rowhook.subscribable_table t
  where t.schema_name || '.' || t.relation_name = rowhook.full_name(target);
  -- The parameter's default says nothing about a table that was enabled with another column.
  if registered.enabled and company_column = 'companyId' then
    company_column := registered.company_column;
  end if;
  asked := jsonb_build_object('company_column', company_column,
    'replica_identity', case when registered.enabled then registered.replica_identity else 'full' end);

  return query select * from rowhook.check_relation(target, asked);
  -- Of what can be no table to watch nothing else is worth knowing; an unlogged table can be mended.
  if exists (select from rowhook.check_relation(target, asked) f where f.status = 'fail')
    and not exists (select from pg_class c where c.oid = target and c.relkind = 'r' and c.relpersistence = 'u') then
    return;
  end if;
  return query select 'registered', 'ok', case
    when registered.enabled then format('enabled as "%s" (last changed %s)', registered.name, date_trunc('second', registered.updated_at))
    when registered.name is not null then format('known as "%s", disabled', registered.name)
    else 'not yet' end, null;
  return query select * from rowhook.check_rights(target);
  return query select * from rowhook.check_company_column(target, asked);
  return query select * from rowhook.check_identity(target, asked);
  return query select * from rowhook.check_keys(target);
  return query select * from rowhook.check_publication(target, asked);
  return query select * from rowhook.check_cost(target);
end
$$;
comment on function rowhook.inspect_table(text, text) is 'What enabling this table needs and costs, a row per check; changes nothing and waits for no lock on the table.';

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
  wanted constant text := rowhook.wanted_identity(target, asked ->> 'replica_identity');
  identity text := rowhook.replica_identity_of(target);
  must_set boolean := identity <> wanted;
  awaited oid := 'rowhook.subscribable_table'::regclass;
  result rowhook.subscribable_table;
  problem text;
begin
  -- Refused before any lock is asked for, and checked again under it.
  perform rowhook.registered_name(target, asked);
  perform rowhook.require_checks(target, asked, tell => true);
  begin
    lock table rowhook.subscribable_table in share row exclusive mode;
    awaited := target;
    if must_set or not rowhook.is_published(target) then
      perform rowhook.lock_table(target, exclusive => must_set);
      perform rowhook.require_checks(target, asked, tell => false);
      identity := rowhook.replica_identity_of(target);
      must_set := identity <> wanted;
    end if;

    result := rowhook.register_table(target, identity, asked);
    if must_set then
      perform rowhook.set_identity(target, wanted);
    end if;
    if not rowhook.is_published(target) then
      execute format('alter publication rowhook add table only %s', target::regclass);
    end if;

    problem := rowhook.write_problem(target);
    if problem is not null then
      raise exception 'the application could not write % any more: %', target::regclass, problem
        using errcode = '55000', detail = 'Nothing was changed.',
          hint = format('See what publishes the table: select * from rowhook.inspect_table(%L);', rowhook.full_name(target));
    end if;
  exception when lock_not_available then
    perform rowhook.raise_lock_held(awaited, exclusive => must_set or awaited <> target);
  end;
  return result;
end
$$;
comment on function rowhook.enable_table(text, text, text, text, text, text) is
  'Lets webhooks watch a table: registers it, sets its replica identity, publishes it. Idempotent. Run by its owner, a member of rowhook_dba. Gives up after 2 s when somebody holds the table.';

create function rowhook.disable_table(relation text) returns rowhook.subscribable_table
  language plpgsql
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
as $$
declare
  known rowhook.subscribable_table := rowhook.registered_table(relation);
  target constant oid := to_regclass(format('%I.%I', known.schema_name, known.relation_name));
  restores boolean := coalesce(rowhook.replica_identity_of(target) = known.set_identity, false);
  awaited oid := 'rowhook.subscribable_table'::regclass;
  foreign_owner rowhook.finding;
begin
  select * into foreign_owner from rowhook.check_rights(target) f where f.status = 'fail';
  if found then
    raise exception '%', foreign_owner.detail
      using errcode = '42501', detail = 'Nothing was changed.', hint = foreign_owner.remedy;
  end if;

  begin
    lock table rowhook.subscribable_table in share row exclusive mode;
    awaited := target;
    if restores or rowhook.is_published(target) then
      perform rowhook.lock_table(target, exclusive => restores);
    end if;
    if rowhook.is_published(target) then
      execute format('alter publication rowhook drop table only %s', target::regclass);
    end if;
    if restores and rowhook.replica_identity_of(target) = known.set_identity then
      perform rowhook.restore_identity(target, known.previous_identity);
    end if;
    update rowhook.subscribable_table t
    set enabled = false, previous_identity = null, set_identity = null
    where t.name = known.name and (t.enabled or t.set_identity is not null);
    select t.* into known from rowhook.subscribable_table t where t.name = known.name;
  exception when lock_not_available then
    perform rowhook.raise_lock_held(awaited, exclusive => restores or awaited is distinct from target);
  end;
  return known;
end
$$;
comment on function rowhook.disable_table(text) is
  'Takes a table out of the publication and restores the replica identity it had, if it is still the one that rowhook set. Its row and its webhooks stay. Works for a table that was dropped, too.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.inspect_table(text, text),
  rowhook.enable_table(text, text, text, text, text, text),
  rowhook.disable_table(text)
to rowhook_dba;
