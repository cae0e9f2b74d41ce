/**
 * Which rows of the log a resend of many takes: deliveries of one webhook, oldest first, in a stretch of time or as far as a loss names them. What was sent again
 * already and arrived, or may have, is left out, unless what arrived is asked for.
 */
import { sql, type SqlBool } from 'kysely';
import { ExitError } from '../exit-error.ts';
import { isChangeBetween } from './change-order.ts';
import { selectListed, type ListedDelivery } from './deliveries.ts';
import type { ListedLoss } from './losses.ts';
import type { Database } from './open-database.ts';
import { sentAgain, type ResendTarget } from './resends.ts';

export interface Selection {
  readonly target: Pick<ResendTarget, 'uid' | 'id'>;
  /** ISO 8601: from here on, and before that. */
  readonly since: string;
  readonly until: string;
  readonly outcomes: readonly string[];
  /** The class of a failure, or why it was dropped; `interrupted`. */
  readonly reason: string | null;
  /** Change ids, both included; null: all. */
  readonly positions: { readonly from: string; readonly to: string } | null;
}

export interface Selected {
  readonly count: number;
  /** Of these the log has no body. */
  readonly withoutBody: number;
}

/** So many of them, and one more if there is one, behind the row of that time; null: from the first. */
export async function readSelection(
  db: Database,
  selection: Selection,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<ListedDelivery[]> {
  await sql`set enable_seqscan = off`.execute(db);
  return await selectListed(db, false)
    .where(isSelected(selection))
    .where(sql<SqlBool>`d.at > ${after ?? '-infinity'}::timestamptz`)
    .orderBy('d.at')
    .limit(limit + 1)
    .execute();
}

export async function countSelection(db: Database, selection: Selection): Promise<Selected> {
  await sql`set enable_seqscan = off`.execute(db);
  const query = sql<Selected>`
    select count(*)::int8 as count, count(*) filter (where d.body is null)::int8 as "withoutBody" from rowhook.delivery d
    where ${isSelected(selection)}`;
  const [row] = (await query.execute(db)).rows;
  return row ?? { count: 0, withoutBody: 0 };
}

/** Whether what was sent again already, and arrived or may have, is sent once more. */
export function mayRepeat({ outcomes }: Pick<Selection, 'outcomes'>): boolean {
  return outcomes.includes('delivered');
}

function isSelected({ target, since, until, outcomes, reason, positions }: Selection) {
  const isAgain = mayRepeat({ outcomes }) ? sql`false` : sentAgain(sql`d.change_id`, sql`d.uid`);
  const isOfReason = reason === null ? sql`true` : sql`coalesce(d.class, d.outcome) = ${reason}`;
  const isInside = positions === null ? sql`true` : isBetween(positions);
  return sql<SqlBool>`d.at >= ${since}::timestamptz and d.at < ${until}::timestamptz and d.webhook_id = ${target.id} and d.uid = ${target.uid}
    and d.resend_of is null and d.outcome = any (${outcomes}::text[]) and ${isOfReason} and ${isInside} and not ${isAgain}`;
}

function isBetween({ from, to }: NonNullable<Selection['positions']>) {
  return isChangeBetween(sql`d.change_id`, sql`${from}::text`, sql`${to}::text`);
}

/** All but what arrived. */
export const undelivered = ['rejected', 'failed', 'interrupted', 'dropped'] as const;

/** @throws {ExitError} for an id that no loss has. */
export async function findLoss(db: Database, id: number): Promise<ListedLoss> {
  const loss = await db.selectFrom('loss').selectAll().where('id', '=', id).executeTakeFirst();
  if (loss !== undefined) return loss;
  throw new ExitError(`no loss has the id ${id}`, {
    exitCode: 1,
    remedy: 'See: rowhook losses --json',
    refusal: 'unknown',
  });
}

const minuteMs = 60_000;
const stretchesMs = [minuteMs, 10 * minuteMs, 100 * minuteMs, 1_000 * minuteMs, 10_000 * minuteMs];

/**
 * What the log has of a loss. It was written down about a second after its deliveries had ended, so they are looked for from there backwards, until as
 * many are found as it counts.
 * @throws {ExitError} for a loss of which no position, or not one delivery, is in the log.
 */
export async function selectLoss(
  db: Database,
  loss: ListedLoss,
  target: Pick<ResendTarget, 'uid' | 'id'>,
): Promise<Selection> {
  const { at, from_position: from, to_position: to, count, reason } = loss;
  if (count === null || from === null || to === null) throw unnamed(loss);
  const lastMs = at.getTime() + minuteMs;
  const all = { target, outcomes: undelivered, reason, positions: { from, to } };
  const until = new Date(lastMs).toISOString();
  await sql`set enable_seqscan = off`.execute(db);
  let found = 0;
  let since: string | null = null;
  let end = until;
  for (const stretchMs of stretchesMs) {
    const begin = new Date(lastMs - stretchMs).toISOString();
    const stretch = await lookAt(db, { ...all, since: begin, until: end });
    found += stretch.count;
    if (stretch.count > 0) since = begin;
    if (found >= count) break;
    end = begin;
  }
  if (since === null) throw unnamed(loss);
  return { ...all, since, until };
}

// Also those that were sent again since: whether there is something to be sent is asked later.
async function lookAt(db: Database, selection: Selection): Promise<{ readonly count: number }> {
  const query = sql<{ count: number }>`
    select count(*)::int8 as count from rowhook.delivery d
    where d.at >= ${selection.since}::timestamptz and d.at < ${selection.until}::timestamptz and d.webhook_id = ${selection.target.id}
      and d.uid = ${selection.target.uid} and d.resend_of is null and coalesce(d.class, d.outcome) = ${selection.reason}
      and ${selection.positions === null ? sql`true` : isBetween(selection.positions)}`;
  return (await query.execute(db)).rows[0] ?? { count: 0 };
}

function unnamed({ id, reason, count, from_position: from, to_position: to, detail }: ListedLoss): ExitError {
  const range = from === null ? '' : `, from change ${from} to ${to ?? 'unknown'}`;
  const many = count === null ? 'how many is unknown' : `${count} deliveries`;
  const more = detail === null ? '' : ` (${detail})`;
  return new ExitError(
    `the delivery log has nothing of loss ${id}, so that neither body nor key is known and nothing can be sent again. ` +
      `What is known: ${reason}, ${many}${range}${more}`,
    { exitCode: 1, remedy: 'Compare the receiver with the table itself.', refusal: 'refused' },
  );
}
