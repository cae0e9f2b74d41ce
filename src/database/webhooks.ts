/** Create, read, update and delete webhooks; what the database refuses (a name taken, an unknown table) reads as a sentence. */
import pg from 'pg';
import { sql } from 'kysely';
import type { Insertable, Selectable, SqlBool, Updateable } from 'kysely';
import { ExitError } from '../exit-error.ts';
import { nearestName } from '../nearest-name.ts';
import { shellWord } from '../shell-word.ts';
import { needsAttentionFirst } from '../webhook-health.ts';
import type { RowhookSchema } from './kysely-schema.ts';
import type { Database } from './open-database.ts';

export type NewWebhook = Insertable<RowhookSchema['webhook']>;
export type WebhookChanges = Pick<
  Updateable<RowhookSchema['webhook']>,
  | 'name'
  | 'table_name'
  | 'url'
  | 'on_insert'
  | 'on_update'
  | 'on_delete'
  | 'on_truncate'
  | 'active'
  | 'pause_reason'
  | 'breaker'
  | 'concurrency'
>;
export type ListedWebhook = Selectable<RowhookSchema['webhook_health']>;

export interface WebhookFilter {
  readonly id?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly companyId?: string | undefined;
  readonly table?: string | undefined;
  /** Any of these. */
  readonly health?: readonly string[] | undefined;
  /** Found in its name, id, company, table or the URL's origin, in whatever case. */
  readonly search?: string | undefined;
}

/** So many at most: in the order of their ids behind this one, or of those that need attention first without the first so many. */
export type WebhookPage = { readonly limit: number } & (
  { readonly after: string | null } | { readonly skip: number }
);

/**
 * A URL is whole only to a role that may edit it; others see origin + `/…`.
 * @throws {ExitError} for a table that is unknown.
 */
export async function listWebhooks(
  db: Database,
  filter: WebhookFilter,
  page?: WebhookPage,
): Promise<ListedWebhook[]> {
  const { id, ids, companyId, table, health, search } = filter;
  if (table !== undefined) await requireKnownTable(db, table);
  let query = db.selectFrom('webhook_health as h').selectAll('h');
  if (id !== undefined) query = query.where('h.id', '=', id);
  if (ids !== undefined) query = query.where('h.id', '=', sql<string>`any(${ids}::text[])`);
  if (companyId !== undefined) query = query.where('h.company_id', '=', companyId);
  if (table !== undefined) query = query.where('h.table_name', '=', table);
  if (health !== undefined) query = query.where('h.health', 'in', health);
  if (search !== undefined)
    query = query.where(
      sql<SqlBool>`strpos(lower(concat_ws(' ', h.name, h.id, h.company_id, h.table_name, h.url)), lower(${search})) > 0`,
    );
  if (page === undefined) query = query.orderBy('h.all_companies').orderBy('h.company_id').orderBy('h.name');
  else if ('skip' in page)
    query = query
      .orderBy(sql`array_position(${needsAttentionFirst}::text[], h.health)`)
      .orderBy('h.error_count', 'desc')
      .orderBy('h.name')
      .orderBy('h.id')
      .offset(page.skip)
      .limit(page.limit);
  else
    query = query
      .where('h.id', '>', page.after ?? '')
      .orderBy('h.id')
      .limit(page.limit);
  const webhooks = await query.execute();
  const urls = await readWholeUrls(
    db,
    webhooks.map((webhook) => webhook.id),
  );
  return webhooks.map((webhook) => ({ ...webhook, url: urls.get(webhook.id) ?? webhook.url }));
}

/** Which webhooks this login sees, in words; null: all. */
export async function describeSight(db: Database): Promise<string | null> {
  const setting = (name: string) => sql`nullif(current_setting(${name}, true), '')`;
  const query = sql<{ seesAll: boolean; company: string | null }>`
    select pg_has_role(current_user, 'rowhook_dba', 'usage') or (pg_has_role(current_user, 'rowhook_service', 'usage')
        and ${setting('rowhook.only_company_id')} is null) as "seesAll",
      coalesce(${setting('rowhook.only_company_id')}, ${setting('rowhook.company_id')}) as company`;
  const [sight] = (await query.execute(db)).rows;
  if (sight?.seesAll === true) return null;
  const company = sight?.company ?? null;
  return company === null
    ? 'it is a member of neither rowhook_service nor rowhook_dba, and its setting rowhook.company_id names no company'
    : `it may see those of company "${company}" only`;
}

