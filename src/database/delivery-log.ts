// rowhook.delivery as the service writes it: rows by COPY into the partition of their day, partitions made ahead and dropped when
// they are old. Whatever fails here is a value or is tried again later: no delivery ever waits for it.
import { isInUtf8 } from './encoding.ts';
import pg from 'pg';
import { ServerIsStandbyError } from '../server-changed.ts';
import { CopyRows } from './copy-rows.ts';
import { type Session, wasRefused } from './session.ts';

export interface DeliveryRow {
  /** Microseconds since 1970, by the server's clock. */
  readonly atUs: number;
  readonly uid: bigint;
  readonly webhookId: string;
  /** The webhook's. */
  readonly companyId: string | null;
  readonly changeId: string;
  readonly table: string;
  readonly key: string | null;
  readonly oldKey: string | null;
  readonly type: string | null;
  readonly outcome: string;
  readonly class: string | null;
  readonly status: number | null;
  readonly detail: string | null;
  readonly dnsMs: number | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number | null;
  readonly bodyBytes: number | null;
  readonly answer: string | null;
  readonly body: string | Buffer | null;
}

/** What is known of it only once it ended. */
export type AttemptColumns = Pick<
  DeliveryRow,
  | ('outcome' | 'class' | 'status' | 'detail' | 'answer')
  | ('dnsMs' | 'connectMs' | 'tlsMs' | 'firstByteMs' | 'totalMs')
>;

/** `later`: nothing of it is there, and it may work when it is tried again. `lost`: not, or nobody knows whether it is there. */
export type Written = 'written' | { readonly kind: 'later' | 'lost'; readonly reason: string };

/** Rows that are missing in the log. */
export interface Gap {
  readonly count: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly reason: string;
}

const columns = [
  ...[
    'at',
    'uid',
    'webhook_id',
    'company_id',
    'change_id',
    'table_name',
    'key',
    'old_key',
    'type',
    'attempt',
  ],
  ...['outcome', 'class', 'status', 'detail', 'dns_ms', 'connect_ms', 'tls_ms', 'first_byte_ms', 'total_ms'],
  ...['body_bytes', 'answer', 'body'],
];

/** Of the log's connection: its commits wait for no disk, and it waits for nobody's lock for long. */
export const deliveryLogSettings = { lock_timeout: '2s' };

const dayUs = 86_400_000_000;
/** Postgres' codes for what is over some day: a lock, a missing partition, no room on the disk or in memory, a shutdown. */
const mayHeal = /^(55P03|42P01|53|57014|40)/;

export class DeliveryLogTable {
  readonly #session: Session;
  readonly #rows = new CopyRows();
  #isUtf8: boolean | null = null;

  constructor(session: Session) {
    this.#session = session;
  }

  /** In the order of their times. Of several days, all up to the first that fails are there; the rest is what it tells of. */
  async write(rows: readonly DeliveryRow[]): Promise<{ readonly result: Written; readonly count: number }> {
    let count = 0;
    while (count < rows.length) {
      const day = dayOf(rows[count]?.atUs ?? 0);
      let end = count;
      while (end < rows.length && dayOf(rows[end]?.atUs ?? 0) === day) end += 1;
      const result = await this.#writeDay(day, rows.slice(count, end));
      if (result !== 'written') return { result, count };
      count = end;
    }
    return { result: 'written', count };
  }

  /** Adds to what is known to be missing on the day of its last row. */
  async noteGap({ count, firstAtMs, lastAtMs, reason }: Gap): Promise<void> {
    await this.#session.query({
      text: `insert into rowhook.delivery_gap as g (day, dropped_count, first_at, last_at, reason)
             values ((to_timestamp($3::float8 / 1000) at time zone 'UTC')::date, $1, to_timestamp($2::float8 / 1000),
                     to_timestamp($3::float8 / 1000), $4)
             on conflict (day) do update set dropped_count = g.dropped_count + excluded.dropped_count,
               last_at = excluded.last_at, reason = excluded.reason`,
      values: [count, firstAtMs, lastAtMs, reason],
    });
  }

  async #writeDay(day: number, rows: readonly DeliveryRow[]): Promise<Written> {
    try {
      await this.#copy(day, rows);
      return 'written';
    } catch (error) {
      if (codeOf(error) !== '42P01') return whyNot(error);
    }
    try {
      await makePartition(this.#session, day);
      await this.#copy(day, rows);
      return 'written';
    } catch (error) {
      return whyNot(error);
    }
  }

  async #copy(day: number, rows: readonly DeliveryRow[]): Promise<void> {
    this.#isUtf8 ??= await isInUtf8(this.#session);
    for (const row of rows) addRow(this.#rows, row, this.#isUtf8);
    const text = `copy rowhook.${partitionOf(day)} (${columns.join(', ')}) from stdin (format binary)`;
    await this.#session.copyIn(text, this.#rows.take());
  }
}

