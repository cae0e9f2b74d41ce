-- The pieces of rowhook.enable_table and rowhook.disable_table: refuse, lock, set the identity, prove that the application
-- can still write, and name whoever is in the way.

create function rowhook.require_checks(target oid, asked jsonb, tell boolean) returns void
  language plpgsql
  stable
  set search_path = pg_catalog, pg_temp
as $$
declare
  f rowhook.finding;
begin
  for f in
    select * from rowhook.check_relation(target, asked)
    union all select * from rowhook.check_rights(target)
    union all select * from rowhook.check_publication(target, asked)
    union all select * from rowhook.check_company_column(target, asked)
    union all select * from rowhook.check_identity(target, asked)
  loop
    if f.status = 'fail' then
      raise exception '%', f.detail
        using errcode = case f."check" when 'owner' then '42501' when 'company column' then '42703' else '55000' end,
          detail = 'Nothing was changed.',
          hint = coalesce(f.remedy, format('See: select * from rowhook.inspect_table(%L);', rowhook.full_name(target)));
    elsif f.status = 'warn' and tell then
      raise notice '%: %', f."check", f.detail;
    end if;
  end loop;
end
$$;
comment on function rowhook.require_checks(oid, jsonb, boolean) is 'Raises the first check that failed, its remedy as the hint; tells the warnings as notices.';

create function rowhook.lock_table(target oid, exclusive boolean) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  -- An open transaction that has written the table would be published in part, and older minor releases of Postgres could
  -- then go on without the table for ever. So writers are waited for even where the identity stays.
  execute format('lock table only %s in %s mode', target::regclass, case when exclusive then 'access exclusive' else 'share row exclusive' end);
end
$$;
comment on function rowhook.lock_table(oid, boolean) is 'The lock under which a table enters or leaves the publication; exclusive where its identity changes too.';

create function rowhook.raise_lock_held(target oid, exclusive boolean) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  holders text;
  advice text;
begin
  select string_agg(h.description, '; '), string_agg(h.remedy, ' ') into holders, advice
  from rowhook.lock_holders(target, exclusive) h;
  raise exception 'somebody else has held a lock on % for more than 2 s: nothing was changed', target::regclass
    using errcode = '55P03', detail = coalesce('Held by ' || holders || '.', 'It was released just now.'),
      hint = 'Run this again when that transaction has ended' || coalesce('; to end it: ' || advice, '.');
end
$$;
comment on function rowhook.raise_lock_held(oid, boolean) is 'Raises lock_not_available and names the holders.';

create function rowhook.set_identity(target oid, identity text) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('alter table only %s replica identity %s', target::regclass,
    case when identity like 'index:%' then format('using index %I', substr(identity, 7)) else identity end);
end
$$;
comment on function rowhook.set_identity(oid, text) is 'Sets what rowhook.replica_identity_of returns.';

create function rowhook.write_problem(target oid) returns text
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  column_name text;
  reason text;
begin
  select a.attname into column_name from pg_attribute a
  where a.attrelid = target and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a'
  order by a.attnum limit 1;
  -- EXPLAIN makes Postgres check the replica identity as for a real statement, but neither runs it nor fires a trigger.
  if column_name is not null then
    execute format('explain update only %s set %I = %I where false', target::regclass, column_name, column_name);
  end if;
  execute format('explain delete from only %s where false', target::regclass);
  return null;
exception
  when object_not_in_prerequisite_state or invalid_column_reference or feature_not_supported then
    get stacked diagnostics reason = pg_exception_detail;
    return sqlerrm || coalesce(': ' || nullif(reason, ''), '');
  when insufficient_privilege then
    return null;
end
$$;
comment on function rowhook.write_problem(oid) is 'Why the application''s own UPDATE or DELETE would fail as things stand; null: it would not.';

create function rowhook.restore_identity(target oid, identity text) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  problem text;
begin
  perform rowhook.set_identity(target, identity);
  problem := rowhook.write_problem(target);
  if problem is not null then
    raise exception '%', problem using errcode = '55000';
  end if;
exception
  -- Its index may be gone, or another publication may need the identity by now: then it stays.
  when object_not_in_prerequisite_state or undefined_object or wrong_object_type then
    raise warning 'the replica identity of % stays %: it cannot go back to % (%)',
      target::regclass, rowhook.replica_identity_of(target), identity, sqlerrm;
end
$$;
comment on function rowhook.restore_identity(oid, text) is 'Sets the identity that the table had, unless that would break the application''s writes.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.require_checks(oid, jsonb, boolean),
  rowhook.lock_table(oid, boolean),
  rowhook.raise_lock_held(oid, boolean),
  rowhook.set_identity(oid, text),
  rowhook.write_problem(oid),
  rowhook.restore_identity(oid, text)
to rowhook_dba;
