-- The service's books. Nothing here is published, nothing points at a table that people write (their locks must never stop a
-- claim), and every key is the webhook's uid. Only the service writes; whoever repairs by hand stops it first.

create table rowhook.fence (
  writer text primary key,
  term bigint not null
) with (fillfactor = 50);
comment on table rowhook.fence is 'One row per writing connection of the service: locked by every write, raised by a takeover, so that a process that lost can write nothing.';
comment on column rowhook.fence.writer is 'Which connection of the service.';
comment on column rowhook.fence.term is 'Which leader may write: it grows with every takeover.';
insert into rowhook.fence (writer, term) values ('claim', 0), ('spool', 0), ('fold', 0);
grant select, update on rowhook.fence to rowhook_service;

create table rowhook.journal (
  seq bigint primary key,
  body bytea not null
);
comment on table rowhook.journal is 'What is about to be sent, one row per group commit: append only, folded into counters, then trimmed.';
comment on column rowhook.journal.body is 'Packed (kind, uid, position), about 12 bytes a delivery. No record content.';
comment on column rowhook.journal.seq is 'The order of the group commits.';

create table rowhook.backlog (
  uid bigint not null,
  epoch integer not null,
  commit_lsn pg_lsn not null,
  index bigint not null,
  part smallint not null,
  webhook_id text not null,
  company_id text,
  table_name text not null,
  type text not null,
  row_company_id text,
  keys text[],
  payload bytea not null,
  stored_at timestamptz not null default now(),
  primary key (uid, epoch, commit_lsn, index, part)
) with (autovacuum_vacuum_scale_factor = 0.05);
comment on table rowhook.backlog is 'Deliveries of webhooks that are paused or cannot keep up, until they are claimed or dropped. Only the service writes.';
comment on column rowhook.backlog.commit_lsn is 'With epoch, index and part the change''s position.';
comment on column rowhook.backlog.company_id is 'The webhook''s; null for one of all companies.';
comment on column rowhook.backlog.row_company_id is 'The row''s, as in the payload.';
comment on column rowhook.backlog.keys is 'The records it touches, in whose order it is sent; null: all of the webhook''s.';
comment on column rowhook.backlog.payload is 'The body to POST, in UTF-8.';
comment on column rowhook.backlog.uid is 'The webhook''s number.';
comment on column rowhook.backlog.epoch is 'Of the change''s position: the stretch of the log it was read from.';
comment on column rowhook.backlog.index is 'Its place in the transaction.';
comment on column rowhook.backlog.part is '1: the INSERT side of a row that moved to this company; otherwise 0.';
comment on column rowhook.backlog.webhook_id is 'The webhook.';
comment on column rowhook.backlog.table_name is 'The table, as in the payload.';
comment on column rowhook.backlog.type is 'INSERT, UPDATE, DELETE or TRUNCATE.';
comment on column rowhook.backlog.stored_at is 'When it was put here; it is dropped when it is older than ROWHOOK_BACKLOG_MAX_AGE_MS.';

create table rowhook.counter (
  uid bigint primary key,
  claimed_count bigint not null default 0,
  success_count bigint not null default 0,
  error_count bigint not null default 0,
  missed_count bigint not null default 0,
  last_success_at timestamptz,
  last_error_at timestamptz,
  last_error text,
  backlog_count bigint not null default 0,
  backlog_bytes bigint not null default 0,
  backlog_since timestamptz,
  breaker_since timestamptz,
  breaker_probe_at timestamptz
) with (fillfactor = 70);
comment on table rowhook.counter is 'Totals per webhook, written by the fold; read them through rowhook.webhook_counter.';
comment on column rowhook.counter.backlog_count is 'Deliveries in rowhook.backlog, as of the last fold.';
comment on column rowhook.counter.backlog_since is 'When the oldest of them was stored; null while there is none.';
comment on column rowhook.counter.breaker_since is 'When the webhook''s breaker opened; null while it is closed.';
comment on column rowhook.counter.breaker_probe_at is 'When the next delivery is tried while it is open; null: the next one that comes.';
comment on column rowhook.counter.last_error is 'Begins with the outcome''s class; never a URL''s path.';
comment on column rowhook.counter.uid is 'The webhook''s number.';
comment on column rowhook.counter.claimed_count is 'Deliveries that were about to be sent, or were dropped.';
comment on column rowhook.counter.success_count is 'Those answered with 2xx.';
comment on column rowhook.counter.error_count is 'All others of them.';
comment on column rowhook.counter.missed_count is 'Changes committed while it was paused: never sent.';
comment on column rowhook.counter.last_success_at is 'When the last success was answered.';
comment on column rowhook.counter.last_error_at is 'When the last error happened.';
comment on column rowhook.counter.backlog_bytes is 'The size of their payloads.';

