/** Invoicing: orders that are ready and goods that were received become invoices, which are then paid. */
import { changes, deletes, idOf, person, pickOne } from './document.ts';
import type { Activity } from './document.ts';

const salesInvoiceDrafted: Activity = {
  name: 'sales invoice drafted',
  weight: 2,
  async run(step) {
    const orderId = await pickOne(
      step,
      'salesOrder',
      `status in ('Ready to ship', 'Invoiced')
       and not exists (select from erp."salesInvoice" as invoice where invoice."salesOrderId" = "salesOrder".id)`,
    );
    if (orderId === null) return false;
    const accountantId = await person(step, 'Accountant');
    const invoices = await step.query(
      `insert into erp."salesInvoice"
         ("readableId", "salesOrderId", "customerId", subtotal, "taxPercent", total, balance, "companyId", "createdBy")
       select erp."nextNumber"($2, 'salesInvoice'), id, "customerId", total, 19, round(total * 1.19, 2), round(total * 1.19, 2), $2, $3
       from erp."salesOrder" where id = $1
       returning id`,
      [orderId, step.companyId, accountantId],
    );
    await step.query(
      `insert into erp."salesInvoiceLine" ("salesInvoiceId", "lineNumber", "itemId", quantity, "unitPrice", "companyId")
       select $2, "lineNumber", "itemId", quantity, "unitPrice", "companyId" from erp."salesOrderLine" where "salesOrderId" = $1`,
      [orderId, idOf(invoices[0])],
    );
    await step.query(
      `update erp."salesOrder" set status = 'Invoiced', "updatedBy" = $2, "updatedAt" = now() where id = $1 and status <> 'Invoiced'`,
      [orderId, accountantId],
    );
    return true;
  },
};

const purchaseInvoiceDrafted: Activity = {
  name: 'purchase invoice entered',
  weight: 2,
  async run(step) {
    const orderId = await pickOne(
      step,
      'purchaseOrder',
      `status in ('Received', 'Closed')
       and not exists (select from erp."purchaseInvoice" as invoice where invoice."purchaseOrderId" = "purchaseOrder".id)`,
    );
    if (orderId === null) return false;
    const accountantId = await person(step, 'Accountant');
    const invoices = await step.query(
      `insert into erp."purchaseInvoice"
         ("readableId", "purchaseOrderId", "supplierId", "supplierReference", subtotal, "taxPercent", total, balance, "companyId", "createdBy")
       select erp."nextNumber"($2, 'purchaseInvoice'), id, "supplierId", $4, total, 19, round(total * 1.19, 2), round(total * 1.19, 2), $2, $3
       from erp."purchaseOrder" where id = $1
       returning id`,
      [orderId, step.companyId, accountantId, `INV-${step.random.between(10_000, 99_999)}`],
    );
    await step.query(
      `insert into erp."purchaseInvoiceLine" ("purchaseInvoiceId", "lineNumber", "itemId", quantity, "unitPrice", "companyId")
       select $2, "lineNumber", "itemId", quantity, "unitPrice", "companyId" from erp."purchaseOrderLine" where "purchaseOrderId" = $1`,
      [orderId, idOf(invoices[0])],
    );
    await step.query(
      `update erp."purchaseOrder" set status = 'Closed', "updatedBy" = $2, "updatedAt" = now() where id = $1 and status <> 'Closed'`,
      [orderId, accountantId],
    );
    return true;
  },
};

export const invoicingActivities: readonly Activity[] = [
  salesInvoiceDrafted,
  changes('sales invoice submitted', 1, {
    table: 'salesInvoice',
    where: `status = 'Draft'`,
    set: `status = 'Submitted', "dateIssued" = current_date, "dateDue" = current_date + 30`,
    by: 'Accountant',
  }),
  changes('sales invoice paid', 1, {
    table: 'salesInvoice',
    where: `status = 'Submitted'`,
    set: `status = 'Paid', "datePaid" = current_date, balance = 0`,
    by: 'Accountant',
  }),
  deletes('draft sales invoice deleted', 1, { table: 'salesInvoice', where: `status = 'Draft'` }),
  purchaseInvoiceDrafted,
  changes('purchase invoice approved', 1, {
    table: 'purchaseInvoice',
    where: `status = 'Draft'`,
    set: `status = 'Open', "dateIssued" = current_date, "dateDue" = current_date + 30`,
    by: 'Accountant',
  }),
  changes('purchase invoice paid', 1, {
    table: 'purchaseInvoice',
    where: `status = 'Open'`,
    set: `status = 'Paid', "datePaid" = current_date, balance = 0`,
    by: 'Accountant',
  }),
  deletes('draft purchase invoice deleted', 1, { table: 'purchaseInvoice', where: `status = 'Draft'` }),
];
