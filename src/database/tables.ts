/** The DBA's doors, as the database's own functions: nothing is decided here, and what they refuse carries its own remedy. */
import { sql } from 'kysely';
import type { Selectable } from 'kysely';
import { ExitError } from '../exit-error.ts';
import type { RowhookSchema } from './kysely-schema.ts';
import type { Database } from './open-database.ts';

export type SubscribableTable = Selectable<RowhookSchema['subscribable_table']>;

export interface TableCheck {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** A statement that mends it. */
  readonly remedy: string | null;
}

/** What is absent gets the function's own default; `null` is a value. */
export interface EnableOptions {
  readonly company_column?: string | null;
  readonly name?: string;
  readonly module?: string;
  readonly label?: string;
  readonly replica_identity?: string;
}

/** `logsBodies`: whether the delivery log keeps what its rows hold; absent: as it is, which is yes at first. */
export async function enableTable(
  db: Database,
  relation: string,
  options: EnableOptions,
  logsBodies?: boolean,
): Promise<SubscribableTable> {
  return await db.transaction().execute(async (transaction) => {
    const table = await callEnableTable(transaction, relation, options);
    if (logsBodies === undefined || table.log_bodies === logsBodies) return table;
    const update = transaction.updateTable('subscribable_table').set({ log_bodies: logsBodies });
    return await update.where('name', '=', table.name).returningAll().executeTakeFirstOrThrow();
  });
}

async function callEnableTable(
  db: Database,
  relation: string,
  options: EnableOptions,
): Promise<SubscribableTable> {
  const named = Object.entries({ relation, ...options });
  const parameters = named.map(([name, value]) => sql`${sql.ref(name)} => ${value}`);
  const query = sql<SubscribableTable>`select * from rowhook.enable_table(${sql.join(parameters)})`;
  return onlyRow(await query.execute(db));
}

/** The table as it stands afterwards; its webhooks stay. */
export async function disableTable(db: Database, relation: string): Promise<void> {
  await sql`select rowhook.disable_table(${relation})`.execute(db);
}

export async function inspectTable(
  db: Database,
  relation: string,
  companyColumn: string | null | undefined,
): Promise<TableCheck[]> {
  const parameters = companyColumn === undefined ? sql`${relation}` : sql`${relation}, ${companyColumn}`;
  const query = sql<TableCheck>`
    select "check", status, detail, remedy from rowhook.inspect_table(${parameters})`;
  return (await query.execute(db)).rows;
}

/**
 * The same of a table that is registered, by its name, without who owns it: for the service's login.
 * @throws {ExitError} for a name that is unknown.
 */
export async function inspectRegistered(db: Database, name: string): Promise<TableCheck[]> {
  const query = sql<TableCheck>`
    select "check", status, detail, remedy from rowhook.inspect_registered(${name})`;
  const { rows } = await query.execute(db);
  if (rows.length > 0) return rows;
  throw new ExitError(`no table is registered under the name "${name}"`, {
    exitCode: 1,
    refusal: 'unknown',
  });
}

/** All that are registered, enabled or not. */
export async function listTables(db: Database): Promise<SubscribableTable[]> {
  return await db.selectFrom('subscribable_table').selectAll().orderBy('name').execute();
}

function onlyRow<T>({ rows }: { readonly rows: readonly T[] }): T {
  const [row] = rows;
  if (row === undefined) throw new Error('the function returned no row');
  return row;
}
