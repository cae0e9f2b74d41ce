/** Customers, suppliers, items and users: new ones, changed ones, and new ones that are removed again before they are used. */
import { changes, deletes, person, pickOne } from './document.ts';
import type { Activity, Step } from './document.ts';

/** The part of a readable number that names use: `CU-000017` gives "Customer 0017". */
function named(kind: string): string {
  return `'${kind} ' || lpad(ltrim(substr(number.text, 4), '0'), 4, '0')`;
}

function inserts(
  name: string,
  by: 'Sales person' | 'Buyer' | 'Planner' | 'Administrator',
  sql: string,
): Activity {
  const run = async (step: Step): Promise<boolean> => {
    await step.query(sql, [step.companyId, await person(step, by)]);
    return true;
  };
  return { name, weight: 1, run };
}

const priceListRevised: Activity = {
  name: 'price list revised',
  weight: 3,
  async run(step) {
    const itemId = await pickOne(step, 'item', `type <> 'Service' and not "isBlocked"`);
    if (itemId === null) return false;
    await step.query(
      `update erp.item set "unitPrice" = round("unitPrice" * $2::numeric, 4), "updatedBy" = $3, "updatedAt" = now() where id = $1`,
      [itemId, 1 + step.random.between(-3, 5) / 100, await person(step, 'Sales person')],
    );
    return true;
  },
};

const customerActivities: readonly Activity[] = [
  inserts(
    'prospect added',
    'Sales person',
    `insert into erp.customer ("readableId", name, email, "accountManagerId", tags, "companyId", "createdBy")
     select number.text, ${named('Customer')}, 'hello@' || lower(number.text) || '.example', $2, '{trade fair}', $1, $2
     from (select erp."nextNumber"($1, 'customer') as text) as number`,
  ),
  changes('credit limit changed', 1, {
    table: 'customer',
    where: `status = 'Active'`,
    set: `"creditLimit" = "creditLimit" + 500`,
    by: 'Accountant',
  }),
  changes('prospect became a customer', 1, {
    table: 'customer',
    where: `status = 'Prospect'`,
    set: `status = 'Active', "creditLimit" = 2500`,
    by: 'Sales person',
  }),
  deletes('prospect removed', 1, { table: 'customer', where: `status = 'Prospect'` }),
];

const supplierActivities: readonly Activity[] = [
  inserts(
    'supplier proposed',
    'Buyer',
    `insert into erp.supplier ("readableId", name, email, "buyerId", address, "companyId", "createdBy")
     select number.text, ${named('Supplier')}, 'sales@' || lower(number.text) || '.example', $2, '{"city": "Sample Town"}', $1, $2
     from (select erp."nextNumber"($1, 'supplier') as text) as number`,
  ),
  changes('supplier rated', 1, {
    table: 'supplier',
    where: `status = 'Approved'`,
    set: `rating = case when coalesce(rating, 3) < 4.8 then coalesce(rating, 3) + 0.1 else 3.5 end`,
    by: 'Buyer',
  }),
  changes('supplier approved', 1, {
    table: 'supplier',
    where: `status = 'Candidate'`,
    set: `status = 'Approved', rating = 3.0`,
    by: 'Buyer',
  }),
  deletes('candidate supplier removed', 1, { table: 'supplier', where: `status = 'Candidate'` }),
];

const itemActivities: readonly Activity[] = [
  priceListRevised,
  inserts(
    'item drafted',
    'Planner',
    `insert into erp.item ("readableId", name, type, "unitCost", "unitPrice", "isBlocked", tags, "customFields", "companyId", "createdBy")
     select number.text, 'Bracket ' || ltrim(substr(number.text, 4), '0'), 'Make', 9.8765, 14.5000, true, '{new}', '{"drawing": null}', $1, $2
     from (select erp."nextNumber"($1, 'item') as text) as number`,
  ),
  changes('item released', 1, {
    table: 'item',
    where: `"isBlocked"`,
    set: `"isBlocked" = false`,
    by: 'Planner',
  }),
  deletes('draft item removed', 1, { table: 'item', where: `"isBlocked"` }),
];

const employeeActivities: readonly Activity[] = [
  inserts(
    'user invited',
    'Administrator',
    `insert into erp.employee ("readableId", name, role, email, active, "hourlyCost", "companyId", "createdBy")
     select number.text, 'Machinist ' || ltrim(substr(number.text, 4), '0'), 'Machinist',
       'machinist.' || ltrim(substr(number.text, 4), '0') || '@' || $1 || '.example', false, 36.50, $1, $2
     from (select erp."nextNumber"($1, 'employee') as text) as number`,
  ),
  {
    name: 'user signed in',
    weight: 1,
    async run(step) {
      const employeeId = await pickOne(step, 'employee', 'active');
      if (employeeId === null) return false;
      await step.query('update erp.employee set "lastLoginAt" = now(), "updatedAt" = now() where id = $1', [
        employeeId,
      ]);
      return true;
    },
  },
  {
    name: 'user activated',
    weight: 1,
    async run(step) {
      const employeeId = await pickOne(step, 'employee', 'not active');
      if (employeeId === null) return false;
      await step.query('update erp.employee set active = true, "updatedAt" = now() where id = $1', [
        employeeId,
      ]);
      return true;
    },
  },
  deletes('invitation withdrawn', 1, { table: 'employee', where: 'not active' }),
];

export const masterRecordActivities: readonly Activity[] = [
  ...customerActivities,
  ...supplierActivities,
  ...itemActivities,
  ...employeeActivities,
];
