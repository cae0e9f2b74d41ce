/** The delivery log for people: the newest rows that fit, looked for in stretches of time that grow, so that few of its pages are read. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { Database } from './open-database.ts';
import { requireKnownTable } from './webhooks.ts';

export interface DeliveryFilter {
  readonly webhook?: string | undefined;
  readonly company?: string | undefined;
  readonly table?: string | undefined;
  /** The record's, or the one that it had before. */
  readonly key?: string | undefined;
  /** Any of these. */
  readonly outcomes?: readonly string[] | undefined;
  readonly since?: Date | undefined;
  /** A row's `at`: those before it. */
  readonly before?: string | undefined;
  readonly limit: number;
}

interface LogFilter extends DeliveryFilter {
  /** Only what the service delivered by itself. */
  readonly areResendsLeftOut?: boolean;
  /** A row may say so where the clock of who wrote it was ahead of the server's. */
  readonly isFutureLeftOut?: boolean;
}

export interface ListedDelivery {
  /** To the microsecond, in UTC. */
  readonly at: string;
  /** `at` of the row that it repeats; null: it is a delivery, not sent again by somebody. */
  readonly resend_of: string | null;
  /** With `at` the row's own. */
  readonly uid: number;
  readonly webhook_id: string;
  readonly company_id: string | null;
  readonly change_id: string;
  readonly table_name: string;
  readonly key: string | null;
  readonly old_key: string | null;
  readonly type: string | null;
  readonly attempt: number;
  readonly outcome: string;
  readonly class: string | null;
  readonly status: number | null;
  readonly detail: string | null;
  readonly dns_ms: number | null;
  readonly connect_ms: number | null;
  readonly tls_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly total_ms: number | null;
  readonly body_bytes: number | null;
  /** Absent where this login may not see them, or they were not asked for. */
  readonly answer?: string | null;
  readonly body?: string | null;
}

const minuteMs = 60_000;
const stretchesMs = [minuteMs, 10 * minuteMs, 100 * minuteMs, 1_000 * minuteMs, 10_000 * minuteMs, Infinity];

/**
 * Newest first. Bodies and answers are there when they are wanted and this login may see them.
 * @throws {ExitError} for a table that is unknown.
 */
export async function listDeliveries(
  db: Database,
  filter: LogFilter,
  wantsBodies: boolean,
): Promise<ListedDelivery[]> {
  if (filter.table !== undefined) await requireKnownTable(db, filter.table);
  const hasBodies = wantsBodies && (await mayReadBodies(db));
  const newestMs = filter.before === undefined ? Date.now() : Date.parse(filter.before);
  const deliveries: ListedDelivery[] = [];
  let until = filter.before ?? 'infinity';
  // The planner does not know how few ranges the index leaves.
  await sql`set enable_seqscan = off`.execute(db);
  for (const stretchMs of stretchesMs) {
    const fromMs = Math.max(newestMs - stretchMs, filter.since?.getTime() ?? -Infinity);
    const from = fromMs === -Infinity ? '-infinity' : new Date(fromMs).toISOString();
    const limit = filter.limit - deliveries.length;
    deliveries.push(...(await readStretch(db, { ...filter, limit, from, until }, hasBodies)));
    if (deliveries.length >= filter.limit || fromMs === filter.since?.getTime()) break;
    until = from;
  }
  return deliveries;
}

interface Stretch extends LogFilter {
  readonly from: string;
  readonly until: string;
}

async function readStretch(db: Database, stretch: Stretch, hasBodies: boolean): Promise<ListedDelivery[]> {
  const { areResendsLeftOut = false, isFutureLeftOut = false } = stretch;
  const { from, until, webhook, company, table, key, outcomes, limit } = stretch;
  let query = selectListed(db, hasBodies).where(
    sql<SqlBool>`d.at >= ${from}::timestamptz and d.at < ${until}::timestamptz`,
  );
  if (webhook !== undefined) query = query.where('d.webhook_id', '=', webhook);
  if (company !== undefined) query = query.where('d.company_id', '=', company);
  if (table !== undefined) query = query.where('d.table_name', '=', table);
  if (isFutureLeftOut) query = query.where(sql<SqlBool>`d.at <= statement_timestamp()`);
  if (areResendsLeftOut) query = query.where('d.resend_of', 'is', null);
  if (outcomes !== undefined) query = query.where('d.outcome', 'in', outcomes);
  if (key !== undefined) query = query.where((e) => e.or([e('d.key', '=', key), e('d.old_key', '=', key)]));
  return await query.orderBy('d.at', 'desc').limit(limit).execute();
}

/** As `ListedDelivery`, from `delivery as d`. */
export function selectListed(db: Database, hasBodies: boolean) {
  return db
    .selectFrom('delivery as d')
    .select([
      atText<string>('d.at').as('at'),
      atText<string | null>('d.resend_of').as('resend_of'),
      ...(['uid', 'webhook_id', 'company_id', 'change_id', 'table_name'] as const),
      ...(['key', 'old_key', 'type', 'attempt'] as const),
      ...(['outcome', 'class', 'status', 'detail', 'body_bytes'] as const),
      ...(['dns_ms', 'connect_ms', 'tls_ms', 'first_byte_ms', 'total_ms'] as const),
      ...(hasBodies ? (['answer', bodyOrRepeated.as('body')] as const) : []),
    ]);
}

// What was sent again has no copy of the body: it goes with the row that it repeats, and is forgotten with it.
const bodyOrRepeated = sql<string | null>`coalesce(d.body, (
  select o.body from rowhook.delivery o where o.at = d.resend_of and o.uid = d.uid limit 1))`;

/** To the microsecond, in UTC. */
export function atText<T extends string | null>(column: string): RawBuilder<T> {
  return sql<T>`to_char(${sql.ref(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}

async function mayReadBodies(db: Database): Promise<boolean> {
  const query = sql<{ may: boolean }>`
    select has_column_privilege('rowhook.delivery', 'body', 'select')
       and has_column_privilege('rowhook.delivery', 'answer', 'select') as may`;
  return (await query.execute(db)).rows[0]?.may ?? false;
}

/** How many rows of the log hold something of a record, and how many deliveries of it still wait to be sent. */
export interface Forgotten {
  readonly deliveries: number;
  readonly waiting: number;
}

/** `isDone` false: only counts. @throws the database's own words for a table that is unknown. */
export async function forget(
  db: Database,
  { table, key, isDone }: { readonly table: string; readonly key: string; readonly isDone: boolean },
): Promise<Forgotten> {
  const query = sql<Forgotten>`
    select deliveries, waiting from rowhook.forget(${table}, ${key}, dry_run => ${!isDone})`;
  const [row] = (await query.execute(db)).rows;
  if (row === undefined) throw new Error('the function returned no row');
  return row;
}
