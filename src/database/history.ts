/** What the database knows of one record's changes: attempts in the delivery log, what waits in the backlog, and who watches its table. */
import { sql } from 'kysely';
import pg from 'pg';
import { parseLsn } from '../lsn.ts';
import { changeId } from '../position.ts';
import { listDeliveries, type ListedDelivery } from './deliveries.ts';
import type { Database } from './open-database.ts';
import { listWebhooks, requireKnownTable, type ListedWebhook } from './webhooks.ts';

export type LoggedAttempt = ListedDelivery;
export type WatchingWebhook = ListedWebhook;

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
  const waiting = await readWaiting(db, table, key);
  return {
    table: await known.executeTakeFirstOrThrow(),
    key,
    attempts: deliveries.slice(0, maxAttempts),
    waiting: waiting ?? [],
    waitingIsUnknown: waiting === null,
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

// Null: it took too long. There may be a million rows of one webhook.
async function readWaiting(db: Database, table: string, key: string): Promise<History['waiting'] | null> {
  const query = sql<WaitingRow>`
    select b.epoch, b.commit_lsn::text as lsn, b.index, b.part, b.webhook_id as "webhookId", b.company_id as "companyId", b.type,
           b.stored_at as since
    from rowhook.backlog b
    where b.table_name = ${table}
      and exists (select from unnest(b.keys) k where substr(k, strpos(k, '/')) = any (rowhook.order_keys_of(${key})))
    order by b.epoch desc, b.commit_lsn desc, b.index desc limit ${maxAttempts}`;
  const rows = await db
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
  return (
    rows?.map(({ epoch, lsn, index, part, since, ...row }) => ({
      ...row,
      changeId: changeId({ epoch, commitLsn: parseLsn(lsn), index, part }),
      since: since.toISOString(),
    })) ?? null
  );
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
