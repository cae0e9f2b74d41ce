/**
 * What the documents of the sample ERP have in common: they are picked by status, moved on, discarded, and have lines.
 * Rows that somebody else has locked are passed over, so that a psql session beside the demo is never in its way.
 */
import type { Query } from '../../database/demo-database.ts';
import type { Random } from './random.ts';

/** What one piece of activity works with: a company, inside one transaction. */
export interface Step {
  readonly query: Query;
  readonly random: Random;
  readonly companyId: string;
}

/** One kind of thing that people do in an ERP. */
export interface Activity {
  readonly name: string;
  /** How often it happens, compared with the others. */
  readonly weight: number;
  /** False when there is nothing to work on, as when no quote waits for an answer. */
  run(step: Step): Promise<boolean>;
}

export type Role = 'Administrator' | 'Sales person' | 'Buyer' | 'Planner' | 'Machinist' | 'Accountant';

/** The id of somebody in that role; null when the company has nobody. */
export async function person({ query, random, companyId }: Step, role: Role): Promise<string | null> {
  const people = await query(
    `select id from erp.employee where "companyId" = $1 and role = $2 and active order by "readableId" limit 20`,
    [companyId, role],
  );
  return idOf(random.pick(people));
}

/** One of the first rows of the table for which `where` holds, locked; null when there is none. */
export async function pickOne(step: Step, table: string, where: string): Promise<string | null> {
  const rows = await step.query(
    `select id from erp."${table}" where "companyId" = $1 and ${where}
     order by "readableId" limit 25 for update skip locked`,
    [step.companyId],
  );
  return idOf(step.random.pick(rows));
}

export interface Change {
  readonly table: string;
  readonly where: string;
  /** Assignments, such as `status = 'Sent'`. */
  readonly set: string;
  readonly by: Role;
}

/** An activity that updates one row. */
export function changes(name: string, weight: number, { table, where, set, by }: Change): Activity {
  const run = async (step: Step): Promise<boolean> => {
    const id = await pickOne(step, table, where);
    if (id === null) return false;
    await step.query(
      `update erp."${table}" set ${set}, "updatedBy" = $2, "updatedAt" = now() where id = $1`,
      [id, await person(step, by)],
    );
    return true;
  };
  return { name, weight, run };
}

/** An activity that deletes one row, its lines included. */
export function deletes(
  name: string,
  weight: number,
  { table, where }: Pick<Change, 'table' | 'where'>,
): Activity {
  const run = async (step: Step): Promise<boolean> => {
    const id = await pickOne(step, table, where);
    if (id === null) return false;
    await step.query(`delete from erp."${table}" where id = $1`, [id]);
    return true;
  };
  return { name, weight, run };
}

/** One to three different items of these types, with quantities, ready for unnest($items::text[], $quantities::numeric[]). */
export async function basket(
  step: Step,
  types: readonly string[],
): Promise<{ items: string[]; quantities: number[] }> {
  const rows = await step.query(
    `select id from erp.item where "companyId" = $1 and type = any ($2::erp."itemType"[]) and not "isBlocked"
     order by "readableId" limit 40`,
    [step.companyId, types],
  );
  const items = step.random
    .shuffle(rows)
    .slice(0, step.random.between(1, 3))
    .map((row) => String(row['id']));
  return { items, quantities: items.map(() => step.random.between(1, 12) * 5) };
}

export function idOf(row: Readonly<Record<string, unknown>> | undefined): string | null {
  const id = row?.['id'];
  return typeof id === 'string' ? id : null;
}
