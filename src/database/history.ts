/** What the database knows of one record's changes: attempts in the delivery log, what waits in the backlog, who watches its table, and the losses of these that cover it. */
import { sql, type RawBuilder } from 'kysely';
import pg from 'pg';
import { maxExplainedChanges } from '../limits.ts';
import { parseLsn } from '../lsn.ts';
import { changeId, newestFirst } from '../position.ts';
import { isChangeBefore, isChangeBetween } from './change-order.ts';
import { listDeliveries, type ListedDelivery } from './deliveries.ts';
import type { Database } from './open-database.ts';
import { listWebhooks, requireKnownTable, type ListedWebhook } from './webhooks.ts';

export type LoggedAttempt = ListedDelivery;
export type WatchingWebhook = ListedWebhook;

/** A row of the ledger from whose first to whose last position the change lies: it may be one of those that it counts. */
export interface CoveringLoss {
  readonly changeId: string;
  readonly webhookId: string;
  readonly id: number;
  readonly reason: string;
  /** Deliveries; null: unknown. */
  readonly count: number | null;
}

export interface History {
  readonly table: { readonly name: string; readonly enabled: boolean };
  readonly key: string;
  /** Newest first. */
  readonly attempts: readonly LoggedAttempt[];
  readonly waiting: readonly {
    readonly changeId: string;
    readonly webhookId: string;
    readonly companyId: string | null;
    readonly type: string;
    readonly since: string;
  }[];
  readonly webhooks: readonly WatchingWebhook[];
  readonly log: {
    /** As the service that led last was told. */
    readonly mode: 'all' | 'errors' | 'off' | null;
    /** The beginning of its oldest day. */
    readonly since: string | null;
    /** Rows that it is known to lack. */
    readonly dropped: number;
  };
  /** For each webhook and change one at most, the interrupted first. */
  readonly losses: readonly CoveringLoss[];
  /** The ledger could not be searched in time. */
  readonly lossesAreUnknown: boolean;
  /** The backlog could not be searched in time. */
  readonly waitingIsUnknown: boolean;
  /** There are more attempts than were read. */
  readonly isCut: boolean;
}

const maxAttempts = 200;
const queryCanceled = '57014';

/** @throws {ExitError} for a table that is unknown. */
export async function readHistory(
  db: Database,
  { table, key }: { readonly table: string; readonly key: string },
): Promise<History> {
  await requireKnownTable(db, table);
  const deliveries = await listDeliveries(db, { table, key, limit: maxAttempts + 1 }, false);
  const known = db.selectFrom('subscribable_table').select(['name', 'enabled']).where('name', '=', table);
  const attempts = deliveries.slice(0, maxAttempts);
  const waiting = await readWaiting(db, table, key);
  const ids = new Set([
    ...attempts.map(({ change_id: id }) => id),
    ...(waiting ?? []).map(({ changeId: id }) => id),
  ]);
  const losses = await readLosses(db, table, newestFirst(ids).slice(0, maxExplainedChanges));
  return {
    table: await known.executeTakeFirstOrThrow(),
    key,
    attempts,
    waiting: waiting ?? [],
    waitingIsUnknown: waiting === null,
    losses: losses ?? [],
    lossesAreUnknown: losses === null,
    webhooks: await listWebhooks(db, { table }),
    log: await readLog(db),
    isCut: deliveries.length > maxAttempts,
  };
}

interface WaitingRow {
  readonly epoch: number;
  readonly lsn: string;
  readonly index: number;
  readonly part: 0 | 1;
  readonly webhookId: string;
  readonly companyId: string | null;
  readonly type: string;
  readonly since: Date;
}

async function readWaiting(db: Database, table: string, key: string): Promise<History['waiting'] | null> {
  const query = sql<WaitingRow>`
    select b.epoch, b.commit_lsn::text as lsn, b.index, b.part, b.webhook_id as "webhookId", b.company_id as "companyId", b.type,
           b.stored_at as since
    from rowhook.backlog b
    where b.table_name = ${table}
      and exists (select from unnest(b.keys) k where substr(k, strpos(k, '/')) = any (rowhook.order_keys_of(${key})))
    order by b.epoch desc, b.commit_lsn desc, b.index desc limit ${maxAttempts}`;
  const rows = await readInTime(db, query);
  return (
    rows?.map(({ epoch, lsn, index, part, since, ...row }) => ({
      ...row,
      changeId: changeId({ epoch, commitLsn: parseLsn(lsn), index, part }),
      since: since.toISOString(),
    })) ?? null
  );
}

// By uid: the id of a webhook that was deleted may be another's now. What lies beside all of the changes is left out first.
async function readLosses(
  db: Database,
  table: string,
  changeIds: readonly string[],
): Promise<CoveringLoss[] | null> {
  const newest = changeIds[0];
  const oldest = changeIds.at(-1);
  if (newest === undefined || oldest === undefined) return [];
  const query = sql<CoveringLoss>`
    with near as materialized (
      select w.id as webhook_id, l.id, l.reason, l.count, l.from_position, l.to_position
      from rowhook.loss l join rowhook.webhook w on w.uid = l.uid
      where w.table_name = ${table} and l.table_name = ${table} and not (
        ${isChangeBefore(sql`l.to_position`, sql`${oldest}::text`)} or ${isChangeBefore(sql`${newest}::text`, sql`l.from_position`)}))
    select distinct on (c.id, l.webhook_id)
           c.id as "changeId", l.webhook_id as "webhookId", l.id, l.reason, l.count
    from near l join unnest(${changeIds}::text[]) c (id)
      on ${isChangeBetween(sql`c.id`, sql`l.from_position`, sql`l.to_position`)}
    order by c.id, l.webhook_id, l.reason = 'interrupted' desc, l.id desc`;
  return await readInTime(db, query);
}

// Null: it took too long. There may be a million rows of one webhook.
async function readInTime<T>(db: Database, query: RawBuilder<T>): Promise<T[] | null> {
  return await db
    .transaction()
    .execute(async (transaction) => {
      await sql`set local statement_timeout = 2000`.execute(transaction);
      await sql`set local enable_seqscan = on`.execute(transaction);
      return (await query.execute(transaction)).rows;
    })
    .catch((error: unknown) => {
      if (error instanceof pg.DatabaseError && error.code === queryCanceled) return null;
      throw error;
    });
}

async function readLog(db: Database): Promise<History['log']> {
  const query = sql<{ mode: History['log']['mode']; since: Date | null; dropped: number }>`
    select (select value ->> 'mode' from rowhook.setting where name = 'delivery_log') as mode,
           (select min(to_date(substr(c.relname, 10), 'YYYYMMDD'))::timestamp at time zone 'UTC'
            from pg_catalog.pg_inherits i join pg_catalog.pg_class c on c.oid = i.inhrelid
            where i.inhparent = 'rowhook.delivery'::regclass and c.relname ~ '^delivery_[0-9]{8}$') as since,
           (select coalesce(sum(dropped_count), 0)::int8 from rowhook.delivery_gap) as dropped`;
  const { rows } = await query.execute(db);
  const { mode = null, since = null, dropped = 0 } = rows[0] ?? {};
  return { mode, since: since === null ? null : since.toISOString(), dropped };
}
