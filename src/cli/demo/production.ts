/** Production: confirmed orders become jobs, jobs make progress, and an order is ready when its jobs are complete. */
import { basket, changes, deletes, person, pickOne } from './document.ts';
import type { Activity } from './document.ts';

const jobsPlanned: Activity = {
  name: 'jobs planned for an order',
  weight: 3,
  async run(step) {
    const orderId = await pickOne(step, 'salesOrder', `status = 'Confirmed'`);
    if (orderId === null) return false;
    const plannerId = await person(step, 'Planner');
    await step.query(
      `with planned as (
         insert into erp.job
           ("readableId", "salesOrderId", "itemId", status, quantity, priority, "dueDate", "plannerId", "companyId", "createdBy")
         select erp."nextNumber"($2, 'job'), line."salesOrderId", line."itemId", 'Planned', line.quantity,
           case when "order"."isRush" then 1 else 3 end, "order"."promisedDate" - 3, $3, $2, $3
         from erp."salesOrderLine" as line
         join erp."salesOrder" as "order" on "order".id = line."salesOrderId"
         join erp.item on item.id = line."itemId" and item.type = 'Make'
         where line."salesOrderId" = $1 order by line."lineNumber"
         returning id, quantity)
       insert into erp."jobOperation" ("jobId", "lineNumber", description, "setupMinutes", "runMinutes", "companyId")
       select planned.id, operation.number, operation.description, 15, operation.minutes * planned.quantity, $2
       from planned, (values (1, 'Turn', 4.5), (2, 'Mill', 6.25), (3, 'Deburr', 1)) as operation (number, description, minutes)`,
      [orderId, step.companyId, plannerId],
    );
    await step.query(
      `update erp."salesOrder" set status = 'In production', "updatedBy" = $2, "updatedAt" = now() where id = $1`,
      [orderId, plannerId],
    );
    return true;
  },
};

const stockJobDrafted: Activity = {
  name: 'job for stock drafted',
  weight: 1,
  async run(step) {
    const { items, quantities } = await basket(step, ['Make']);
    if (items.length === 0) return false;
    await step.query(
      `insert into erp.job ("readableId", "itemId", quantity, priority, "dueDate", "plannerId", tags, "companyId", "createdBy")
       values (erp."nextNumber"($1, 'job'), $2, $3, 5, current_date + 28, $4, '{stock}', $1, $4)`,
      [step.companyId, items[0], quantities[0], await person(step, 'Planner')],
    );
    return true;
  },
};

export const productionActivities: readonly Activity[] = [
  jobsPlanned,
  stockJobDrafted,
  changes('job started', 4, {
    table: 'job',
    where: `status in ('Planned', 'Paused')`,
    set: `status = 'In progress', "startedAt" = coalesce("startedAt", now())`,
    by: 'Machinist',
  }),
  changes('job paused', 1, {
    table: 'job',
    where: `status = 'In progress' and "quantityComplete" < quantity`,
    set: `status = 'Paused', "internalNotes" = 'Waiting for material.'`,
    by: 'Machinist',
  }),
  changes('parts finished', 6, {
    table: 'job',
    where: `status = 'In progress' and "quantityComplete" < quantity`,
    set: `"quantityComplete" = least(quantity, "quantityComplete" + ceil(quantity / 2)), "quantityScrapped" = "quantityScrapped" + 0.5`,
    by: 'Machinist',
  }),
  changes('job completed', 4, {
    table: 'job',
    where: `status = 'In progress' and "quantityComplete" = quantity`,
    set: `status = 'Completed', "completedAt" = now()`,
    by: 'Machinist',
  }),
  deletes('draft job deleted', 1, { table: 'job', where: `status = 'Draft'` }),
  changes('order ready to ship', 3, {
    table: 'salesOrder',
    where: `status = 'In production'
      and not exists (select from erp.job where job."salesOrderId" = "salesOrder".id and job.status <> 'Completed')`,
    set: `status = 'Ready to ship'`,
    by: 'Planner',
  }),
];