create table rowhook.loss (
  id bigint generated always as identity primary key,
  uid bigint,
  webhook_id text,
  company_id text,
  table_name text,
  reason text not null,
  count bigint,
  from_position text,
  to_position text,
  detail text,
  at timestamptz not null default now()
);
create index loss_company_id_at on rowhook.loss (company_id, at);
create index loss_at on rowhook.loss (at);
comment on table rowhook.loss is 'The ledger of what was never delivered, with the reason. Rows outlive their webhook.';
comment on column rowhook.loss.webhook_id is 'Null: undecidable for any webhook.';
comment on column rowhook.loss.count is 'How many deliveries; null: unknown (a gap in the log).';
comment on column rowhook.loss.from_position is 'First position it covers, as <epoch>-<commit LSN>-<index>.';
comment on column rowhook.loss.id is 'The order in which the rows were written.';
comment on column rowhook.loss.uid is 'The webhook''s number; null as webhook_id is.';
comment on column rowhook.loss.company_id is 'The webhook''s company; null for one of all companies, and where webhook_id is.';
comment on column rowhook.loss.table_name is 'The table, as in the payload; null for a failover.';
comment on column rowhook.loss.reason is 'Why: dns, refused, tls, timeout, reset, protocol, blocked_address, too_large, interrupted, deleted, backlog_full, backlog_too_old, breaker_open, undecidable, gap or failover.';
comment on column rowhook.loss.to_position is 'The last position it covers.';
comment on column rowhook.loss.detail is 'More about it, for people. Never a URL''s path.';
comment on column rowhook.loss.at is 'When it was written.';

create table rowhook.config_version (
  kind text not null,
  key text not null,
  epoch integer not null,
  commit_lsn pg_lsn not null,
  row jsonb,
  primary key (kind, key, epoch, commit_lsn),
  constraint config_version_kind_known check (kind in ('webhook', 'table'))
);
comment on table rowhook.config_version is 'Webhooks and tables as they were at each commit that changed them: a restart replays from before the newest one. Pruned below the floor.';
comment on column rowhook.config_version.row is 'The row as committed; null: gone. Holds the webhook''s URL, which is a secret.';
comment on column rowhook.config_version.kind is 'webhook or table.';
comment on column rowhook.config_version.key is 'The webhook''s uid, or the table''s name.';
comment on column rowhook.config_version.epoch is 'Of the commit''s position.';
comment on column rowhook.config_version.commit_lsn is 'The commit that changed it.';

create table rowhook.epoch (
  n integer primary key,
  system_id text not null,
  timeline integer not null,
  from_lsn pg_lsn not null,
  reason text not null,
  started_at timestamptz not null default now(),
  constraint epoch_reason_known check (reason in ('first start', 'accepted gap', 'switchover', 'failover'))
);
comment on column rowhook.epoch.from_lsn is 'Positions from here on are of this epoch: the slot''s start, or where the timeline before was left.';
comment on column rowhook.epoch.reason is 'switchover: proven that nothing was lost; failover: not proven, so what was not settled before it is interrupted.';
comment on table rowhook.epoch is 'Each stretch of one log: a new one when an operator accepts a new slot, and at every timeline change.';
comment on column rowhook.epoch.n is 'From 1; the first part of every change id.';
comment on column rowhook.epoch.system_id is 'The cluster''s system identifier.';
comment on column rowhook.epoch.timeline is 'The timeline of its log.';
comment on column rowhook.epoch.started_at is 'When it began.';

