-- Master data for three companies: who works there, what they make, whom they buy from and sell to.
-- Documents (quotes, orders, invoices) come from the demo's activity.

insert into erp.company (id, name, "baseCurrency") values
  ('company-a', 'Company A', 'EUR'),
  ('company-b', 'Company B', 'USD'),
  ('company-c', 'Company C', 'EUR');

-- Each company has been in business for a while, and for a different while.
insert into erp."numberSequence" ("companyId", name, prefix, "lastNumber")
select company.id, kind.name, kind.prefix, kind.used * case company.id when 'company-a' then 3 when 'company-b' then 2 else 1 end
from erp.company cross join (values
  ('employee', 'EM-', 0), ('item', 'IT-', 0), ('customer', 'CU-', 0), ('supplier', 'SU-', 0),
  ('salesRfq', 'RFQ-', 52), ('quote', 'QU-', 47), ('salesOrder', 'SO-', 41), ('job', 'JOB-', 66),
  ('supplierQuote', 'SQ-', 18), ('purchaseOrder', 'PO-', 37), ('receipt', 'RC-', 35),
  ('salesInvoice', 'SI-', 39), ('purchaseInvoice', 'PI-', 33)
) as kind (name, prefix, used);

insert into erp.employee ("readableId", name, role, email, "hireDate", "hourlyCost", tags, "companyId")
select erp."nextNumber"(company.id, 'employee'), staff.role || ' ' || n, staff.role::erp."employeeRole",
  format('%s.%s@%s.example', replace(lower(staff.role), ' ', '-'), n, company.id),
  current_date - 30 * (n + 7), staff."hourlyCost" + n, staff.tags, company.id
from erp.company
cross join (values
  ('Administrator', 1, 52.50, array['users']), ('Sales person', 2, 44.00, array['quotes', 'orders']),
  ('Buyer', 3, 41.25, array['purchasing']), ('Planner', 2, 43.00, array['jobs']),
  ('Machinist', 3, 36.75, array['milling', 'turning']), ('Accountant', 1, 47.90, array['invoices'])
) as staff (role, headcount, "hourlyCost", tags)
cross join lateral generate_series(1, staff.headcount) as n
order by company.id, staff.role, n;

insert into erp.item
  ("readableId", name, type, "unitCost", "unitPrice", "leadTimeDays", "weightKg", specification, tags, "customFields", "companyId")
select erp."nextNumber"(company.id, 'item'), part.name || ' ' || size, part.type::erp."itemType",
  part.cost * size, part.cost * size * 1.6, part."leadTimeDays", size * 0.35,
  -- One item in six has a long technical sheet (about 25 kB), long enough to be stored out of line.
  case when size = 3 then (select string_agg(format('Section %s. Tolerance %s µm. %s', s, 5 + s % 40, md5(part.name || s)), E'\n' order by s)
    from generate_series(1, 400) as s) end,
  array[lower(part.type), 'size-' || size], jsonb_build_object('drawing', format('D-%s-%s', upper(left(part.name, 3)), size)), company.id
from erp.company
cross join (values
  ('Housing', 'Make', 42.1500, 12), ('Shaft', 'Make', 18.4000, 8), ('Gear', 'Make', 27.3250, 10),
  ('Bearing', 'Buy', 3.1875, 5), ('Seal kit', 'Buy', 1.4900, 4), ('Inspection', 'Service', 15.0000, 1)
) as part (name, type, cost, "leadTimeDays")
cross join generate_series(1, 6) as size
order by company.id, part.name, size;

insert into erp.customer
  ("readableId", name, status, email, "creditLimit", "paymentTermsDays", "billingAddress", tags, "customFields", "companyId")
select erp."nextNumber"(company.id, 'customer'), 'Customer ' || lpad(n::text, 4, '0'), 'Active',
  format('purchasing@customer-%s.example', n), 5000 * (1 + n % 5), 14 * (1 + n % 3),
  jsonb_build_object('street', n || ' Industry Road', 'city', 'Sample City', 'country', case n % 3 when 0 then 'DE' when 1 then 'FR' else 'US' end),
  case when n % 4 = 0 then array['key account', 'export'] else array['regular'] end,
  jsonb_build_object('segment', case n % 2 when 0 then 'machinery' else 'transport' end), company.id
from erp.company cross join generate_series(1, 17) as n
order by company.id, n;

insert into erp.supplier
  ("readableId", name, status, email, "leadTimeDays", rating, "isPreferred", address, tags, "companyId")
select erp."nextNumber"(company.id, 'supplier'), 'Supplier ' || lpad(n::text, 4, '0'), 'Approved',
  format('sales@supplier-%s.example', n), 5 + n, 3 + (n % 5) * 0.4, n % 3 = 0,
  jsonb_build_object('city', 'Sample Town', 'country', 'DE'), array['certified'], company.id
from erp.company cross join generate_series(1, 8) as n
order by company.id, n;
