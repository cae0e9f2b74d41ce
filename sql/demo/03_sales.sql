-- Sales: customer, request for quote, quote, sales order.

create type erp."customerStatus" as enum ('Prospect', 'Active', 'On hold');
create type erp."salesRfqStatus" as enum ('Draft', 'Ready to quote', 'Quoted', 'Closed');
create type erp."quoteStatus" as enum ('Draft', 'Sent', 'Ordered', 'Lost');
create type erp."salesOrderStatus" as enum ('Draft', 'Confirmed', 'In production', 'Ready to ship', 'Invoiced', 'Cancelled');

create table erp.customer (
  id text primary key default erp.id(),
  "readableId" text not null,
  name text not null,
  status erp."customerStatus" not null default 'Prospect',
  email text,
  "currencyCode" text not null default 'EUR',
  "creditLimit" numeric(14, 2) not null default 0,
  "paymentTermsDays" integer not null default 30,
  "isTaxExempt" boolean not null default false,
  "billingAddress" jsonb,
  "accountManagerId" text references erp.employee (id),
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

create index on erp.customer ("companyId", status);

comment on table erp.customer is 'Firms that buy, from prospect to regular customer.';

create table erp."salesRfq" (
  id text primary key default erp.id(),
  "readableId" text not null,
  "customerId" text not null references erp.customer (id),
  status erp."salesRfqStatus" not null default 'Draft',
  "customerReference" text,
  "receivedDate" date not null default current_date,
  "requiredDate" date,
  "salesPersonId" text references erp.employee (id),
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

create index on erp."salesRfq" ("companyId", status);

comment on table erp."salesRfq" is 'Requests for quote as customers send them.';

create table erp."salesRfqLine" (
  id text primary key default erp.id(),
  "salesRfqId" text not null references erp."salesRfq" (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  "companyId" text not null references erp.company (id),
  unique ("salesRfqId", "lineNumber")
);

comment on table erp."salesRfqLine" is 'What a customer asks for, and how many.';

create table erp.quote (
  id text primary key default erp.id(),
  "readableId" text not null,
  "salesRfqId" text references erp."salesRfq" (id),
  "customerId" text not null references erp.customer (id),
  status erp."quoteStatus" not null default 'Draft',
  "issueDate" date,
  "expirationDate" date,
  "currencyCode" text not null default 'EUR',
  total numeric(14, 2) not null default 0,
  "salesPersonId" text references erp.employee (id),
  "lostReason" text,
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

create index on erp.quote ("companyId", status);
create index on erp.quote ("salesRfqId");

comment on table erp.quote is 'Offers to customers.';

create table erp."quoteLine" (
  id text primary key default erp.id(),
  "quoteId" text not null references erp.quote (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  "unitPrice" numeric(14, 4) not null,
  "discountPercent" numeric(5, 2) not null default 0,
  "companyId" text not null references erp.company (id),
  unique ("quoteId", "lineNumber")
);

comment on table erp."quoteLine" is 'Items, quantities and prices of a quote.';

create table erp."salesOrder" (
  id text primary key default erp.id(),
  "readableId" text not null,
  "quoteId" text references erp.quote (id),
  "customerId" text not null references erp.customer (id),
  status erp."salesOrderStatus" not null default 'Draft',
  "orderDate" date not null default current_date,
  "promisedDate" date,
  "customerReference" text,
  "currencyCode" text not null default 'EUR',
  total numeric(14, 2) not null default 0,
  "isRush" boolean not null default false,
  "shippingAddress" jsonb,
  "salesPersonId" text references erp.employee (id),
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

create index on erp."salesOrder" ("companyId", status);
create index on erp."salesOrder" ("quoteId");

comment on table erp."salesOrder" is 'Orders from customers, from draft to invoice.';

create table erp."salesOrderLine" (
  id text primary key default erp.id(),
  "salesOrderId" text not null references erp."salesOrder" (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  "unitPrice" numeric(14, 4) not null,
  "companyId" text not null references erp.company (id),
  unique ("salesOrderId", "lineNumber")
);

comment on table erp."salesOrderLine" is 'Items, quantities and prices of a sales order.';
