-- For people. A view runs with its owner's rights and sees every row, so each one asks who is looking: service and DBA see
-- all (the service one company's only while rowhook.only_company_id says so), everybody else the company of the setting.
-- Nobody sees more of a URL than its origin.

create view rowhook.webhook_counter with (security_barrier) as
select
  w.id as webhook_id,
  coalesce(c.claimed_count, 0) as claimed_count,
  coalesce(c.success_count, 0) as success_count,
  coalesce(c.error_count, 0) as error_count,
  coalesce(c.missed_count, 0) as missed_count,
  c.last_success_at,
  c.last_error_at,
  c.last_error
from rowhook.webhook w
left join rowhook.counter c on c.uid = w.uid
where (pg_has_role(current_user, 'rowhook_service', 'usage')
      and coalesce(current_setting('rowhook.only_company_id', true), '') in ('', w.company_id))
  or pg_has_role(current_user, 'rowhook_dba', 'usage')
  or w.company_id = nullif(current_setting('rowhook.company_id', true), '');
comment on view rowhook.webhook_counter is 'One row per webhook, zeros from its creation. claimed = success + error once it is idle.';
comment on column rowhook.webhook_counter.missed_count is 'Committed while it was paused: never sent.';
comment on column rowhook.webhook_counter.webhook_id is 'The webhook.';
comment on column rowhook.webhook_counter.claimed_count is 'Deliveries that were about to be sent, or were dropped.';
comment on column rowhook.webhook_counter.success_count is 'Those answered with 2xx.';
comment on column rowhook.webhook_counter.error_count is 'All others of them.';
comment on column rowhook.webhook_counter.last_success_at is 'When the last success was answered.';
comment on column rowhook.webhook_counter.last_error_at is 'When the last error happened.';
comment on column rowhook.webhook_counter.last_error is 'What it was. Begins with the outcome''s class; never a URL''s path.';

create view rowhook.webhook_health with (security_barrier) as
select
  case
    when not w.active then 'paused'
    when not t.enabled then 'table disabled'
    when c.breaker_since is not null then 'breaker open'
    when c.last_error_at > coalesce(c.last_success_at, '-infinity') then 'failing'
    when c.backlog_count > 0 then 'catching up'
    when c.error_count > 0 then 'recovered'
    when c.claimed_count > 0 then 'ok'
    else 'idle'
  end as health,
  w.id,
  w.revision,
  w.created_at,
  w.updated_at,
  w.company_id,
  w.all_companies,
  w.name,
  w.table_name,
  substring(w.url from '^[^:]+://[^/?#]+') || '/…' as url,
  w.on_insert,
  w.on_update,
  w.on_delete,
  w.on_truncate,
  w.active,
  case when not w.active then w.pause_reason end as pause_reason,
  w.breaker,
  w.concurrency,
  coalesce(c.claimed_count, 0) as claimed_count,
  coalesce(c.success_count, 0) as success_count,
  coalesce(c.error_count, 0) as error_count,
  coalesce(c.missed_count, 0) as missed_count,
  c.last_success_at,
  c.last_error_at,
  c.last_error,
  coalesce(c.backlog_count, 0) as backlog_count,
  c.backlog_since,
  c.breaker_since,
  c.breaker_probe_at
from rowhook.webhook w
join rowhook.subscribable_table t on t.name = w.table_name
left join rowhook.counter c on c.uid = w.uid
where (pg_has_role(current_user, 'rowhook_service', 'usage')
      and coalesce(current_setting('rowhook.only_company_id', true), '') in ('', w.company_id))
  or pg_has_role(current_user, 'rowhook_dba', 'usage')
  or w.company_id = nullif(current_setting('rowhook.company_id', true), '')
order by
  case
    when not w.active then 4
    when not t.enabled then 1
    when c.breaker_since is not null then 0
    when c.last_error_at > coalesce(c.last_success_at, '-infinity') then 0
    when c.backlog_count > 0 then 2
    when c.error_count > 0 then 3
    else 5
  end,
  c.error_count desc nulls last,
  w.id;
comment on view rowhook.webhook_health is 'Webhooks with their counters, worst first: breaker open and failing, table disabled, catching up, recovered, paused, then ok and idle.';
comment on column rowhook.webhook_health.backlog_count is 'Deliveries that wait in rowhook.backlog, as of the last second.';
comment on column rowhook.webhook_health.breaker_since is 'When its breaker opened, after many failures in a row; last_error says why. Null while it is closed.';
comment on column rowhook.webhook_health.breaker_probe_at is 'When the next delivery is tried; null: the next one that comes.';
comment on column rowhook.webhook_health.url is 'Origin only: the rest may be a secret.';
comment on column rowhook.webhook_health.pause_reason is 'Why it is paused; null: it is active, or nobody said why.';
comment on column rowhook.webhook_health.health is 'breaker open, failing, table disabled, catching up, recovered, paused, ok or idle.';
comment on column rowhook.webhook_health.id is 'The webhook.';
comment on column rowhook.webhook_health.revision is 'Grows by one with every update.';
comment on column rowhook.webhook_health.created_at is 'When it was created.';
comment on column rowhook.webhook_health.updated_at is 'When it was changed last.';
comment on column rowhook.webhook_health.company_id is 'The company whose rows it sees; null for all of them.';
comment on column rowhook.webhook_health.all_companies is 'Sees the rows of every company and those without one.';
comment on column rowhook.webhook_health.name is 'For people.';
comment on column rowhook.webhook_health.table_name is 'The table it watches.';
comment on column rowhook.webhook_health.on_insert is 'Told of each INSERT.';
comment on column rowhook.webhook_health.on_update is 'Told of each UPDATE.';
comment on column rowhook.webhook_health.on_delete is 'Told of each DELETE.';
comment on column rowhook.webhook_health.on_truncate is 'Told when the whole table is emptied.';
comment on column rowhook.webhook_health.active is 'False: it is paused.';
comment on column rowhook.webhook_health.breaker is 'What it chose for its breaker; null: as ROWHOOK_BREAKER says.';
comment on column rowhook.webhook_health.concurrency is 'How many POSTs of it may be out at a time; null: 32.';
comment on column rowhook.webhook_health.claimed_count is 'Deliveries that were about to be sent, or were dropped.';
comment on column rowhook.webhook_health.success_count is 'Those answered with 2xx.';
comment on column rowhook.webhook_health.error_count is 'All others of them.';
comment on column rowhook.webhook_health.missed_count is 'Committed while it was paused: never sent.';
comment on column rowhook.webhook_health.last_success_at is 'When the last success was answered.';
comment on column rowhook.webhook_health.last_error_at is 'When the last error happened.';
comment on column rowhook.webhook_health.last_error is 'What it was. Begins with the outcome''s class; never a URL''s path.';
comment on column rowhook.webhook_health.backlog_since is 'When the oldest of them was stored; null: none waits.';

grant select on rowhook.webhook_counter, rowhook.webhook_health to rowhook_service, rowhook_dba, rowhook_app;
