-- The sample ERP of `rowhook demo`: several companies in one database, as an application of this kind keeps them.
-- Nothing in these files knows rowhook, except 07_enable_tables.sql: no triggers, no extra columns.
-- Applied once, in the order of the file names and in one transaction.

create schema erp;

comment on schema erp is 'Sample ERP of the rowhook demo; safe to drop.';

create function erp.id() returns text
  language sql volatile
  set search_path = pg_catalog
as $$
  select string_agg(
    substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', 1 + get_byte(random.bytes, n) % 62, 1),
    '' order by n)
  from (select uuid_send(gen_random_uuid()) as bytes) as random, generate_series(0, 15) as n
$$;

comment on function erp.id() is 'A random id of 16 letters and digits, the default of every primary key.';

create table erp.company (
  id text primary key default erp.id(),
  name text not null unique,
  "baseCurrency" text not null default 'EUR',
  "createdAt" timestamptz not null default now()
);

comment on table erp.company is 'The tenants. Every other table carries the company in "companyId".';

create table erp."numberSequence" (
  "companyId" text not null references erp.company (id),
  name text not null,
  prefix text not null,
  "lastNumber" bigint not null default 0,
  primary key ("companyId", name)
);

comment on table erp."numberSequence" is 'One counter per company and kind of document: SO-000123 exists once in each company.';

create function erp."nextNumber"(company text, sequence text) returns text
  language sql volatile
  set search_path = pg_catalog
as $$
  update erp."numberSequence"
  set "lastNumber" = "lastNumber" + 1
  where "companyId" = company and name = sequence
  returning prefix || lpad("lastNumber"::text, greatest(6, length("lastNumber"::text)), '0')
$$;

comment on function erp."nextNumber"(text, text) is
  'The next readable number of a company, such as SO-000123. Null where the company has no such sequence.';
