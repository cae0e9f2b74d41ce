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

grant select on rowhook.webhook_counter, rowhook.webhook_health to rowhook_service, rowhook_dba, rowhook_app;
