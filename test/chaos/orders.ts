/**
 * A table of orders, webhooks on it, and the books: after whatever was broken, each order arrived zero or one times, and what did
 * not arrive is counted and stands in the ledger.
 */
import { expect } from 'vitest';
import { waitForCounters, type Counters } from '../support/counters.ts';
import type { InstalledDatabase } from '../support/installed-database.ts';
import type { Receiver, ReceivedRequest } from '../support/receiver.ts';
import { waitUntil } from '../support/wait.ts';

export const company = 'acme';

export async function createOrders(database: InstalledDatabase): Promise<void> {
  await database.dba.query(`create table orders (id int primary key, "companyId" text, state text)`);
  await database.dba.query(`select rowhook.enable_table('orders')`);
}

/** For inserts and updates of the company's orders; returns its id. */
export async function createWebhook(
  database: InstalledDatabase,
  url: string,
  { name = 'orders', onInsert = true, onUpdate = true } = {},
): Promise<string> {
  const [row] = await database.appAs(company).query<{ id: string }>(
    `insert into rowhook.webhook (name, table_name, url, on_insert, on_update)
     values ($1, 'orders', $2, $3, $4) returning id`,
    [name, url, onInsert, onUpdate],
  );
  return row?.id ?? '';
}

/** One transaction. */
export async function insertOrders(database: InstalledDatabase, from: number, to = from): Promise<void> {
  await database.app.query(
    `insert into orders select i, '${company}', 'new' from generate_series(${from}::int, ${to}::int) i`,
  );
}

/** One transaction for each, from a single session. */
export async function insertOneByOne(database: InstalledDatabase, from: number, to: number): Promise<void> {
  for (let id = from; id <= to; id++) await insertOrders(database, id);
}

interface Body {
  readonly type: string;
  readonly record: { readonly id: number; readonly state: string };
}

function bodyOf(request: ReceivedRequest): Body {
  return request.json() as unknown as Body;
}

export function orderId(request: ReceivedRequest): number {
  return bodyOf(request).record.id;
}

export function orderState(request: ReceivedRequest): string {
  return bodyOf(request).record.state;
}

/** What arrived more than once: `INSERT 5 new`. */
export function repeated(requests: readonly ReceivedRequest[]): string[] {
  const counts = new Map<string, number>();
  for (const request of requests) {
    const { type, record } = bodyOf(request);
    const key = `${type} ${record.id} ${record.state}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([key]) => key);
}

export function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}

export interface Balance {
  readonly counters: Counters;
  /** Distinct orders that arrived. */
  readonly received: number;
  readonly interrupted: number;
}

/**
 * Waits until every insert of orders 1…`committed` is counted and has its outcome, then balances: nothing twice, what did
 * not arrive is interrupted, and the receiver saw no less than was counted as success and no more than was claimed.
 */
export async function balance(
  database: InstalledDatabase,
  receiver: Receiver,
  { committed, path }: { committed: number; path?: string },
): Promise<Balance> {
  const counters = await waitForCounters(database.admin, { claimed: committed });
  const requests = path === undefined ? receiver.requests : receiver.requestsTo(path);
  expect(repeated(requests)).toEqual([]);
  const ids = new Set(requests.map(orderId));
  const [ledger] = await database.admin.query(
    `select coalesce(sum(count), 0) as count, count(*) filter (where from_position is null) as without_range
       from rowhook.loss where reason = 'interrupted'`,
  );
  const interrupted = Number(ledger?.['count']);
  expect(counters.error).toBe(interrupted);
  expect(ledger?.['without_range']).toBe('0');
  const missing = range(1, committed).filter((id) => !ids.has(id));
  expect(missing.length, `missing: ${missing.join(', ')}`).toBeLessThanOrEqual(interrupted);
  expect(ids.size).toBeGreaterThanOrEqual(counters.success);
  expect(ids.size).toBeLessThanOrEqual(counters.claimed);
  return { counters, received: ids.size, interrupted };
}

/** What the slot says was confirmed, as a text LSN. */
export async function confirmedLsn(database: InstalledDatabase, slot: string): Promise<string> {
  const [row] = await database.admin.query(
    `select confirmed_flush_lsn::text as lsn from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  return row?.['lsn'] ?? '0/0';
}

export async function currentLsn(database: InstalledDatabase): Promise<string> {
  const [row] = await database.admin.query('select pg_current_wal_lsn()::text as lsn');
  return row?.['lsn'] ?? '0/0';
}

/** Until the service has told Postgres that it may forget everything before this. */
export async function waitForConfirmed(
  database: InstalledDatabase,
  { slot, lsn, timeoutMs = 20_000 }: { slot: string; lsn: string; timeoutMs?: number },
): Promise<void> {
  await waitUntil(
    async () => {
      const [row] = await database.admin.query(
        `select confirmed_flush_lsn >= $2::pg_lsn as is_there from pg_replication_slots where slot_name = $1`,
        [slot, lsn],
      );
      return row?.['is_there'] === 't';
    },
    { timeoutMs, describe: `${slot} to be confirmed up to ${lsn}` },
  );
}

/** The pid of the walsender that has the slot; null when nobody has it. */
export async function walSenderPid(database: InstalledDatabase, slot: string): Promise<number | null> {
  const [row] = await database.admin.query(
    `select active_pid from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  const pid = row?.['active_pid'] ?? null;
  return pid === null ? null : Number(pid);
}
