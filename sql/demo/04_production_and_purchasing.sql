-- Production, Purchasing and Inventory: job, supplier, supplier quote, purchase order, receipt.

create type erp."jobStatus" as enum ('Draft', 'Planned', 'In progress', 'Paused', 'Completed');
create type erp."supplierStatus" as enum ('Candidate', 'Approved', 'Blocked');
create type erp."supplierQuoteStatus" as enum ('Requested', 'Received', 'Accepted', 'Declined');
create type erp."purchaseOrderStatus" as enum ('Draft', 'To receive', 'Received', 'Closed');
create type erp."receiptStatus" as enum ('Draft', 'Posted');

create table erp.job (
  id text primary key default erp.id(),
  "readableId" text not null,
  "salesOrderId" text references erp."salesOrder" (id),
  "itemId" text not null references erp.item (id),
  status erp."jobStatus" not null default 'Draft',
  quantity numeric(14, 3) not null check (quantity > 0),
  "quantityComplete" numeric(14, 3) not null default 0,
  "quantityScrapped" numeric(14, 3) not null default 0,
  priority smallint not null default 3,
  "dueDate" date,
  "startedAt" timestamptz,
  "completedAt" timestamptz,
  "plannerId" text references erp.employee (id),
  "internalNotes" text,
  tags text[] not null default '{}',
  "customFields" jsonb not null default '{}',
  "companyId" text not null references erp.company (id),
  "createdBy" text references erp.employee (id),
  "createdAt" timestamptz not null default now(),
  "updatedBy" text references erp.employee (id),
  "updatedAt" timestamptz,
  unique ("companyId", "readableId")
);

create index on erp.job ("companyId", status);
create index on erp.job ("salesOrderId");

comment on table erp.job is 'Work orders: so many of an item, for an order or for stock.';

create table erp."jobOperation" (
  id text primary key default erp.id(),
  "jobId" text not null references erp.job (id) on delete cascade,
  "lineNumber" integer not null,
  description text not null,
  "setupMinutes" numeric(10, 2) not null default 0,
  "runMinutes" numeric(10, 2) not null default 0,
  "isDone" boolean not null default false,
  "companyId" text not null references erp.company (id),
  unique ("jobId", "lineNumber")
);

comment on table erp."jobOperation" is 'The steps of a job, in order.';

create table erp.supplier (
  id text primary key default erp.id(),
  "readableId" text not null,
  name text not null,
  status erp."supplierStatus" not null default 'Candidate',
  email text,
  "currencyCode" text not null default 'EUR',
  "leadTimeDays" integer not null default 14,
  rating numeric(2, 1) check (rating between 0 and 5),
  "isPreferred" boolean not null default false,
  address jsonb,
  "buyerId" text references erp.employee (id),
  "internalNotes" text,
  tags text[] not null default '{}',
  "customFields" jsonb not null default '{}',
  "companyId" text not null references erp.company (id),
  "createdBy" text references erp.employee (id),
  "createdAt" timestamptz not null default now(),
  "updatedBy" text references erp.employee (id),
  "updatedAt" timestamptz,
  unique ("companyId", "readableId")
);

create index on erp.supplier ("companyId", status);

comment on table erp.supplier is 'Firms that a company buys from.';

create table erp."supplierQuote" (
  id text primary key default erp.id(),
  "readableId" text not null,
  "supplierId" text not null references erp.supplier (id),
  status erp."supplierQuoteStatus" not null default 'Requested',
  "requestedDate" date not null default current_date,
  "validUntil" date,
  "currencyCode" text not null default 'EUR',
  total numeric(14, 2) not null default 0,
  "internalNotes" text,
  tags text[] not null default '{}',
  "customFields" jsonb not null default '{}',
  "companyId" text not null references erp.company (id),
  "createdBy" text references erp.employee (id),
  "createdAt" timestamptz not null default now(),
  "updatedBy" text references erp.employee (id),
  "updatedAt" timestamptz,
  unique ("companyId", "readableId")
);

create index on erp."supplierQuote" ("companyId", status);

comment on table erp."supplierQuote" is 'Prices asked from suppliers.';

create table erp."supplierQuoteLine" (
  id text primary key default erp.id(),
  "supplierQuoteId" text not null references erp."supplierQuote" (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  "unitPrice" numeric(14, 4),
  "companyId" text not null references erp.company (id),
  unique ("supplierQuoteId", "lineNumber")
);

comment on table erp."supplierQuoteLine" is 'Items of a supplier quote; the price is null until the supplier answers.';

create table erp."purchaseOrder" (
  id text primary key default erp.id(),
  "readableId" text not null,
  "supplierId" text not null references erp.supplier (id),
  "supplierQuoteId" text references erp."supplierQuote" (id),
  status erp."purchaseOrderStatus" not null default 'Draft',
  "orderDate" date not null default current_date,
  "promisedDate" date,
  "currencyCode" text not null default 'EUR',
  total numeric(14, 2) not null default 0,
  "buyerId" text references erp.employee (id),
  "internalNotes" text,
  tags text[] not null default '{}',
  "customFields" jsonb not null default '{}',
  "companyId" text not null references erp.company (id),
  "createdBy" text references erp.employee (id),
  "createdAt" timestamptz not null default now(),
  "updatedBy" text references erp.employee (id),
  "updatedAt" timestamptz,
  unique ("companyId", "readableId")
);

create index on erp."purchaseOrder" ("companyId", status);
create index on erp."purchaseOrder" ("supplierQuoteId");

comment on table erp."purchaseOrder" is 'Orders to suppliers.';

create table erp."purchaseOrderLine" (
  id text primary key default erp.id(),
  "purchaseOrderId" text not null references erp."purchaseOrder" (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  "unitPrice" numeric(14, 4) not null,
  "companyId" text not null references erp.company (id),
  unique ("purchaseOrderId", "lineNumber")
);

comment on table erp."purchaseOrderLine" is 'Items, quantities and prices of a purchase order.';

create table erp.receipt (
  id text primary key default erp.id(),
  "readableId" text not null,
  "purchaseOrderId" text not null references erp."purchaseOrder" (id),
  status erp."receiptStatus" not null default 'Draft',
  "deliveryNote" text,
  location text not null default 'Warehouse 1',
  "postedAt" timestamptz,
  "internalNotes" text,
  tags text[] not null default '{}',
  "customFields" jsonb not null default '{}',
  "companyId" text not null references erp.company (id),
  "createdBy" text references erp.employee (id),
  "createdAt" timestamptz not null default now(),
  "updatedBy" text references erp.employee (id),
  "updatedAt" timestamptz,
  unique ("companyId", "readableId")
);

create index on erp.receipt ("companyId", status);
create index on erp.receipt ("purchaseOrderId");

comment on table erp.receipt is 'Goods that arrive for a purchase order.';

create table erp."receiptLine" (
  id text primary key default erp.id(),
  "receiptId" text not null references erp.receipt (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  shelf text,
  "companyId" text not null references erp.company (id),
  unique ("receiptId", "lineNumber")
);

comment on table erp."receiptLine" is 'Items and quantities of a receipt, and the shelf they went to.';
