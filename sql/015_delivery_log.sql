-- The delivery log: one row per attempt, a partition per day (UTC), which is dropped as a whole. It is written beside the books and
-- decides nothing: it may lack rows. Never published.

create table rowhook.delivery (
  at timestamptz not null,
  uid bigint not null,
  webhook_id text not null,
  company_id text,
  change_id text not null,
  table_name text not null,
  key text,
  old_key text,
  type text,
  attempt integer not null,
  resend_of timestamptz,
  outcome text not null,
  class text,
  status integer,
  detail text,
  dns_ms real,
  connect_ms real,
  tls_ms real,
  first_byte_ms real,
  total_ms real,
  body_bytes integer,
  answer text,
  body text
) partition by range (at);

comment on table rowhook.delivery is 'The delivery log: one row per attempt, kept for ROWHOOK_DELIVERY_LOG_DAYS. Rows that could not be written in time are counted in rowhook.delivery_gap.';
comment on column rowhook.delivery.at is 'When the attempt ended, by the server''s clock; of what was sent again when it began. With uid it is a row''s own: of deliveries an even number of microseconds, of what was sent again an odd one.';
comment on column rowhook.delivery.uid is 'The webhook''s number, which never comes back; webhook_id may.';
comment on column rowhook.delivery.company_id is 'The webhook''s; null for one of all companies.';
comment on column rowhook.delivery.key is 'The record''s key: the value of one column as it is, of several as Postgres prints row(…): (a,b). Null: the table has none, or the row was not at hand.';
comment on column rowhook.delivery.old_key is 'The key that the record had before, where the change gave it another one.';
comment on column rowhook.delivery.type is 'INSERT, UPDATE, DELETE or TRUNCATE; null: dropped, and the row was not at hand.';
comment on column rowhook.delivery.attempt is 'From 1.';
comment on column rowhook.delivery.resend_of is 'Of what somebody had sent again: at of the row that it repeats, whose body it has unless there is one of its own. Null: a delivery.';
comment on column rowhook.delivery.outcome is 'delivered, rejected (an answer other than 2xx), failed (no answer), interrupted or dropped.';
comment on column rowhook.delivery.class is 'Why it failed (dns, refused, tls, timeout, reset, blocked_address, too_large, protocol) or was dropped.';
comment on column rowhook.delivery.status is 'Of the answer; null: there was none.';
comment on column rowhook.delivery.dns_ms is 'Null as connect_ms and tls_ms are, where the connection was open already.';
comment on column rowhook.delivery.first_byte_ms is 'From the writing of the request to the head of the answer.';
comment on column rowhook.delivery.total_ms is 'From the first look at a connection to the end of the answer.';
comment on column rowhook.delivery.body_bytes is 'The size of what was to be sent, also where the body is not kept.';
comment on column rowhook.delivery.answer is 'The first 4 KiB of it. Null: none, or of a target that is not on the public internet, or log_bodies is off.';
comment on column rowhook.delivery.body is 'What was POSTed, or was to be. Null: forgotten, larger than 1 MiB, not at hand, or log_bodies is off.';
comment on column rowhook.delivery.webhook_id is 'The webhook.';
comment on column rowhook.delivery.change_id is 'The change: epoch, commit LSN and place in the transaction, as 1-00000000016B3748-4; with -1 at its end for the INSERT side of a row that moved company.';
comment on column rowhook.delivery.table_name is 'The table, as in the payload.';
comment on column rowhook.delivery.detail is 'More about the outcome, for people.';
comment on column rowhook.delivery.connect_ms is 'Until the connection was there.';
comment on column rowhook.delivery.tls_ms is 'The TLS handshake.';

-- It costs next to nothing to keep, and finds a stretch of time, a webhook or a record without reading all of a day. A range of pages holds
-- about 700 rows with bodies of 700 bytes.
create index delivery_ranges on rowhook.delivery using brin (
  at,
  webhook_id pg_catalog.text_bloom_ops (n_distinct_per_range = 1500, false_positive_rate = 0.02),
  key pg_catalog.text_bloom_ops (n_distinct_per_range = 1500, false_positive_rate = 0.02),
  old_key pg_catalog.text_bloom_ops (n_distinct_per_range = 100)
) with (pages_per_range = 64, autosummarize = on);

-- Few rows are in it; the others pay for looking whether they are.
create index delivery_resends on rowhook.delivery (change_id, uid) where resend_of is not null;

-- Bodies of more than 8 kB are compressed; lz4 takes a tenth of the time where the server was built with it.
do $$
begin
  alter table rowhook.delivery alter column body set compression lz4;
exception when feature_not_supported then
  null;
end
$$;

