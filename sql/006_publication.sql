-- The publication, with the two configuration tables in it; rowhook.enable_table adds the application's. It exists before any slot:
-- on Postgres 14 to 17 a publication that is missing at a point of the log stops the stream there for ever.
-- It belongs to rowhook_dba, which needs CREATE on the database for that.

do $$
declare
  options text := 'publish = ''insert, update, delete, truncate'', publish_via_partition_root = true';
begin
  if exists (select from pg_catalog.pg_publication where pubname = 'rowhook') then
    raise exception 'a publication named "rowhook" exists already, and this installation did not make it'
      using errcode = '42710', hint = 'If nothing else uses it, drop it: drop publication rowhook;';
  end if;

  -- From 18 on: without it, identity full beside a stored generated column makes every UPDATE of the application fail.
  if current_setting('server_version_num')::integer >= 180000 then
    options := options || ', publish_generated_columns = stored';
  end if;
  execute format('create publication rowhook for table rowhook.webhook, rowhook.subscribable_table with (%s)', options);

  if not has_database_privilege('rowhook_dba', current_database(), 'create') then
    execute format('grant create on database %I to rowhook_dba', current_database());
  end if;
  if not has_database_privilege('rowhook_dba', current_database(), 'create') then
    raise exception 'role "%" may not let rowhook_dba create publications in database "%"', current_user, current_database()
      using errcode = '42501', hint = format('As the owner of the database run: grant create on database %I to rowhook_dba;', current_database());
  end if;
  alter publication rowhook owner to rowhook_dba;
end
$$;
comment on publication rowhook is 'What the service reads: rowhook''s configuration and every table enabled by rowhook.enable_table. Change it with those functions only.';

insert into rowhook.setting (name, value) values ('publication', '"rowhook"');
