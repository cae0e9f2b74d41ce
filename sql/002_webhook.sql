-- What people configure: the tables that may be watched, and the webhooks. Both are published, so the service reads them
-- in commit order with the data itself; identity full, because a long value that did not change is else not in the log.

create table rowhook.subscribable_table (
  name text primary key,
  schema_name text not null,
  relation_name text not null,
  company_column text,
  module text,
  label text,
  enabled boolean not null,
  replica_identity text not null,
  log_bodies boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint subscribable_table_relation_unique unique (schema_name, relation_name),
  constraint subscribable_table_name_not_empty check (name <> '')
);
alter table rowhook.subscribable_table replica identity full;

comment on table rowhook.subscribable_table is 'The tables that webhooks may watch. Written by rowhook.enable_table and rowhook.disable_table.';
comment on column rowhook.subscribable_table.name is 'What webhooks and payloads call the table. Never changes.';
comment on column rowhook.subscribable_table.company_column is 'The column that says which company a row belongs to; null: rows of this table belong to no company.';
comment on column rowhook.subscribable_table.module is 'The part of the application it belongs to, for people.';
comment on column rowhook.subscribable_table.enabled is 'Whether the table is in the publication. A disabled table keeps its row and its webhooks.';
comment on column rowhook.subscribable_table.replica_identity is 'What was asked for: full, keep, or the name of an index.';
comment on column rowhook.subscribable_table.log_bodies is 'Whether the delivery log keeps bodies and answers of this table''s deliveries. To be updated by members of rowhook_dba.';
comment on column rowhook.subscribable_table.schema_name is 'The schema it had when it was enabled last.';
comment on column rowhook.subscribable_table.relation_name is 'The table''s own name then.';
comment on column rowhook.subscribable_table.label is 'What people call it.';
comment on column rowhook.subscribable_table.created_at is 'When it was enabled first.';
comment on column rowhook.subscribable_table.updated_at is 'When the row changed last.';

grant select on rowhook.subscribable_table to rowhook_service, rowhook_dba;
grant insert, update, delete on rowhook.subscribable_table to rowhook_dba;
grant select (name, schema_name, relation_name, company_column, module, label, enabled) on rowhook.subscribable_table to rowhook_app;

create table rowhook.enabled_relation (
  relation regclass primary key,
  table_name text not null references rowhook.subscribable_table (name) on delete cascade,
  is_partition boolean not null,
  previous_identity text,
  set_identity text,
  constraint enabled_relation_identities check ((previous_identity is null) = (set_identity is null))
);
create index enabled_relation_table_name on rowhook.enabled_relation (table_name);

comment on table rowhook.enabled_relation is 'What an enabled table consists of: the table, and of a partitioned one every partition that there was; with the replica identity to restore.';
comment on column rowhook.enabled_relation.relation is 'A reference, not a name: it stays with a table that is renamed or moved to another schema.';
comment on column rowhook.enabled_relation.is_partition is 'True: it was enabled as a partition of the table; it may be detached since.';
comment on column rowhook.enabled_relation.previous_identity is 'What rowhook.disable_table restores: default, nothing, full or index:<name>. Null: nothing was changed.';
comment on column rowhook.enabled_relation.set_identity is 'The identity that rowhook set. Restored only while it is still this one.';
comment on column rowhook.enabled_relation.table_name is 'The row in rowhook.subscribable_table.';

grant select on rowhook.enabled_relation to rowhook_service;
grant select, insert, update, delete on rowhook.enabled_relation to rowhook_dba;

create function rowhook.url_problem(url text) returns text
  language sql
  immutable
  parallel safe
  set search_path = pg_catalog, pg_temp
as $$
  select case
    when url is null or url = '' then 'it is empty'
    when length(url) > 4096 then 'it is longer than 4096 characters'
    when url ~ '[[:space:][:cntrl:]]' then 'it contains white space or a control character'
    when url !~* '^https?://' then 'it begins with neither https:// nor http://'
    when url ~* '^https?://[^/?#]*@' then 'it contains a user name or password before an @'
    when url !~* '^https?://(\[[0-9a-f:.]+\]|[^][/?#@:\\]+)(:[0-9]{1,5})?([/?#]|$)' then 'it has no host name'
    when substring(url from '(?i)^https?://(?:\[[^]]*\]|[^/?#:]*):([0-9]{1,5})')::integer > 65535 then 'its port is above 65535'
  end
$$;
comment on function rowhook.url_problem(text) is 'What is wrong with the form of a webhook''s URL; null: nothing. Never repeats the URL, which is a secret.
url: what would be stored in rowhook.webhook.url.';
revoke all on function rowhook.url_problem(text) from public;
grant execute on function rowhook.url_problem(text) to rowhook_service, rowhook_app;