grant select, insert on rowhook.delivery to rowhook_service;
grant update (outcome, class, status, detail, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, answer) on rowhook.delivery to rowhook_service;
grant select (at, uid, webhook_id, company_id, change_id, table_name, key, old_key, type, attempt, resend_of, outcome, class, status,
  detail, dns_ms, connect_ms, tls_ms, first_byte_ms, total_ms, body_bytes) on rowhook.delivery to rowhook_dba;
grant select on rowhook.delivery to rowhook_app;

-- Of the table as a whole. A partition by itself is nobody's to read, and the service's to fill: COPY does not work under row-level security.
alter table rowhook.delivery enable row level security;
alter table rowhook.delivery force row level security;
create policy delivery_owner on rowhook.delivery to current_user using (true) with check (true);
create policy delivery_service on rowhook.delivery to rowhook_service
  using (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id))
  with check (coalesce(current_setting('rowhook.only_company_id', true), '') in ('', company_id));
create policy delivery_resend on rowhook.delivery as restrictive for update to rowhook_service using (resend_of is not null);
comment on policy delivery_resend on rowhook.delivery is 'What was sent again has its row before it is sent, and its outcome afterwards. No other row is ever changed.';
create policy delivery_dba on rowhook.delivery for select to rowhook_dba using (true);
create policy delivery_app on rowhook.delivery for select to rowhook_app
  using (company_id = nullif(current_setting('rowhook.company_id', true), ''));
comment on policy delivery_app on rowhook.delivery is 'The company of set_config(''rowhook.company_id'', …); unset or empty means none.';

create table rowhook.delivery_gap (
  day date primary key,
  dropped_count bigint not null,
  first_at timestamptz not null,
  last_at timestamptz not null,
  reason text not null
);
comment on table rowhook.delivery_gap is 'How many rows the delivery log lacks, by day (UTC): a log that cannot keep up drops rows, never deliveries. Rows go with their day''s partition.';
comment on column rowhook.delivery_gap.reason is 'Of the last ones.';
comment on column rowhook.delivery_gap.day is 'In UTC.';
comment on column rowhook.delivery_gap.dropped_count is 'How many rows.';
comment on column rowhook.delivery_gap.first_at is 'When the first of them was dropped.';
comment on column rowhook.delivery_gap.last_at is 'When the last one was.';
grant select, insert, update on rowhook.delivery_gap to rowhook_service;
grant select on rowhook.delivery_gap to rowhook_dba;

create function rowhook.make_delivery_partition(day date) returns boolean
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '200ms'
as $$
declare
  today constant date := (now() at time zone 'UTC')::date;
  leaf constant text := 'delivery_' || to_char(day, 'YYYYMMDD');
  stranger record;
begin
  if day is null or day not between today - 1 and today + 2 then
    raise exception 'the delivery log gets partitions from yesterday to the day after tomorrow, not for %', day using errcode = '22023';
  end if;
  if to_regclass(format('rowhook.%I', leaf)) is not null then
    return false;
  end if;
  -- Attaching waits for no reader and no writer of the other days; CREATE TABLE … PARTITION OF would. Rows that only come, and go with
  -- their table, are not worth a vacuum, which would write each page a second time.
  execute format('create table rowhook.%I (like rowhook.delivery including defaults including constraints including storage including compression)
    with (toast_tuple_target = 8160, autovacuum_vacuum_insert_threshold = -1)', leaf);
  -- It has no key: where somebody publishes all tables, rowhook.forget could not change a row else.
  execute format('alter table rowhook.%I replica identity full', leaf);
  execute format('comment on table rowhook.%I is %L', leaf, format('The delivery log of %s (UTC). Read it through rowhook.delivery.', day));
  -- Default privileges are meant for the application's tables.
  for stranger in
    select distinct a.grantee from pg_class c cross join lateral aclexplode(c.relacl) a
    where c.oid = to_regclass(format('rowhook.%I', leaf)) and a.grantee <> c.relowner
  loop
    execute format('revoke all on rowhook.%I from %s', leaf,
      case stranger.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(stranger.grantee)) end);
  end loop;
  execute format('grant insert on rowhook.%I to rowhook_service', leaf);
  execute format('alter table rowhook.delivery attach partition rowhook.%I for values from (%L) to (%L)', leaf,
    day::timestamp at time zone 'UTC', (day + 1)::timestamp at time zone 'UTC');
  return true;
exception when duplicate_table or unique_violation then
  return false;
end
$$;
comment on function rowhook.make_delivery_partition(date) is 'Makes the delivery log''s partition of a day (UTC) unless it is there. Gives up when its lock takes longer than 0.2 s.';

create function rowhook.drop_delivery_partition(keep_days integer) returns text
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '100ms'
as $$
declare
  oldest constant date := (now() at time zone 'UTC')::date - keep_days;
  leaf text;
