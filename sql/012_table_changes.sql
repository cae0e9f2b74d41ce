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
    union all select * from rowhook.check_partitions(target, asked)
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

create function rowhook.lock_tables(targets oid[], exclusive oid[]) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  ends_at constant timestamptz := clock_timestamp() + interval '2 s';
  -- Whoever waits for one table while others are locked already may be what the application waits for: ending sooner than
  -- Postgres looks for deadlocks, it is never the application's transaction that is rolled back for it.
  patience constant interval := 0.8 * current_setting('deadlock_timeout')::interval;
  wait_until timestamptz;
  ordered oid[] := targets;
  member oid;
begin
  loop
    begin
      wait_until := ends_at;
      foreach member in array ordered loop
        perform set_config('lock_timeout', greatest(1, (extract(epoch from wait_until - clock_timestamp()) * 1000)::integer)::text, true);
        -- An open transaction that has written the table would be published in part, and older minor releases of Postgres
        -- could then go on without the table for ever. So writers are waited for even where the identity stays.
        execute format('lock table only %s in %s mode', member::regclass,
          case when member = any (exclusive) then 'access exclusive' else 'share row exclusive' end);
        wait_until := least(wait_until, clock_timestamp() + patience);
      end loop;
      return;
    exception when lock_not_available or deadlock_detected then
      if clock_timestamp() + interval '10 ms' >= ends_at then
        perform rowhook.raise_lock_held(targets, exclusive);
      end if;
      -- Next time it is the first, so that nothing of the application's waits behind us meanwhile.
      ordered := member || array_remove(ordered, member);
    end;
  end loop;
end
$$;
comment on function rowhook.lock_tables(oid[], oid[]) is 'The lock under which tables enter or leave the publication, on all or none within two seconds; exclusive where their identity changes, too.';

create function rowhook.raise_lock_held(targets oid[], exclusive oid[]) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  holders text;
  advice text;
begin
  select string_agg(h.description, '; '), string_agg(h.remedy, ' ') into holders, advice
  from rowhook.lock_holders(targets, exclusive) h;
  raise exception 'somebody else has held a lock on % for more than 2 s: nothing was changed', targets[1]::regclass
    using errcode = '55P03', detail = coalesce('Held by ' || holders || '.', 'It was released just now.'),
      hint = 'Run this again when that transaction has ended' || coalesce('; to end it: ' || advice, '.');
end
$$;
comment on function rowhook.raise_lock_held(oid[], oid[]) is 'Raises lock_not_available and names the holders.';

create function rowhook.change_publication(target oid, verb text) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('alter publication rowhook %s table only %s', verb, target::regclass);
exception when lock_not_available then
  perform rowhook.raise_lock_held(array[target], array[target]);
end
$$;
comment on function rowhook.change_publication(oid, text) is 'Adds a table or drops it.';

create function rowhook.identity_statement(target oid, identity text) returns text
  language sql
  stable
  set search_path = pg_catalog, pg_temp
as $$
  select format('alter table only %s replica identity %s;', target::regclass,
    case when identity like 'index:%' then format('using index %I', substr(identity, 7)) else identity end)
$$;
comment on function rowhook.identity_statement(oid, text) is 'The statement that sets what rowhook.replica_identity_of returns.';

create function rowhook.set_identity(target oid, identity text) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  execute rowhook.identity_statement(target, identity);
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

create function rowhook.require_writes(target oid, members oid[]) returns void
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  member oid;
  problem text;
begin
  foreach member in array members loop
    problem := rowhook.write_problem(member);
    if problem is not null then
      raise exception 'the application could not write % any more: %', member::regclass, problem
        using errcode = '55000', detail = 'Nothing was changed.',
          hint = format('See what publishes the table: select * from rowhook.inspect_table(%L);', rowhook.full_name(target));
    end if;
  end loop;
exception when lock_not_available then
  perform rowhook.raise_lock_held(array[target] || members, members);
end
$$;
comment on function rowhook.require_writes(oid, oid[]) is 'Raises when UPDATE or DELETE of the table or one of its partitions would fail as things stand.';

revoke all on all functions in schema rowhook from public;
grant execute on function
  rowhook.require_checks(oid, jsonb, boolean),
  rowhook.lock_tables(oid[], oid[]),
  rowhook.raise_lock_held(oid[], oid[]),
  rowhook.change_publication(oid, text),
  rowhook.identity_statement(oid, text),
  rowhook.set_identity(oid, text),
  rowhook.write_problem(oid),
  rowhook.restore_identity(oid, text),
  rowhook.require_writes(oid, oid[])
to rowhook_dba;
