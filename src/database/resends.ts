/**
 * What the delivery log has of what is sent again. Invariant: a resend has its row, `interrupted`, committed before its first byte is sent, so that
 * nothing that was sent is missing in the log; its outcome is put there afterwards. Of two that are asked for at the same time only one begins, unless
 * it may be repeated.
 */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { DeliveryPlace } from '../delivery-id.ts';
import { inAscii, type AttemptColumns } from './delivery-log.ts';
import type { LoggedDelivery } from './logged-delivery.ts';
import type { Database } from './open-database.ts';

/** A resend that may be sent now. */
export interface BegunResend {
  /** Its row. */
  readonly place: DeliveryPlace;
  /** The webhook's present one. */
  readonly url: string;
  readonly isUtf8: boolean;
}

export interface NewResend {
  /** What is sent again. */
  readonly source: LoggedDelivery;
  /** What is to be sent, where it is not the source's body. */
  readonly ownBody: string | null;
  readonly bodyBytes: number;
  /** Also where a resend of it arrived, or may have. */
  readonly mayRepeat: boolean;
}

const unknownOutcome = 'sent again, and no outcome was written down: it may have arrived';

/** `closed`: the webhook is deleted or paused by now; `sent`: it was sent again before. Nothing may be sent then. */
export async function beginResend(db: Database, resend: NewResend): Promise<BegunResend | 'closed' | 'sent'> {
  const { uid, change_id: changeId } = resend.source;
  // Whoever waited for the lock has to see what was committed before it got it.
  return await db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (own) => {
      const key = `rowhook.resend ${uid} ${changeId}`;
      await sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`.execute(own);
      if (!resend.mayRepeat && (await isSentAgain(own, resend.source))) return 'sent';
      return (await insertResend(own, resend)) ?? 'closed';
    });
}

async function isSentAgain(db: Database, { uid, change_id: changeId }: LoggedDelivery): Promise<boolean> {
  const query = sql<{ isSent: boolean }>`select ${sentAgain(sql`${changeId}`, sql`${uid}`)} as "isSent"`;
  return (await query.execute(db)).rows[0]?.isSent === true;
}

/** Whether a resend of a change to a webhook arrived, or may have. */
export function sentAgain(changeId: RawBuilder<unknown>, uid: RawBuilder<unknown>): RawBuilder<SqlBool> {
  return sql<SqlBool>`exists (
    select from rowhook.delivery r
    where r.change_id = ${changeId} and r.uid = ${uid} and r.resend_of is not null and r.outcome in ('delivered', 'interrupted'))`;
}

async function insertResend(
  db: Database,
  { source, ownBody, bodyBytes }: NewResend,
): Promise<BegunResend | null> {
  // Odd microseconds: even ones are the service's.
  const query = sql<{ at: string; url: string; isUtf8: boolean }>`
    with target as (select w.uid, w.id, w.company_id, w.url from rowhook.webhook w where w.uid = ${source.uid} and w.active),
    begun as (
      insert into rowhook.delivery
        (at, uid, webhook_id, company_id, change_id, table_name, key, old_key, type, attempt, resend_of, outcome, detail, body_bytes, body)
      select c.at + (extract(microseconds from c.at)::int8 + 1) % 2 * interval '1 microsecond', target.uid, target.id, target.company_id,
             ${source.change_id}, ${source.table_name}, ${source.key}, ${source.old_key}, ${source.type}, 1, ${repeated(source)}::timestamptz,
             'interrupted', ${unknownOutcome}, ${bodyBytes}::int4,
             (select ${ownBody}::text from rowhook.subscribable_table t where t.name = ${source.table_name} and t.log_bodies)
      from target, (select clock_timestamp() as at) c
      returning at, body)
    select to_char(begun.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, target.url,
           current_setting('server_encoding') = 'UTF8' as "isUtf8"
    from begun, target`;
  const [begun] = (await query.execute(db)).rows;
  return begun === undefined ? null : { ...begun, place: { at: begun.at, uid: source.uid } };
}

// The row that has the body.
function repeated({ at, resend_of: first, ownsBody }: LoggedDelivery): string {
  return ownsBody ? at : (first ?? at);
}

export async function finishResend(
  db: Database,
  { place: { at, uid }, isUtf8 }: BegunResend,
  columns: AttemptColumns,
): Promise<void> {
  const text = (value: string | null): string | null => (isUtf8 || value === null ? value : inAscii(value));
  await db
    .updateTable('delivery')
    .set({
      outcome: columns.outcome,
      class: columns.class,
      status: columns.status,
      detail: text(columns.detail),
      dns_ms: columns.dnsMs,
      connect_ms: columns.connectMs,
      tls_ms: columns.tlsMs,
      first_byte_ms: columns.firstByteMs,
      total_ms: columns.totalMs,
      answer: text(columns.answer),
    })
    .where('at', '=', sql<Date>`${at}::timestamptz`)
    .where('uid', '=', uid)
    .execute();
}

/** Today's partition may not be there: nothing is logged otherwise, or no service has run today. */
export async function prepareLog(db: Database): Promise<void> {
  await sql`select rowhook.make_delivery_partition((now() at time zone 'UTC')::date)`.execute(db);
}

/** Whether a webhook can be sent to. */
export interface ResendTarget {
  readonly uid: number;
  readonly id: string;
  readonly active: boolean;
  /** POSTs that may be out at a time; null: as many as there are. */
  readonly concurrency: number | null;
}

/** By its number, which never comes back, or by its id; null: it is gone, or is not the caller's to see. */
export async function findTarget(
  db: Database,
  by: { readonly uid: number } | { readonly id: string },
): Promise<ResendTarget | null> {
  const query = db.selectFrom('webhook').select(['uid', 'id', 'active', 'concurrency']);
  const found = 'uid' in by ? query.where('uid', '=', by.uid) : query.where('id', '=', by.id);
  return (await found.executeTakeFirst()) ?? null;
}
