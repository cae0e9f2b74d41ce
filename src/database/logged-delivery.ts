/** One row of the delivery log with all that is known of it: what was sent, or why that is not kept, and what else was sent of the same change. */
import { sql, type SqlBool } from 'kysely';
import { deliveryId, parseDeliveryId, type DeliveryPlace } from '../delivery-id.ts';
import { ExitError } from '../exit-error.ts';
import { maxLoggedBodyBytes } from '../limits.ts';
import { selectListed, type ListedDelivery } from './deliveries.ts';
import type { Database } from './open-database.ts';

export interface LoggedDelivery extends ListedDelivery {
  readonly body: string | null;
  readonly answer: string | null;
  /** False: its body, if there is one, is that of the row which it repeats. */
  readonly ownsBody: boolean;
}

export interface FoundDelivery {
  readonly delivery: LoggedDelivery;
  /** Why the log has no body of it; null: it has. */
  readonly bodyAbsence: string | null;
  /** Of the same change to the same webhook: what it repeats, and what repeats it or the same, newest first. Without bodies. */
  readonly others: readonly ListedDelivery[];
}

const maxOthers = 100;

/** @throws {ExitError} for what is no id, and for one that no row has. */
export async function findDelivery(db: Database, id: string): Promise<FoundDelivery> {
  const delivery = await readDelivery(db, id);
  return {
    delivery,
    bodyAbsence: absence(delivery, await logsBodies(db, delivery.table_name)),
    others: await readOthers(db, delivery),
  };
}

/** @throws {ExitError} as `findDelivery`. */
export async function readDelivery(db: Database, id: string): Promise<LoggedDelivery> {
  const place = parseDeliveryId(id);
  // The planner does not know how few ranges the index leaves.
  await sql`set enable_seqscan = off`.execute(db);
  const found =
    place === null
      ? undefined
      : await selectListed(db, true)
          .select(sql<boolean>`d.body is not null`.as('ownsBody'))
          .where(isAt(place))
          .executeTakeFirst();
  if (found !== undefined) return { ...found, body: found.body ?? null, answer: found.answer ?? null };
  throw new ExitError(`the delivery log has nothing with the id ${id}`, {
    exitCode: 1,
    remedy: 'Ids are in: rowhook deliveries. A row is there for ROWHOOK_DELIVERY_LOG_DAYS.',
    refusal: 'unknown',
  });
}

/** Why the log has no body of a delivery, as far as that can be known; null: it has one. */
export function absence(
  { body, body_bytes: bytes, table_name: table, resend_of: resendOf }: LoggedDelivery,
  areBodiesLogged: boolean,
): string | null {
  if (body !== null) return null;
  if (bytes === null) return 'it was dropped without being read again, so what was to be sent is not known';
  if (bytes > maxLoggedBodyBytes) return `it had ${bytes} bytes, and the log keeps bodies of up to 1 MiB`;
  if (!areBodiesLogged) return `the log keeps no bodies of ${table}: the DBA turned them off (log_bodies)`;
  const gone = resendOf === null ? '' : 'it went with the row that this one repeats, or ';
  return `${gone}it was removed by rowhook forget, or the log kept no bodies of ${table} when it was sent`;
}

/** Whether the DBA lets the log keep what a table's rows hold. */
export async function logsBodies(db: Database, table: string): Promise<boolean> {
  const query = db.selectFrom('subscribable_table').select('log_bodies').where('name', '=', table);
  return (await query.executeTakeFirst())?.log_bodies ?? false;
}

async function readOthers(db: Database, delivery: LoggedDelivery): Promise<ListedDelivery[]> {
  const repeats = await selectListed(db, false)
    .where('d.change_id', '=', delivery.change_id)
    .where('d.uid', '=', delivery.uid)
    .where('d.resend_of', 'is not', null)
    .orderBy('d.at', 'desc')
    .limit(maxOthers)
    .execute();
  const isListed = new Set([deliveryId(delivery), ...repeats.map(deliveryId)]);
  const repeated = [delivery, ...repeats].flatMap(({ uid, resend_of: at }) =>
    at === null ? [] : [{ at, uid }],
  );
  const places = new Map(repeated.map((place) => [deliveryId(place), place]));
  const others: ListedDelivery[] = repeats.filter((each) => deliveryId(each) !== deliveryId(delivery));
  for (const [id, place] of places) {
    if (isListed.has(id)) continue;
    others.push(...(await selectListed(db, false).where(isAt(place)).limit(1).execute()));
  }
  return others.sort((a, b) => (a.at < b.at ? 1 : -1));
}

function isAt({ at, uid }: DeliveryPlace) {
  return sql<SqlBool>`d.at = ${at}::timestamptz and d.uid = ${uid}`;
}
