-- The schema, the three group roles and the installation's own notes.
-- Roles belong to the whole cluster: they may exist already, or be created in this moment by the installation of
-- another database. Nothing in this schema is ever granted to PUBLIC.

do $$
declare
  role_name text;
  missing text[] := '{}';
  purpose constant jsonb := '{
    "rowhook_service": "rowhook: what the service may do; its login role is a member",
    "rowhook_dba": "rowhook: enables, disables and inspects tables, and owns the publications; reads all but webhook URLs",
    "rowhook_app": "rowhook: webhooks of the company in the setting rowhook.company_id"
  }';
begin
  for role_name in select jsonb_object_keys(purpose) loop
    continue when exists (select from pg_catalog.pg_roles where rolname = role_name);
    begin
      execute format('create role %I nologin', role_name);
      execute format('comment on role %I is %L', role_name, purpose ->> role_name);
    exception
      when duplicate_object or unique_violation then
        null;
      when insufficient_privilege then
        missing := missing || role_name;
    end;
  end loop;

  if missing <> '{}' then
    raise exception 'role "%" may not create the group roles of rowhook', current_user
      using errcode = '42501',
        detail = format('Missing: %s.', array_to_string(missing, ', ')),
        hint = 'As a superuser run: '
          || (select string_agg(format('create role %I nologin; ', m), '') from unnest(missing) as m)
          || format('grant rowhook_dba to %I;', current_user);
  end if;
end
$$;

-- The publication will belong to rowhook_dba: who hands it over, and later migrations, must be a member.
do $$
begin
  if not pg_has_role(current_user, 'rowhook_dba', 'usage') then
    begin
      execute format('grant rowhook_dba to %I', current_user);
    exception when unique_violation then
      null;
    end;
  end if;
exception when insufficient_privilege then
  raise exception 'role "%" may not make itself a member of rowhook_dba', current_user
    using errcode = '42501',
      detail = 'The role exists already, and whoever installs rowhook must be a member of it.',
      hint = format('As a superuser run: grant rowhook_dba to %I;', current_user);
end
$$;

create schema rowhook;
comment on schema rowhook is 'rowhook: row changes become webhooks. Made and upgraded by `rowhook install`.';
grant usage on schema rowhook to rowhook_service, rowhook_dba, rowhook_app;

create table rowhook.migration (
  version integer primary key,
  name text not null,
  applied_at timestamptz not null default now()
);
comment on table rowhook.migration is 'The numbered files of sql/ that were applied to this database, one row each.';
comment on column rowhook.migration.version is 'The number of the file.';
comment on column rowhook.migration.name is 'The file.';
comment on column rowhook.migration.applied_at is 'When it was applied.';
grant select on rowhook.migration to rowhook_service, rowhook_dba, rowhook_app;

create table rowhook.setting (
  name text primary key,
  value jsonb not null,
  updated_at timestamptz not null default now()
);
comment on table rowhook.setting is 'The installation''s own settings: its publication, its slot. Never a secret.';
comment on column rowhook.setting.name is 'Which one: publication, delivery_log, and others that only the service reads.';
comment on column rowhook.setting.value is 'As JSON.';
comment on column rowhook.setting.updated_at is 'When it was set last.';
grant select, insert, update, delete on rowhook.setting to rowhook_service;
grant select on rowhook.setting to rowhook_dba;