export interface AskedOperations {
  readonly inserts: boolean;
  readonly updates: boolean;
  readonly deletes: boolean;
  readonly truncates: boolean;
}

/** What any webhook of the table that may be seen here asks for, paused or not. */
export async function askedOperations(db: Database, table: string): Promise<AskedOperations> {
  const any = (column: 'on_insert' | 'on_update' | 'on_delete' | 'on_truncate') =>
    sql<boolean>`coalesce(bool_or(${sql.ref(column)}), false)`;
  return await db
    .selectFrom('webhook')
    .where('table_name', '=', table)
    .select([
      any('on_insert').as('inserts'),
      any('on_update').as('updates'),
      any('on_delete').as('deletes'),
      any('on_truncate').as('truncates'),
    ])
    .executeTakeFirstOrThrow();
}

/** How many webhooks are in which health. */
export async function countWebhooks(db: Database): Promise<{ health: string; count: number }[]> {
  const query = db.selectFrom('webhook_health as h').groupBy('h.health');
  return await query.select(['h.health', sql<number>`count(*)`.as('count')]).execute();
}

/** Those that this login may see. */
async function readWholeUrls(db: Database, ids: readonly string[]): Promise<Map<string, string>> {
  if (!(await mayEditUrls(db))) return new Map();
  const rows = await db
    .selectFrom('webhook')
    .select(['id', 'url'])
    .where('id', '=', sql<string>`any(${ids}::text[])`)
    .execute();
  return new Map(rows.map((row) => [row.id, row.url]));
}

/** @throws {ExitError} for a name that is taken and for a table that is unknown or not enabled. */
export async function createWebhook(db: Database, webhook: NewWebhook): Promise<ListedWebhook> {
  await requireEnabledTable(db, webhook.table_name);
  const insert = db.insertInto('webhook').values(webhook).returning('id');
  const { id } = await insert.executeTakeFirstOrThrow().catch(explain(webhook.name, webhook.id));
  return await findWebhook(db, id);
}

/**
 * `revision`: only if it is still that one.
 * @throws {ExitError} as `createWebhook`, and for an id that no webhook has.
 */
export async function updateWebhook(
  db: Database,
  id: string,
  changes: WebhookChanges,
  revision?: number,
): Promise<ListedWebhook> {
  if (changes.table_name !== undefined) await requireEnabledTable(db, changes.table_name);
  let update = db.updateTable('webhook').set(changes).where('id', '=', id).returning('id');
  if (revision !== undefined) update = update.where('revision', '=', revision);
  const updated = await update.executeTakeFirst().catch(explain(changes.name));
  const webhook = await findWebhook(db, id);
  if (updated === undefined) throw changedMeanwhile(webhook);
  return webhook;
}

/** Only if it is still at that revision. @throws {ExitError} for an id that no webhook has, and one that was changed. */
export async function deleteWebhook(db: Database, id: string, revision?: number): Promise<void> {
  let removal = db.deleteFrom('webhook').where('id', '=', id).returning('id');
  if (revision !== undefined) removal = removal.where('revision', '=', revision);
  if ((await removal.executeTakeFirst()) === undefined) throw changedMeanwhile(await findWebhook(db, id));
}

/** All or none. @throws {ExitError} naming the ids that no webhook has. */
export async function deleteWebhooks(db: Database, ids: readonly string[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    const removal = transaction.deleteFrom('webhook').where('id', 'in', ids).returning('id');
    const deleted = new Set((await removal.execute()).map((row) => row.id));
    const unknown = ids.filter((id) => !deleted.has(id));
    if (unknown.length > 0) throw unknownWebhooks(unknown);
  });
}

/** @throws {ExitError} for an id that no webhook has. */
export async function findWebhook(db: Database, id: string): Promise<ListedWebhook> {
  const [webhook] = await listWebhooks(db, { id });
  if (webhook === undefined) throw unknownWebhooks([id]);
  return webhook;
}

