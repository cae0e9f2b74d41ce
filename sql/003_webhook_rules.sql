-- What a constraint can only forbid, said so that people can mend it: which rule, and the statement or value that satisfies
-- it. The constraints stay as the proof; these triggers speak first.

create function rowhook.check_webhook() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  rule text;
  problem text;
  advice text;
begin
  if new.id is null or new.id !~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$' then
    rule := 'webhook_id_form';
    problem := 'the id of a webhook is 1 to 128 letters, digits, "_", ".", ":" or "-", and begins with a letter or digit';
    advice := 'Choose such an id, or leave it out and get one.';
  elsif new.name is null or new.name !~ '\S' then
    rule := 'webhook_name_not_empty';
    problem := 'a webhook needs a name';
    advice := 'Set name to something that people will recognise in a list.';
  elsif new.all_companies is not true and coalesce(new.company_id, '') = '' then
    rule := 'webhook_company_or_all_companies';
    problem := format('webhook "%s" has neither a company nor all_companies', new.name);
    advice := 'Set company_id, or select set_config(''rowhook.company_id'', ''<company>'', true) in this transaction, or all_companies = true.';
  elsif new.all_companies and new.company_id is not null then
    rule := 'webhook_company_or_all_companies';
    problem := format('webhook "%s" has a company and all_companies', new.name);
    advice := 'Set company_id to null, or all_companies to false.';
  elsif (new.on_insert or new.on_update or new.on_delete or new.on_truncate) is not true then
    rule := 'webhook_has_trigger';
    problem := format('webhook "%s" would never be sent: no trigger is chosen', new.name);
    advice := 'Set at least one of on_insert, on_update, on_delete and on_truncate to true.';
  elsif length(new.pause_reason) > 500 then
    rule := 'webhook_pause_reason_length';
    problem := format('the pause_reason of webhook "%s" has %s characters', new.name, length(new.pause_reason));
    advice := 'Say it in 500 or fewer.';
  elsif new.breaker not in ('off', 'wait', 'drop') then
    rule := 'webhook_breaker_known';
    problem := format('the breaker of webhook "%s" is none of off, wait and drop', new.name);
    advice := 'Choose one of them, or null: as the operator chose for all.';
  elsif new.concurrency not between 1 and 100 then
    rule := 'webhook_concurrency_range';
    problem := format('the concurrency of webhook "%s" is not between 1 and 100', new.name);
    advice := 'Choose how many POSTs may be out at a time, or null: 32.';
  elsif rowhook.url_problem(new.url) is not null then
    rule := 'webhook_url_form';
    problem := format('the URL of webhook "%s" is not usable: %s', new.name, rowhook.url_problem(new.url));
    advice := 'Write it as https://host/path; a token belongs into the path or the query, not before an @.';
  else
    return new;
  end if;
  raise exception '%', problem
    using errcode = '23514', hint = advice, schema = 'rowhook', table = 'webhook', constraint = rule;
end
$$;
comment on function rowhook.check_webhook() is 'Trigger: says which rule a webhook breaks, and how to mend it.';

create function rowhook.check_webhook_name() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  other_id text;
begin
  -- An upsert deals with the same name itself, unless it hides in a function.
  if tg_op = 'INSERT' and current_query() ~* '\mon\s+conflict\M' then
    return new;
  end if;
  -- Under row-level security these are the company's own webhooks. The same id is another rule's matter.
  select w.id into other_id from rowhook.webhook w
  where w.name = new.name and w.id <> new.id
    and case when new.all_companies then w.all_companies else w.company_id = new.company_id end;
  if found then
    raise exception '%', case when new.all_companies then format('a webhook for all companies is already named "%s"', new.name)
        else format('company "%s" already has a webhook named "%s"', new.company_id, new.name) end
      using errcode = '23505', schema = 'rowhook', table = 'webhook',
        constraint = case when new.all_companies then 'webhook_name_unique_for_all_companies' else 'webhook_name_unique_in_company' end,
        hint = format('Choose another name, or update that one: update rowhook.webhook set … where id = %L;', other_id);
  end if;
  return new;
end
$$;
comment on function rowhook.check_webhook_name() is 'Trigger: says which webhook has the name already. Of two at the same moment the constraint refuses one.';

create function rowhook.check_webhook_table() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
declare
  watched record;
