/** A row to try a webhook with: one that was sent not long ago, one that is in the table, or one made of its columns. */
import { sql } from 'kysely';
import pg from 'pg';
import type { Database } from './open-database.ts';
import type { SubscribableTable } from './tables.ts';

export interface Sample {
  readonly from: 'delivery log' | 'table' | 'columns';
  /** As JSON text. */
  readonly record: string;
}

interface Wanted {
  readonly table: string;
  /** Null: of any company. */
  readonly companyId: string | null;
}

interface Relation {
  readonly oid: string;
  readonly mayRead: boolean;
}

/**
 * The payload of one of the newest deliveries of such an operation, as far as the log has its body and it is found at once; else null.
 */
export async function readLoggedPayload(
  db: Database,
  { table, companyId }: Wanted,
  types: readonly string[],
): Promise<string | null> {
  return await atOnce(db, async (transaction) => {
    let query = transaction
      .selectFrom('delivery as d')
      .select('d.body')
      .where('d.at', '>', sql<Date>`now() - interval '1 hour'`)
      .where('d.table_name', '=', table)
      .where('d.type', 'in', types)
      .where('d.body', 'is not', null);
    if (companyId !== null) query = query.where('d.company_id', '=', companyId);
    return (await query.orderBy('d.at', 'desc').limit(1).executeTakeFirst())?.body ?? null;
  });
}

/** Where this login may read the table a row of the company; otherwise one that no table holds. */
export async function readSample(db: Database, { table, companyId }: Wanted): Promise<Sample | null> {
  const known = db.selectFrom('subscribable_table').selectAll().where('name', '=', table);
  const registered = await known.executeTakeFirst();
  if (registered === undefined) return null;
  const relation = await findRelation(db, registered);
  if (relation === null) return null;
  // Rows that belong to no company are for no company's eyes: its webhooks do not get them either.
  const isOpen = companyId === null || registered.company_column !== null;
  const record =
    relation.mayRead && isOpen
      ? await atOnce(db, (transaction) => readRow(transaction, registered, companyId))
      : null;
  if (record !== null) return { from: 'table', record };
  return { from: 'columns', record: await makeRow(db, relation, { registered, companyId }) };
}

async function findRelation(
  db: Database,
  { schema_name, relation_name }: SubscribableTable,
): Promise<Relation | null> {
  const query = sql<Relation>`
    select c.oid::text as oid, has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage') as "mayRead"
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema_name} and c.relname = ${relation_name}`;
  return (await query.execute(db)).rows[0] ?? null;
}

async function readRow(
  db: Database,
  { schema_name, relation_name, company_column }: SubscribableTable,
  companyId: string | null,
): Promise<string | null> {
  const isOwn =
    companyId === null || company_column === null
      ? sql`true`
      : sql`t.${sql.id(company_column)}::text = ${companyId}`;
  const query = sql<{ record: string }>`
    select row_to_json(t.*)::text as record from ${sql.id(schema_name, relation_name)} t where ${isOwn} limit 1`;
  return (await query.execute(db)).rows[0]?.record ?? null;
}

// Nobody waits for a sample that has to be searched for, and what its table makes of it is nobody's fault here.
async function atOnce<T>(
  db: Database,
  read: (transaction: Database) => Promise<T | null>,
): Promise<T | null> {
  try {
    return await db.transaction().execute(async (transaction) => {
      await sql`set local statement_timeout = 500`.execute(transaction);
      return await read(transaction);
    });
  } catch (error) {
    if (error instanceof pg.DatabaseError) return null;
    throw error;
  }
}

interface Column {
  readonly name: string;
  /** As pg_type has it: `N` numbers, `S` texts, `B` booleans, `D` dates and times, `A` arrays, `E` enums. */
  readonly category: string;
  readonly type: string;
  readonly label: string | null;
}

async function makeRow(
  db: Database,
  { oid }: Relation,
  { registered, companyId }: { readonly registered: SubscribableTable; readonly companyId: string | null },
): Promise<string> {
  const query = sql<Column>`
    select a.attname::text as name, t.typcategory::text as category, t.typname::text as type,
           (select e.enumlabel::text from pg_catalog.pg_enum e where e.enumtypid = t.oid order by e.enumsortorder limit 1) as label
    from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
    where a.attrelid = ${oid}::oid and a.attnum > 0 and not a.attisdropped order by a.attnum`;
  const { rows } = await query.execute(db);
  const values = rows.map((column) => [
    column.name,
    column.name === registered.company_column ? companyId : madeUp(column),
  ]);
  return JSON.stringify(Object.fromEntries(values));
}

function madeUp({ name, category, type, label }: Column): unknown {
  if (type === 'uuid') return '00000000-0000-0000-0000-000000000000';
  if (type === 'json' || type === 'jsonb') return {};
  switch (category) {
    case 'N':
      return 1;
    case 'S':
      return `sample ${name}`;
    case 'B':
      return true;
    case 'D':
      return type === 'date' ? '2026-01-31' : '2026-01-31T12:00:00+00:00';
    case 'A':
      return [];
    case 'E':
      return label;
    default:
      return null;
  }
}