/** One that can be sent to: with its whole URL. @throws {ExitError} for an id that no webhook has, and for a login that may not see the URL. */
export async function findWithWholeUrl(db: Database, id: string): Promise<ListedWebhook> {
  const webhook = await findWebhook(db, id);
  const url = (await readWholeUrls(db, [id])).get(id);
  if (url !== undefined) return { ...webhook, url };
  throw new ExitError(`this login may not see the whole URL of ${id}, so nothing was sent`, {
    exitCode: 1,
    remedy: "Run it with the service's login, or with --api.",
    refusal: 'refused',
  });
}

async function mayEditUrls(db: Database): Promise<boolean> {
  const query = sql<{ may: boolean }>`select has_column_privilege('rowhook.webhook', 'url', 'update') as may`;
  const { rows } = await query.execute(db);
  return rows[0]?.may ?? false;
}

async function requireEnabledTable(db: Database, name: string): Promise<void> {
  const tables = await db
    .selectFrom('subscribable_table')
    .select(['name', 'schema_name', 'relation_name', 'enabled'])
    .execute();
  const table = tables.find((each) => each.name === name);
  if (table?.enabled === true) return;
  const enabled = tables.filter((each) => each.enabled).map((each) => each.name);
  if (table !== undefined) {
    const relation = `${table.schema_name}.${table.relation_name}`;
    throw new ExitError(`table "${name}" is not enabled`, {
      exitCode: 1,
      remedy: `Enable it as its owner: rowhook enable ${shellWord(relation)}`,
      refusal: 'refused',
    });
  }
  const choice = enabled.length === 0 ? 'No table is enabled yet.' : `Enabled tables: ${enabled.join(', ')}.`;
  const remedy = `${choice}\nEnable another one as its owner: rowhook enable ${shellWord(name)}`;
  throw unknownTable(name, enabled, remedy);
}

/** @throws {ExitError} with those that are known. */
export async function requireKnownTable(db: Database, name: string): Promise<void> {
  const tables = await db.selectFrom('subscribable_table').select('name').orderBy('name').execute();
  const known = tables.map((each) => each.name);
  if (known.includes(name)) return;
  const remedy = known.length === 0 ? 'No table is enabled yet.' : `Known tables: ${known.join(', ')}.`;
  throw unknownTable(name, known, remedy);
}

function unknownTable(name: string, known: readonly string[], remedy: string): ExitError {
  const nearest = nearestName(name, known);
  const guess = nearest === null ? '' : `; did you mean ${nearest}?`;
  return new ExitError(`unknown table "${name}"${guess}`, { exitCode: 1, remedy, refusal: 'refused' });
}

export function unknownWebhooks(ids: readonly string[]): ExitError {
  const message =
    ids.length === 1 ? `no webhook has the id ${ids[0] ?? ''}` : `no webhooks have the ids ${ids.join(', ')}`;
  return new ExitError(`${message}; nothing was changed`, {
    exitCode: 1,
    remedy: 'See: rowhook webhook list',
    refusal: 'unknown',
  });
}

function changedMeanwhile({ id, revision }: ListedWebhook): ExitError {
  return new ExitError(
    `webhook ${id} was changed meanwhile: it has version ${revision} now; nothing was changed`,
    {
      exitCode: 1,
      remedy: 'Read it again, and change that version.',
      refusal: 'stale',
    },
  );
}

function explain(name: string | undefined, id?: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof pg.DatabaseError) || error.code !== '23505') throw error;
    if (error.constraint === 'webhook_pkey') {
      const message = `a webhook with the id ${id ?? ''} exists already`;
      throw new ExitError(message, {
        exitCode: 1,
        remedy: 'Choose another id.',
        refusal: 'taken',
        cause: error,
      });
    }
    throw new ExitError(`a webhook named "${name ?? ''}" exists already for this company`, {
      exitCode: 1,
      remedy: 'Choose another --name, or change the existing one: rowhook webhook update <id>',
      refusal: 'taken',
      cause: error,
    });
  };
}
