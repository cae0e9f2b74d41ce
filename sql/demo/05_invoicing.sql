-- Invoicing: what customers owe, and what suppliers are owed.

create type erp."salesInvoiceStatus" as enum ('Draft', 'Submitted', 'Paid');
create type erp."purchaseInvoiceStatus" as enum ('Draft', 'Open', 'Paid');

create table erp."salesInvoice" (
  id text primary key default erp.id(),
  "readableId" text not null,
  "salesOrderId" text references erp."salesOrder" (id),
  "customerId" text not null references erp.customer (id),
  status erp."salesInvoiceStatus" not null default 'Draft',
  "dateIssued" date,
  "dateDue" date,
  "datePaid" date,
  "currencyCode" text not null default 'EUR',
  subtotal numeric(14, 2) not null default 0,
  "taxPercent" numeric(5, 2) not null default 0,
  total numeric(14, 2) not null default 0,
  balance numeric(14, 2) not null default 0,
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

create index on erp."salesInvoice" ("companyId", status);
create index on erp."salesInvoice" ("salesOrderId");

comment on table erp."salesInvoice" is 'Invoices to customers.';

create table erp."salesInvoiceLine" (
  id text primary key default erp.id(),
  "salesInvoiceId" text not null references erp."salesInvoice" (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  "unitPrice" numeric(14, 4) not null,
  "companyId" text not null references erp.company (id),
  unique ("salesInvoiceId", "lineNumber")
);

comment on table erp."salesInvoiceLine" is 'Items, quantities and prices of a sales invoice.';

create table erp."purchaseInvoice" (
  id text primary key default erp.id(),
  "readableId" text not null,
  "purchaseOrderId" text references erp."purchaseOrder" (id),
  "supplierId" text not null references erp.supplier (id),
  status erp."purchaseInvoiceStatus" not null default 'Draft',
  "supplierReference" text,
  "dateIssued" date,
  "dateDue" date,
  "datePaid" date,
  "currencyCode" text not null default 'EUR',
  subtotal numeric(14, 2) not null default 0,
  "taxPercent" numeric(5, 2) not null default 0,
  total numeric(14, 2) not null default 0,
  balance numeric(14, 2) not null default 0,
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

create index on erp."purchaseInvoice" ("companyId", status);
create index on erp."purchaseInvoice" ("purchaseOrderId");

comment on table erp."purchaseInvoice" is 'Invoices from suppliers.';

create table erp."purchaseInvoiceLine" (
  id text primary key default erp.id(),
  "purchaseInvoiceId" text not null references erp."purchaseInvoice" (id) on delete cascade,
  "lineNumber" integer not null,
  "itemId" text not null references erp.item (id),
  quantity numeric(14, 3) not null check (quantity > 0),
  "unitPrice" numeric(14, 4) not null,
  "companyId" text not null references erp.company (id),
  unique ("purchaseInvoiceId", "lineNumber")
);

comment on table erp."purchaseInvoiceLine" is 'Items, quantities and prices of a purchase invoice.';