begin
  if keep_days is null or keep_days < 1 then
    raise exception 'the delivery log is kept for a day at least, not for %', keep_days using errcode = '22023';
  end if;
  delete from rowhook.delivery_gap g where g.day < oldest;
  -- One at a time: the lock on the log as a whole is held for no longer than one takes.
  select c.relname into leaf from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = 'rowhook.delivery'::regclass and c.relname ~ '^delivery_[0-9]{8}$' and to_date(substr(c.relname, 10), 'YYYYMMDD') < oldest
  order by 1 limit 1;
  if leaf is not null then
    execute format('drop table rowhook.%I', leaf);
  end if;
  return leaf;
end
$$;
comment on function rowhook.drop_delivery_partition(integer) is 'Drops the oldest partition of the delivery log whose last row is older than so many days, and returns its name; null: there is none. Gives up when its lock takes longer than 0.1 s.';

create function rowhook.order_keys_of(key text) returns text[]
  language plpgsql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
declare
  single constant text := rowhook.order_key_part(key);
  parts text := '';
  part text;
  is_quoted boolean := false;
  rest text := substr(key, 2);
  c text;
begin
  if key !~ '^\(.*\)$' then
    return array[single];
  end if;
  -- As record_in reads it: https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
  while rest <> '' loop
    c := left(rest, 1);
    if is_quoted and (c = '\' or left(rest, 2) = '""') then
      part := part || substr(rest, 2, 1);
      rest := substr(rest, 2);
    elsif c = '"' then
      is_quoted := not is_quoted;
      part := coalesce(part, '');
    elsif not is_quoted and (c = ',' or rest = ')') then
      parts := parts || coalesce(rowhook.order_key_part(part), '/-');
      part := null;
    else
      part := coalesce(part, '') || c;
    end if;
    rest := substr(rest, 2);
  end loop;
  return array[single, parts];
end
$$;
comment on function rowhook.order_keys_of(text) is 'A record''s key, as rowhook.delivery has it, in the forms in which rowhook.backlog.keys may have it, without the table.';

create function rowhook.order_key_part(value text) returns text
  language sql
  immutable
  set search_path = pg_catalog, pg_temp
as $$
  -- The service counts in UTF-16.
  select format('/%s:%s', length(value) + length(regexp_replace(value, '[\u0001-\uFFFF]', '', 'g')), value) where value is not null
$$;
comment on function rowhook.order_key_part(text) is 'One column of a key, as it stands in rowhook.backlog.keys.';

create function rowhook.forget(table_name text, key text, dry_run boolean default false, out deliveries bigint, out waiting bigint)
  language plpgsql
  security definer
  set search_path = pg_catalog, pg_temp
  set lock_timeout = '2s'
  set enable_seqscan = off
as $$
declare
  known constant text := (select string_agg(t.name, ', ' order by t.name) from rowhook.subscribable_table t);
begin
  -- Without sequential scans, because the planner does not know how few ranges a bloom filter leaves.
  if forget.table_name is null or forget.key is null then
    raise exception 'which record? give the name of its table and its key' using errcode = '22004';
  end if;
  if dry_run then
    select count(*) into deliveries from rowhook.delivery d
    where (d.key = forget.key or d.old_key = forget.key) and d.table_name = forget.table_name and (d.body is not null or d.answer is not null);
  else
    update rowhook.delivery d set body = null, answer = null
    where (d.key = forget.key or d.old_key = forget.key) and d.table_name = forget.table_name and (d.body is not null or d.answer is not null);
    get diagnostics deliveries = row_count;
  end if;
  if deliveries = 0 and not exists (select from rowhook.subscribable_table t where t.name = forget.table_name) then
    raise exception 'unknown table "%"', forget.table_name
      using errcode = '42P01', hint = coalesce('Known tables: ' || known || '.', 'No table is enabled.');
  end if;
  select count(*) into waiting from rowhook.backlog b
  where b.table_name = forget.table_name
    and exists (select from unnest(b.keys) k where substr(k, strpos(k, '/')) = any (rowhook.order_keys_of(forget.key)));
end
$$;
comment on function rowhook.forget(text, text, boolean) is
  'Removes the bodies and answers of one record''s deliveries from the log, and returns how many rows had one, and how many deliveries of it still wait to be sent, which are left alone. With dry_run it only counts.
table_name: as in rowhook.subscribable_table.
key: as in rowhook.delivery.key.
dry_run: true: nothing is removed.
deliveries: how many rows of the log had a body or an answer.
waiting: how many deliveries of the record still wait in the backlog.';

revoke all on all functions in schema rowhook from public;
grant execute on function rowhook.make_delivery_partition(date), rowhook.drop_delivery_partition(integer) to rowhook_service;
grant execute on function rowhook.order_keys_of(text), rowhook.order_key_part(text) to rowhook_service, rowhook_dba;
grant execute on function rowhook.forget(text, text, boolean) to rowhook_service, rowhook_dba;