begin
  select t.schema_name, t.relation_name, t.company_column, t.enabled into watched
  from rowhook.subscribable_table t where t.name = new.table_name;
  if not found then
    raise exception 'no table is registered under the name "%"', new.table_name
      using errcode = '23503', schema = 'rowhook', table = 'webhook', constraint = 'webhook_table_known',
        detail = coalesce('Registered: ' || (select string_agg(t.name, ', ' order by t.name) from rowhook.subscribable_table t) || '.',
          'No table is registered yet.'),
        hint = format('Its owner, a member of rowhook_dba, runs: select rowhook.enable_table(%L);', new.table_name);
  elsif not watched.enabled then
    raise exception 'table "%" is not enabled: webhook "%" would never be sent', new.table_name, new.name
      using errcode = '55000', schema = 'rowhook', table = 'webhook', constraint = 'webhook_table_known',
        hint = format('Its owner, a member of rowhook_dba, runs: select rowhook.enable_table(%L, company_column => %L);',
          watched.schema_name || '.' || watched.relation_name, watched.company_column);
  end if;
  return new;
end
$$;
comment on function rowhook.check_webhook_table() is 'Trigger: a new webhook, or one that moves, needs a table that is enabled.';

create function rowhook.stamp_webhook() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if (new.id, new.uid, new.company_id, new.all_companies) is distinct from (old.id, old.uid, old.company_id, old.all_companies) then
    raise exception 'id, uid, company_id and all_companies of a webhook cannot change (webhook "%")', old.name
      using errcode = '23514', schema = 'rowhook', table = 'webhook',
        hint = 'Delete this webhook and create another one; what is counted and queued belongs to the old one.';
  end if;
  new.revision := old.revision + 1;
  if new.active then
    new.pause_reason := null;
  end if;
  new.created_at := old.created_at;
  new.created_by := old.created_by;
  new.updated_at := now();
  new.updated_by := current_user;
  return new;
end
$$;
comment on function rowhook.stamp_webhook() is 'Trigger: keeps what cannot change, counts the revision, notes who and when.';

create function rowhook.guard_subscribable_table() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'DELETE' then
    if old.enabled then
      raise exception 'table "%" is enabled', old.name
        using errcode = '55000', hint = format('First run: select rowhook.disable_table(%L);', old.schema_name || '.' || old.relation_name);
    end if;
    return old;
  end if;
  if new.name <> old.name then
    raise exception 'the name of table "%" cannot change: webhooks and payloads carry it', old.name using errcode = '23514';
  end if;
  new.created_at := old.created_at;
  new.updated_at := now();
  return new;
end
$$;
comment on function rowhook.guard_subscribable_table() is 'Trigger: a name never changes, and only a disabled table can be forgotten.';

create function rowhook.refuse_truncate() returns trigger
  language plpgsql
  set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception 'rowhook.% cannot be truncated', tg_table_name
    using errcode = '55000', hint = format('Use: delete from rowhook.%I;', tg_table_name);
end
$$;
comment on function rowhook.refuse_truncate() is 'Trigger: the log tells of a TRUNCATE without its rows, and the service must know each one.';

create trigger check_webhook before insert or update on rowhook.webhook
  for each row execute function rowhook.check_webhook();
create trigger check_webhook_insert_table before insert on rowhook.webhook
  for each row execute function rowhook.check_webhook_table();
create trigger check_webhook_insert_name before insert on rowhook.webhook
  for each row execute function rowhook.check_webhook_name();
create trigger check_webhook_update_name before update of name on rowhook.webhook
  for each row when (new.name is distinct from old.name) execute function rowhook.check_webhook_name();
create trigger check_webhook_update_table before update of table_name on rowhook.webhook
  for each row when (new.table_name is distinct from old.table_name) execute function rowhook.check_webhook_table();
create trigger stamp_webhook before update on rowhook.webhook
  for each row execute function rowhook.stamp_webhook();
create trigger refuse_truncate before truncate on rowhook.webhook
  for each statement execute function rowhook.refuse_truncate();

create trigger guard_subscribable_table before update or delete on rowhook.subscribable_table
  for each row execute function rowhook.guard_subscribable_table();
create trigger refuse_truncate before truncate on rowhook.subscribable_table
  for each statement execute function rowhook.refuse_truncate();

revoke all on all functions in schema rowhook from public;
