/** Sales: a request for quote becomes a quote, and the quote an order; some of them come to nothing. */
import { basket, changes, deletes, idOf, person, pickOne } from './document.ts';
import type { Activity, Step } from './document.ts';

export const rfqReceived: Activity = {
  name: 'request for quote received',
  weight: 5,
  async run(step) {
    const customerId = await pickOne(step, 'customer', `status = 'Active'`);
    const { items, quantities } = await basket(step, ['Make', 'Service']);
    if (customerId === null || items.length === 0) return false;
    const salesPersonId = await person(step, 'Sales person');
    await step.query(
      `with rfq as (
         insert into erp."salesRfq"
           ("readableId", "customerId", "customerReference", "requiredDate", "salesPersonId", tags, "customFields", "companyId", "createdBy")
         values (erp."nextNumber"($1, 'salesRfq'), $2, $3, current_date + $4::int, $5, $6, $7, $1, $5)
         returning id)
       insert into erp."salesRfqLine" ("salesRfqId", "lineNumber", "itemId", quantity, "companyId")
       select rfq.id, line.number, line.item, line.quantity, $1
       from rfq, unnest($8::text[], $9::numeric[]) with ordinality as line (item, quantity, number)`,
      [
        step.companyId,
        customerId,
        `REQ-${step.random.between(1000, 9999)}`,
        step.random.between(14, 60),
        salesPersonId,
        step.random.pick([[], ['web'], ['phone', 'urgent'], ['trade fair']]),
        JSON.stringify({ channel: step.random.pick(['web', 'phone', 'email']), probability: 0.5 }),
        items,
        quantities,
      ],
    );
    return true;
  },
};

export const rfqCompleted = changes('request for quote completed', 4, {
  table: 'salesRfq',
  where: `status = 'Draft'`,
  set: `status = 'Ready to quote', "internalNotes" = 'Drawings are complete.'`,
  by: 'Sales person',
});

export const rfqWithdrawn = deletes('draft request for quote withdrawn', 1, {
  table: 'salesRfq',
  where: `status = 'Draft'`,
});

const quoteWritten: Activity = {
  name: 'quote written',
  weight: 4,
  async run(step) {
    const rfqId = await pickOne(step, 'salesRfq', `status = 'Ready to quote'`);
    if (rfqId === null) return false;
    const salesPersonId = await person(step, 'Sales person');
    const quotes = await step.query(
      `insert into erp.quote ("readableId", "salesRfqId", "customerId", total, "salesPersonId", tags, "companyId", "createdBy")
       select erp."nextNumber"($2, 'quote'), rfq.id, rfq."customerId",
         (select round(sum(line.quantity * item."unitPrice"), 2)
          from erp."salesRfqLine" as line join erp.item on item.id = line."itemId" where line."salesRfqId" = rfq.id),
         $3, rfq.tags, $2, $3
       from erp."salesRfq" as rfq where rfq.id = $1
       returning id`,
      [rfqId, step.companyId, salesPersonId],
    );
    await step.query(
      `insert into erp."quoteLine" ("quoteId", "lineNumber", "itemId", quantity, "unitPrice", "companyId")
       select $2, line."lineNumber", line."itemId", line.quantity, item."unitPrice", line."companyId"
       from erp."salesRfqLine" as line join erp.item on item.id = line."itemId" where line."salesRfqId" = $1`,
      [rfqId, idOf(quotes[0])],
    );
    await step.query(
      `update erp."salesRfq" set status = 'Quoted', "updatedBy" = $2, "updatedAt" = now() where id = $1`,
      [rfqId, salesPersonId],
    );
    return true;
  },
};

const orderPlaced: Activity = {
  name: 'order placed',
  weight: 4,
  async run(step) {
    const quoteId = await pickOne(step, 'quote', `status = 'Sent'`);
    if (quoteId === null) return false;
    await insertOrder(step, quoteId, await person(step, 'Sales person'));
    return true;
  },
};

async function insertOrder(step: Step, quoteId: string, salesPersonId: string | null): Promise<void> {
  const orders = await step.query(
    `insert into erp."salesOrder"
       ("readableId", "quoteId", "customerId", "customerReference", total, "isRush", "shippingAddress", "salesPersonId", tags,
        "companyId", "createdBy")
     select erp."nextNumber"($2, 'salesOrder'), quote.id, quote."customerId", $4, quote.total, 'urgent' = any (quote.tags),
       customer."billingAddress", $3, quote.tags, $2, $3
     from erp.quote join erp.customer on customer.id = quote."customerId" where quote.id = $1
     returning id`,
    [quoteId, step.companyId, salesPersonId, `ORD-${step.random.between(1000, 9999)}`],
  );
  await step.query(
    `insert into erp."salesOrderLine" ("salesOrderId", "lineNumber", "itemId", quantity, "unitPrice", "companyId")
     select $2, "lineNumber", "itemId", quantity, "unitPrice", "companyId" from erp."quoteLine" where "quoteId" = $1`,
    [quoteId, idOf(orders[0])],
  );
  await step.query(
    `update erp.quote set status = 'Ordered', "updatedBy" = $2, "updatedAt" = now() where id = $1`,
    [quoteId, salesPersonId],
  );
}

export const salesActivities: readonly Activity[] = [
  rfqReceived,
  rfqCompleted,
  rfqWithdrawn,
  quoteWritten,
  changes('quote sent', 4, {
    table: 'quote',
    where: `status = 'Draft'`,
    set: `status = 'Sent', "issueDate" = current_date, "expirationDate" = current_date + 30`,
    by: 'Sales person',
  }),
  changes('quote lost', 1, {
    table: 'quote',
    where: `status = 'Sent'`,
    set: `status = 'Lost', "lostReason" = 'Delivery time'`,
    by: 'Sales person',
  }),
  deletes('draft quote discarded', 1, { table: 'quote', where: `status = 'Draft'` }),
  orderPlaced,
  changes('order confirmed', 4, {
    table: 'salesOrder',
    where: `status = 'Draft'`,
    set: `status = 'Confirmed', "promisedDate" = current_date + 21`,
    by: 'Sales person',
  }),
  deletes('draft order deleted', 1, { table: 'salesOrder', where: `status = 'Draft'` }),
];
