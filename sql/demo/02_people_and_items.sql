-- Users and Items: who works in the companies, and what they buy, make and sell.

create type erp."employeeRole" as enum ('Administrator', 'Sales person', 'Buyer', 'Planner', 'Machinist', 'Accountant');
create type erp."itemType" as enum ('Buy', 'Make', 'Service');

create table erp.employee (
  id text primary key default erp.id(),
  "readableId" text not null,
  name text not null,
  role erp."employeeRole" not null,
  email text not null,
  active boolean not null default true,
  "hireDate" date not null default current_date,
  "hourlyCost" numeric(10, 2) not null default 0,
  "lastLoginAt" timestamptz,
  tags text[] not null default '{}',
  "customFields" jsonb not null default '{}',
  "companyId" text not null references erp.company (id),
  "createdBy" text references erp.employee (id),
  "createdAt" timestamptz not null default now(),
  "updatedAt" timestamptz,
  unique ("companyId", "readableId")
);

create index on erp.employee ("companyId", role);

comment on table erp.employee is 'Users of the ERP, named by their role and a number.';

create table erp.item (
  id text primary key default erp.id(),
  "readableId" text not null,
  name text not null,
  type erp."itemType" not null,
  "unitOfMeasure" text not null default 'EA',
  "unitCost" numeric(14, 4) not null default 0,
  "unitPrice" numeric(14, 4) not null default 0,
  "leadTimeDays" integer not null default 0,
  "weightKg" double precision,
  "isBlocked" boolean not null default false,
  specification text,
  tags text[] not null default '{}',
  "customFields" jsonb not null default '{}',
  "companyId" text not null references erp.company (id),
  "createdBy" text references erp.employee (id),
  "createdAt" timestamptz not null default now(),
  "updatedBy" text references erp.employee (id),
  "updatedAt" timestamptz,
  unique ("companyId", "readableId")
);

create index on erp.item ("companyId", type);
create index on erp.item using gin (tags);

comment on table erp.item is 'Parts that a company buys or makes, and services.';
comment on column erp.item.specification is 'The technical sheet as text; tens of kilobytes for some items.';