create table rowhook.state (
  one boolean primary key default true,
  epoch integer,
  floor_lsn pg_lsn,
  floor_index bigint,
  folded_seq bigint,
  trimmed_seq bigint,
  fold_no bigint,
  system_id text,
  timeline integer,
  database_oid oid,
  slot text,
  publication_options jsonb,
  leader_host text,
  leader_pid integer,
  leader_machine text,
  led_since timestamptz,
  claims_left_at timestamptz,
  updated_at timestamptz not null default now(),
  constraint state_one_row check (one)
) with (fillfactor = 50);
comment on table rowhook.state is 'Where the service stands, in one row: the floor, what is folded, and which server, database and slot it belongs to. Written by the fold only.';
comment on column rowhook.state.epoch is 'The one that the floor lies in; the newest is in rowhook.epoch.';
comment on column rowhook.state.floor_lsn is 'Everything up to (floor_lsn, floor_index) is settled.';
comment on column rowhook.state.folded_seq is 'The journal up to here is in the counters.';
comment on column rowhook.state.trimmed_seq is 'The journal up to here is deleted.';
comment on column rowhook.state.leader_host is 'Where the process runs that took the term last, and leader_pid which one it is: it need not live any more. Null: a command took it.';
comment on column rowhook.state.leader_machine is 'The boot of the machine, and the container, in which leader_pid means something.';
comment on column rowhook.state.claims_left_at is 'When a term was taken from a process that may live and had claims without an outcome: for two seconds from then the next one sends nothing.';
comment on column rowhook.state.fold_no is 'Grows by one with every fold, so that a fold whose answer was lost is not done twice.';
comment on column rowhook.state.one is 'There is one row.';
comment on column rowhook.state.floor_index is 'The place in that transaction.';
comment on column rowhook.state.system_id is 'The cluster that the books belong to.';
comment on column rowhook.state.timeline is 'The timeline that was read last.';
comment on column rowhook.state.database_oid is 'The database that the books belong to.';
comment on column rowhook.state.slot is 'The replication slot that is read.';
comment on column rowhook.state.publication_options is 'The publication''s options when the slot was made.';
comment on column rowhook.state.leader_pid is 'Its process id there.';
comment on column rowhook.state.led_since is 'When it took the term.';
comment on column rowhook.state.updated_at is 'When the last fold was written, once a second while anything happens.';

grant select, insert, update, delete on rowhook.journal, rowhook.counter, rowhook.config_version, rowhook.epoch, rowhook.state
  to rowhook_service;
grant select, insert, delete on rowhook.backlog to rowhook_service;
grant select, insert, delete, update (to_position) on rowhook.loss to rowhook_service;
grant select on rowhook.fence, rowhook.journal, rowhook.counter, rowhook.loss, rowhook.epoch, rowhook.state to rowhook_dba;
grant select (kind, key, epoch, commit_lsn) on rowhook.config_version to rowhook_dba;
grant select (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, row_company_id, keys, stored_at)
  on rowhook.backlog to rowhook_dba;
grant select (webhook_id, company_id, table_name, type, stored_at) on rowhook.backlog to rowhook_app;
grant select on rowhook.loss to rowhook_app;

alter table rowhook.loss enable row level security;
alter table rowhook.loss force row level security;
create policy loss_owner on rowhook.loss to current_user using (true) with check (true);
create policy loss_service on rowhook.loss to rowhook_service
  using (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id))
  with check (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id));
create policy loss_dba on rowhook.loss for select to rowhook_dba using (true);
create policy loss_app on rowhook.loss for select to rowhook_app
  using (company_id = nullif(current_setting('rowhook.company_id', true), ''));
comment on policy loss_app on rowhook.loss is 'The company of set_config(''rowhook.company_id'', …); unset or empty means none.';

alter table rowhook.backlog enable row level security;
alter table rowhook.backlog force row level security;
create policy backlog_owner on rowhook.backlog to current_user using (true) with check (true);
create policy backlog_service on rowhook.backlog to rowhook_service
  using (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id))
  with check (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id));
create policy backlog_dba on rowhook.backlog for select to rowhook_dba using (true);
create policy backlog_app on rowhook.backlog for select to rowhook_app
  using (company_id = nullif(current_setting('rowhook.company_id', true), ''));
comment on policy backlog_app on rowhook.backlog is 'The company of set_config(''rowhook.company_id'', …); unset or empty means none.';
