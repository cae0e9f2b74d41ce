/**
 * A payload with a record as it is now, where the log does not have the one that was to be sent. Invariant: a company's webhook gets a row only while it is
 * that company's, and the table may be watched.
 */
import { sql } from 'kysely';
import pg from 'pg';
import type { LoggedDelivery } from './logged-delivery.ts';
import type { Database } from './open-database.ts';
import type { SubscribableTable } from './tables.ts';

export type CurrentRow = { readonly body: string } | { readonly refusal: string };

interface Relation {
  readonly oid: string;
  readonly mayRead: boolean;
  readonly user: string;
  readonly keyColumns: readonly { readonly name: string; readonly type: string }[];
}

/** `isOperator`: who may know which statement mends it. */
export async function readCurrentRow(
  db: Database,
  { table_name: table, key, type, company_id: companyId }: LoggedDelivery,
  isOperator: boolean,
): Promise<CurrentRow> {
  if (key === null) return { refusal: 'neither its body nor its key is in the log' };
  if (type !== 'INSERT' && type !== 'UPDATE')
    return { refusal: `of a ${type ?? 'change'} there is no row now` };
  const registered = await db
    .selectFrom('subscribable_table')
    .selectAll()
    .where('name', '=', table)
    .executeTakeFirst();
  if (registered?.enabled === false) return { refusal: notEnabled(table) };
  const relation = registered === undefined ? null : await findRelation(db, registered);
  if (registered === undefined || relation === null)
    return { refusal: `there is no table ${table} any more` };
  if (!relation.mayRead)
    return { refusal: isOperator ? unreadable(registered, relation) : unreadableForTenants };
  const values = keyValues(key, relation.keyColumns.length);
  if (values === null) return { refusal: `${table} has another key now than ${key}` };
  if (companyId !== null && registered.company_column === null) return { refusal: gone };
  const row = await readRow(db, { registered, relation, values, companyId });
  if (row === null) return { refusal: gone };
  const company = row.companyId === null ? 'null' : JSON.stringify(row.companyId);
  // What it was before is not known.
  const old = type === 'UPDATE' ? ',"old":null' : '';
  return {
    body: `{"type":"${type}","table":${JSON.stringify(table)},"companyId":${company},"record":${row.record}${old}}`,
  };
}

const gone = 'its body is not in the log, and there is no such record of the company any more';
const unreadableForTenants = 'its body is not in the log, and the service may not read the table';

function notEnabled(table: string): string {
  return `its body is not in the log, and ${table} is not enabled any more: its records are not read`;
}

function unreadable(
  { schema_name: schema, relation_name: name }: SubscribableTable,
  { user }: Relation,
): string {
  const [s, t, u] = [schema, name, user].map((word) => pg.escapeIdentifier(word));
  return (
    'its body is not in the log, and the service may not read the table. ' +
    `To let it send current rows: grant usage on schema ${s} to ${u}; grant select on ${s}.${t} to ${u};`
  );
}

async function findRelation(
  db: Database,
  { schema_name: schema, relation_name: name }: SubscribableTable,
): Promise<Relation | null> {
  // The columns of the primary key, or without one of the identity's index: what a record's key in the log is made of.
  const query = sql<Relation>`
    select c.oid::text as oid, has_table_privilege(c.oid, 'select') and has_schema_privilege(n.oid, 'usage') as "mayRead",
           current_user::text as user,
           (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod)) order by k.position), '[]')
            from (select x.indkey from pg_catalog.pg_index x
                  where x.indrelid = c.oid and (x.indisprimary or x.indisreplident) and x.indisvalid order by x.indisprimary desc limit 1) i
            cross join unnest(i.indkey::int2[]) with ordinality as k (attnum, position)
            join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum) as "keyColumns"
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = ${schema} and c.relname = ${name}`;
  return (await query.execute(db)).rows[0] ?? null;
}

interface Wanted {
  readonly registered: SubscribableTable;
  readonly relation: Relation;
  readonly values: readonly string[];
  readonly companyId: string | null;
}

async function readRow(
  db: Database,
  { registered, relation, values, companyId }: Wanted,
): Promise<{ readonly record: string; readonly companyId: string | null } | null> {
  const { schema_name: schema, relation_name: name, company_column: column } = registered;
  // The type's name as format_type quotes it.
  const isIt = relation.keyColumns.map(
    (key, index) => sql`t.${sql.id(key.name)} = ${values[index] ?? ''}::text::${sql.raw(key.type)}`,
  );
  const company =
    column === null ? sql<string | null>`null::text` : sql<string | null>`t.${sql.id(column)}::text`;
  const isTheirs = companyId === null ? sql`true` : sql`${company} = ${companyId}`;
  const query = sql<{ record: string; companyId: string | null }>`
    select row_to_json(t.*)::text as record, ${company} as "companyId" from ${sql.id(schema, name)} t
    where ${sql.join(isIt, sql` and `)} and ${isTheirs} limit 1`;
  try {
    return (await query.execute(db)).rows[0] ?? null;
  } catch (error) {
    // A key of another form than the column has now.
    if (error instanceof pg.DatabaseError && error.code?.startsWith('22') === true) return null;
    throw error;
  }
}

/**
 * The values of a key as the log has it, of so many columns: of one its text, of several what Postgres prints for `row(…)`. Null: it has another
 * number of them, or one is null.
 */
export function keyValues(key: string, count: number): string[] | null {
  if (count === 0) return null;
  if (count === 1) return [key];
  // https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
  const field = /(?:^\(|,)(?:"((?:[^"\\]|""|\\.)*)"|([^",()\\]*))(?=[,)])/gs;
  const fields = [...key.matchAll(field)];
  const isWhole = fields.map(([text]) => text).join('') === key.slice(0, -1) && key.endsWith(')');
  if (!isWhole || fields.length !== count) return null;
  const values = fields.map(
    ([, quoted, plain = '']) =>
      quoted?.replace(/""|\\(.)/gs, (pair, c?: string) => c ?? pair[0] ?? '') ?? plain,
  );
  return fields.some(([, quoted, plain]) => quoted === undefined && plain === '') ? null : values;
}