/** Today's and tomorrow's. */
export async function makePartitions(session: Session, todayUs: number): Promise<void> {
  await makePartition(session, dayOf(todayUs));
  await makePartition(session, dayOf(todayUs) + 1);
}

/** All that are older than so many days; their names. */
export async function dropPartitions(session: Session, keepDays: number): Promise<string[]> {
  const dropped: string[] = [];
  for (;;) {
    const { rows } = await session.query<{ name: string | null }>({
      text: 'select rowhook.drop_delivery_partition($1) as name',
      values: [keepDays],
    });
    const name = rows[0]?.name ?? null;
    if (name === null) return dropped;
    dropped.push(name);
  }
}

/** For those who look from outside, whose environment may say something else. */
export async function noteSettings(session: Session, settings: object): Promise<void> {
  await session.query({
    text: `insert into rowhook.setting as s (name, value) values ('delivery_log', $1::jsonb)
           on conflict (name) do update set value = excluded.value, updated_at = now() where s.value <> excluded.value`,
    values: [JSON.stringify(settings)],
  });
}

async function makePartition(session: Session, day: number): Promise<void> {
  await session.query({ text: 'select rowhook.make_delivery_partition($1::date)', values: [isoDay(day)] });
}

function dayOf(us: number): number {
  return Math.floor(us / dayUs);
}

function isoDay(day: number): string {
  return new Date(day * 86_400_000).toISOString().slice(0, 10);
}

function partitionOf(day: number): string {
  return `delivery_${isoDay(day).replaceAll('-', '')}`;
}

function codeOf(error: unknown): string {
  return error instanceof pg.DatabaseError ? (error.code ?? '') : '';
}

function whyNot(error: unknown): Written {
  const reason = error instanceof Error ? error.message : String(error);
  const mayWork = wasRefused(error) && mayHeal.test(codeOf(error));
  return { kind: mayWork || wasNotSent(error) ? 'later' : 'lost', reason };
}

// connect ECONNREFUSED 127.0.0.1:5432: there was no connection to send anything on. FATAL: the server turned a new one away. A standby
// is left before anything is said to it.
function wasNotSent(error: unknown): boolean {
  if (error instanceof ServerIsStandbyError) return true;
  if (error instanceof pg.DatabaseError)
    return error.severity === 'FATAL' && /^(53|57P03)/.test(error.code ?? '');
  return (
    error instanceof Error &&
    'syscall' in error &&
    (error.syscall === 'connect' || error.syscall === 'getaddrinfo')
  );
}

function addRow(to: CopyRows, row: DeliveryRow, isUtf8: boolean): void {
  to.row(columns.length);
  to.timestamptz(row.atUs);
  to.bigint(row.uid);
  to.text(row.webhookId);
  to.text(row.companyId);
  to.text(row.changeId);
  to.text(row.table);
  to.text(row.key);
  to.text(row.oldKey);
  to.text(row.type);
  to.integer(1);
  to.text(row.outcome);
  to.text(row.class);
  to.integer(row.status);
  to.text(isUtf8 || row.detail === null ? row.detail : inAscii(row.detail));
  to.real(row.dnsMs);
  to.real(row.connectMs);
  to.real(row.tlsMs);
  to.real(row.firstByteMs);
  to.real(row.totalMs);
  to.integer(row.bodyBytes);
  to.text(isUtf8 || row.answer === null ? row.answer : inAscii(row.answer));
  to.text(isUtf8 || row.body === null ? row.body : jsonInAscii(row.body));
}

/** For a database that cannot write every character: an endpoint may answer any. */
export function inAscii(text: string): string {
  return text.replace(/[^\n\r\t\x20-\x7e]/gu, '?');
}

function jsonInAscii(json: string | Buffer): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return json.toString().replace(/[^\x20-\x7e]/g, escaped);
}