create table rowhook.webhook (
  id text constraint webhook_pkey primary key default 'wh_' || replace(gen_random_uuid()::text, '-', ''),
  uid bigint not null generated always as identity constraint webhook_uid_unique unique,
  revision bigint not null default 1,
  company_id text default nullif(current_setting('rowhook.company_id', true), ''),
  all_companies boolean not null default false,
  name text not null,
  table_name text not null constraint webhook_table_known references rowhook.subscribable_table (name),
  url text not null,
  on_insert boolean not null default false,
  on_update boolean not null default false,
  on_delete boolean not null default false,
  on_truncate boolean not null default false,
  active boolean not null default true,
  pause_reason text,
  breaker text,
  concurrency integer,
  created_at timestamptz not null default now(),
  created_by text not null default current_user,
  updated_at timestamptz not null default now(),
  updated_by text not null default current_user,
  constraint webhook_id_form check (id ~ '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$'),
  constraint webhook_company_or_all_companies check ((company_id is null) = all_companies),
  constraint webhook_company_not_empty check (company_id <> ''),
  constraint webhook_name_not_empty check (name ~ '\S'),
  constraint webhook_url_form check (rowhook.url_problem(url) is null),
  constraint webhook_pause_reason_length check (length(pause_reason) <= 500),
  constraint webhook_breaker_known check (breaker in ('off', 'wait', 'drop')),
  constraint webhook_concurrency_range check (concurrency between 1 and 100),
  constraint webhook_has_trigger check (on_insert or on_update or on_delete or on_truncate),
  constraint webhook_name_unique_in_company unique (company_id, name)
);
alter table rowhook.webhook replica identity full;
create unique index webhook_name_unique_for_all_companies on rowhook.webhook (name) where all_companies;
create index webhook_table_name on rowhook.webhook (table_name);

comment on table rowhook.webhook is 'Who wants to be told about which changes, and where. A row sees the changes committed after its own commit.';
comment on column rowhook.webhook.id is 'Chosen by whoever inserts it, or made up. Cannot change.';
comment on column rowhook.webhook.uid is 'The number under which the service keeps its books: an id may come back after a delete, a uid never does.';
comment on column rowhook.webhook.revision is 'Grows by one with every update.';
comment on column rowhook.webhook.company_id is 'The company whose rows it sees; null for all_companies only. Cannot change. Default: the setting rowhook.company_id.';
comment on column rowhook.webhook.all_companies is 'Sees the rows of every company and those without one. Never for rowhook_app.';
comment on column rowhook.webhook.url is 'Where the POST goes: http or https, no user or password. Secret: it often carries a token.';
comment on column rowhook.webhook.on_truncate is 'Told when the whole table is emptied by TRUNCATE, whichever company''s rows it held. The payload has no row.';
comment on column rowhook.webhook.breaker is 'What happens after many failures in a row: off (each is sent all the same), wait (in the backlog) or drop (counted as errors), until one arrives again. Null: as ROWHOOK_BREAKER says.';
comment on column rowhook.webhook.concurrency is 'How many POSTs of it may be out at a time; 1: strictly one after the other. Null: 32.';
comment on column rowhook.webhook.active is 'False pauses it: what is committed meanwhile is counted as missed and never sent.';
comment on column rowhook.webhook.name is 'For people; unique in the company, and among those for all companies.';
comment on column rowhook.webhook.table_name is 'The table it watches: a name of rowhook.subscribable_table, which must be enabled.';
comment on column rowhook.webhook.on_insert is 'Told of each INSERT; at least one of the four is true.';
comment on column rowhook.webhook.on_update is 'Told of each UPDATE.';
comment on column rowhook.webhook.on_delete is 'Told of each DELETE.';
comment on column rowhook.webhook.created_at is 'When it was created. Set by rowhook, as the next three are.';
comment on column rowhook.webhook.created_by is 'The role that created it.';
comment on column rowhook.webhook.updated_at is 'When it was changed last.';
comment on column rowhook.webhook.updated_by is 'The role that changed it last.';
comment on column rowhook.webhook.pause_reason is 'Why it is paused, for people. Empties when it is active again.';

grant select, insert, update, delete on rowhook.webhook to rowhook_service;
grant select (id, uid, revision, company_id, all_companies, name, table_name, on_insert, on_update, on_delete, on_truncate, active,
  pause_reason, breaker, concurrency, created_at, created_by, updated_at, updated_by) on rowhook.webhook to rowhook_dba;
grant select (id, uid, revision, company_id, all_companies, name, table_name, url, on_insert, on_update, on_delete, on_truncate, active,
  pause_reason, breaker, concurrency, created_at, created_by, updated_at, updated_by) on rowhook.webhook to rowhook_app;
grant insert (id, company_id, name, table_name, url, on_insert, on_update, on_delete, on_truncate, active, pause_reason, breaker, concurrency) on rowhook.webhook
  to rowhook_app;
grant update (name, table_name, url, on_insert, on_update, on_delete, on_truncate, active, pause_reason, breaker, concurrency) on rowhook.webhook
  to rowhook_app;
grant delete on rowhook.webhook to rowhook_app;

-- Forced, so that it binds the owner too: views run with the owner's rights (on 14 there is no other way), hence its policy.
alter table rowhook.webhook enable row level security;
alter table rowhook.webhook force row level security;
create policy webhook_owner on rowhook.webhook to current_user using (true) with check (true);
create policy webhook_service on rowhook.webhook to rowhook_service
  using (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id))
  with check (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id));
create policy webhook_dba on rowhook.webhook for select to rowhook_dba using (true);
create policy webhook_app on rowhook.webhook to rowhook_app
  using (company_id = nullif(current_setting('rowhook.company_id', true), ''))
  with check (company_id = nullif(current_setting('rowhook.company_id', true), '') and not all_companies);
comment on policy webhook_owner on rowhook.webhook is 'Whoever installed rowhook: migrations and the views run as this role.';
comment on policy webhook_service on rowhook.webhook is 'All; while the API works for one company, which it puts into rowhook.only_company_id, that company''s.';
comment on policy webhook_app on rowhook.webhook is 'The company of set_config(''rowhook.company_id'', …); unset or empty means none.';
