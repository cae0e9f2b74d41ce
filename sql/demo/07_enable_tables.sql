-- What a DBA does once per table: allow webhooks on it. Idempotent, so that each start of the demo repeats it.

select rowhook.enable_table('erp.customer', module => 'Sales', label => 'Customer');
select rowhook.enable_table('erp.quote', module => 'Sales', label => 'Quote');
select rowhook.enable_table('erp.salesOrder', module => 'Sales', label => 'Sales order');
select rowhook.enable_table('erp.salesRfq', module => 'Sales', label => 'Request for quote');
select rowhook.enable_table('erp.purchaseOrder', module => 'Purchasing', label => 'Purchase order');
select rowhook.enable_table('erp.supplier', module => 'Purchasing', label => 'Supplier');
select rowhook.enable_table('erp.supplierQuote', module => 'Purchasing', label => 'Supplier quote');
select rowhook.enable_table('erp.salesInvoice', module => 'Invoicing', label => 'Sales invoice');
select rowhook.enable_table('erp.purchaseInvoice', module => 'Invoicing', label => 'Purchase invoice');
select rowhook.enable_table('erp.job', module => 'Production', label => 'Job');
select rowhook.enable_table('erp.receipt', module => 'Inventory', label => 'Receipt');
select rowhook.enable_table('erp.item', module => 'Items', label => 'Item');
select rowhook.enable_table('erp.employee', module => 'Users', label => 'Employee');
