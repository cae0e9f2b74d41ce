/** Purchasing and Inventory: supplier quotes become purchase orders, and the goods arrive. */
import { basket, changes, deletes, idOf, person, pickOne } from './document.ts';
import type { Activity } from './document.ts';

const supplierQuoteRequested: Activity = {
  name: 'supplier quote requested',
  weight: 3,
  async run(step) {
    const supplierId = await pickOne(step, 'supplier', `status = 'Approved'`);
    const { items, quantities } = await basket(step, ['Buy']);
    if (supplierId === null || items.length === 0) return false;
    await step.query(
      `with requested as (
         insert into erp."supplierQuote" ("readableId", "supplierId", tags, "companyId", "createdBy")
         values (erp."nextNumber"($1, 'supplierQuote'), $2, $6, $1, $3)
         returning id)
       insert into erp."supplierQuoteLine" ("supplierQuoteId", "lineNumber", "itemId", quantity, "companyId")
       select requested.id, line.number, line.item, line.quantity, $1
       from requested, unnest($4::text[], $5::numeric[]) with ordinality as line (item, quantity, number)`,
      [
        step.companyId,
        supplierId,
        await person(step, 'Buyer'),
        items,
        quantities,
        step.random.pick([[], ['blanket order'], ['spot']]),
      ],
    );
    return true;
  },
};

const supplierQuoteReceived: Activity = {
  name: 'supplier quote received',
  weight: 3,
  async run(step) {
    const quoteId = await pickOne(step, 'supplierQuote', `status = 'Requested'`);
    if (quoteId === null) return false;
    await step.query(
      `update erp."supplierQuoteLine" as line set "unitPrice" = round(item."unitCost" * $2::numeric, 4)
       from erp.item where item.id = line."itemId" and line."supplierQuoteId" = $1`,
      [quoteId, 1 + step.random.between(-8, 12) / 100],
    );
    await step.query(
      `update erp."supplierQuote" set status = 'Received', "validUntil" = current_date + 45, "updatedBy" = $2, "updatedAt" = now(),
         total = (select round(sum(quantity * "unitPrice"), 2) from erp."supplierQuoteLine" where "supplierQuoteId" = $1)
       where id = $1`,
      [quoteId, await person(step, 'Buyer')],
    );
    return true;
  },
};

const purchaseOrderDrafted: Activity = {
  name: 'purchase order drafted',
  weight: 3,
  async run(step) {
    const quoteId = await pickOne(step, 'supplierQuote', `status = 'Received'`);
    if (quoteId === null) return false;
    const buyerId = await person(step, 'Buyer');
    const orders = await step.query(
      `insert into erp."purchaseOrder" ("readableId", "supplierId", "supplierQuoteId", total, "buyerId", tags, "companyId", "createdBy")
       select erp."nextNumber"($2, 'purchaseOrder'), "supplierId", id, total, $3, tags, $2, $3
       from erp."supplierQuote" where id = $1
       returning id`,
      [quoteId, step.companyId, buyerId],
    );
    await step.query(
      `insert into erp."purchaseOrderLine" ("purchaseOrderId", "lineNumber", "itemId", quantity, "unitPrice", "companyId")
       select $2, "lineNumber", "itemId", quantity, "unitPrice", "companyId"
       from erp."supplierQuoteLine" where "supplierQuoteId" = $1`,
      [quoteId, idOf(orders[0])],
    );
    await step.query(
      `update erp."supplierQuote" set status = 'Accepted', "updatedBy" = $2, "updatedAt" = now() where id = $1`,
      [quoteId, buyerId],
    );
    return true;
  },
};

const receiptDrafted: Activity = {
  name: 'goods arrived',
  weight: 2,
  async run(step) {
    const orderId = await pickOne(
      step,
      'purchaseOrder',
      `status = 'To receive'
       and not exists (select from erp.receipt where receipt."purchaseOrderId" = "purchaseOrder".id)`,
    );
    if (orderId === null) return false;
    await step.query(
      `with arrived as (
         insert into erp.receipt ("readableId", "purchaseOrderId", "deliveryNote", "companyId", "createdBy")
         values (erp."nextNumber"($2, 'receipt'), $1, $4, $2, $3)
         returning id)
       insert into erp."receiptLine" ("receiptId", "lineNumber", "itemId", quantity, "companyId")
       select arrived.id, line."lineNumber", line."itemId", line.quantity, $2
       from arrived, erp."purchaseOrderLine" as line where line."purchaseOrderId" = $1`,
      [orderId, step.companyId, await person(step, 'Buyer'), `DN-${step.random.between(10_000, 99_999)}`],
    );
    return true;
  },
};

const receiptPosted: Activity = {
  name: 'receipt posted',
  weight: 2,
  async run(step) {
    const receiptId = await pickOne(step, 'receipt', `status = 'Draft'`);
    if (receiptId === null) return false;
    const buyerId = await person(step, 'Buyer');
    await step.query(`update erp."receiptLine" set shelf = 'A-' || "lineNumber" where "receiptId" = $1`, [
      receiptId,
    ]);
    await step.query(
      `with posted as (
         update erp.receipt set status = 'Posted', "postedAt" = now(), "updatedBy" = $2, "updatedAt" = now()
         where id = $1 returning "purchaseOrderId")
       update erp."purchaseOrder" as "order" set status = 'Received', "updatedBy" = $2, "updatedAt" = now()
       from posted where "order".id = posted."purchaseOrderId"`,
      [receiptId, buyerId],
    );
    return true;
  },
};

export const purchasingActivities: readonly Activity[] = [
  supplierQuoteRequested,
  supplierQuoteReceived,
  deletes('supplier quote given up', 1, { table: 'supplierQuote', where: `status = 'Requested'` }),
  purchaseOrderDrafted,
  changes('purchase order sent', 3, {
    table: 'purchaseOrder',
    where: `status = 'Draft'`,
    set: `status = 'To receive', "promisedDate" = current_date + 10`,
    by: 'Buyer',
  }),
  deletes('draft purchase order deleted', 1, { table: 'purchaseOrder', where: `status = 'Draft'` }),
  receiptDrafted,
  receiptPosted,
  deletes('draft receipt deleted', 1, { table: 'receipt', where: `status = 'Draft'` }),
];
