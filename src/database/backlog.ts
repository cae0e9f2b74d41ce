// rowhook.backlog: the spool connection that writes it, and how it is read. Invariant: `store` returns only once all of its rows are
// committed by the process that holds the term, none of them twice; rows leave with their claim, or with what is written down
// in place of one (journal.ts).
import type { StoredBefore } from '../delivery/backlog.ts';
import type { Delivery } from '../delivery/delivery.ts';
import { formatLsn, parseLsn } from '../lsn.ts';
import type { FloorPosition, Position } from '../position.ts';
import { FencedError } from './fenced.ts';
import type { JournalEntry } from './journal-body.ts';
import { longestScanMs, type Session } from './session.ts';

/** A delivery as a row. */
export type StoredDelivery = Pick<
  Delivery,
  'position' | 'type' | 'table' | 'companyId' | 'payload' | 'keys'
> & {
  readonly uid: bigint;
  readonly webhookId: string;
  /** The webhook's. */
  readonly ownerId: string | null;
  /** For how long it has been stored. */
  readonly ageMs: number;
};

/** What there is to know of a row without its payload. */
export type StoredKey = Pick<StoredDelivery, 'position' | 'table' | 'ageMs'> & { readonly bytes: number };

export interface BacklogRange {
  readonly uid: bigint;
  /** Read on after this one; null: from the first. */
  readonly after: Position | null;
  readonly limit: number;
}

/** What the table tells of a webhook's rows when a term begins. */
export type BacklogSize = Omit<StoredBefore, 'isDoubtful'>;

const storeStatement = {
  name: 'rowhook_store',
  text: `
    with f as materialized (
      select 1 from rowhook.fence where writer = 'spool' and term = $1 for no key update)
    insert into rowhook.backlog
      (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, row_company_id, keys, payload)
    select r.uid, r.epoch, r.lsn, r.index, r.part, r.webhook, r.owner, r.table, r.type, r.company, r.keys,
           substring($3::bytea from r.start for r.bytes)
    from f, json_to_recordset($2::json) as r (
      uid int8, epoch int4, lsn pg_lsn, index int8, part int2, webhook text, owner text, "table" text, type text, company text,
      keys text[], start int4, bytes int4)
    returning 1`,
};

// Nothing stored is claimed before its store is answered, so it is there if it ever was.
const wasStoredQuery = `
  with f as materialized (
    select 1 from rowhook.fence where writer = 'spool' and term = $1 for no key update)
  select 1 from rowhook.backlog b, f
  where b.uid = $2 and b.epoch = $3 and b.commit_lsn = $4::pg_lsn and b.index = $5 and b.part = $6`;

export class Spool {
  readonly #session: Session;
  readonly #term: number;

  constructor({ session, term }: { readonly session: Session; readonly term: number }) {
    this.#session = session;
    this.#term = term;
  }

  /** Waits as long as the database is away. Throws FencedError when another process leads. */
  async store(deliveries: readonly Delivery[]): Promise<void> {
    const [first] = deliveries;
    if (first === undefined) return;
    const { epoch, commitLsn, index, part } = first.position;
    const key = [first.webhook.uid, epoch, formatLsn(commitLsn), index, part];
    const wasStored = async (): Promise<object[] | null> => {
      const { rows } = await this.#session.query<object>({
        text: wasStoredQuery,
        values: [this.#term, ...key],
      });
      return rows.length > 0 ? rows : null;
    };
    const { rows, payloads } = asRows(deliveries);
    const values = [this.#term, rows, payloads];
    const stored = await this.#session.settle({ ...storeStatement, values }, wasStored);
    if (stored.length === 0) throw new FencedError('spool');
  }
}

// One text and one run of bytes, which nobody has to escape: SQL cuts the payloads out of it.
function asRows(deliveries: readonly Delivery[]): { rows: string; payloads: Buffer } {
  const bodies: Buffer[] = [];
  let start = 1;
  const rows = deliveries.map(({ webhook, position, type, table, companyId, keys, payload }) => {
    const body = Buffer.from(payload.body);
    bodies.push(body);
    const row = {
      uid: String(webhook.uid),
      epoch: position.epoch,
      lsn: formatLsn(position.commitLsn),
      index: position.index,
      part: position.part,
      webhook: webhook.id,
      owner: webhook.companyId,
      table,
      type,
      company: companyId,
      keys: keys === 'all' ? null : keys,
      start,
      bytes: body.length,
    };
    start += body.length;
    return row;
  });
  return { rows: JSON.stringify(rows), payloads: Buffer.concat(bodies) };
}

const afterKey = `
  uid = $1 and (epoch, commit_lsn, index, part) > ($2::int4, $3::pg_lsn, $4::int8, $5::int2)`;

function rangeValues({ uid, after }: BacklogRange): unknown[] {
  // Before every position that there is.
  if (after === null) return [uid, -1, '0/0', -1, -1];
  return [uid, after.epoch, formatLsn(after.commitLsn), after.index, after.part];
}

interface KeyRow {
  readonly epoch: number;
  readonly lsn: string;
  readonly index: string;
  readonly part: 0 | 1;
  readonly table: string;
  readonly ageMs: number;
  readonly bytes: number;
}

interface StoredRow extends KeyRow {
  readonly webhookId: string;
  readonly ownerId: string | null;
  readonly type: Delivery['type'];
  readonly companyId: string | null;
  readonly keys: readonly string[] | null;
  readonly payload: Buffer;
}

const keyColumns = `
  epoch, commit_lsn::text as lsn, index, part, table_name as "table", octet_length(payload) as bytes,
  extract(epoch from clock_timestamp() - stored_at)::float8 * 1000 as "ageMs"`;

/** In order; as many as `maxBytes` has room for, one at least. Not prepared: a plan made for a small table would be kept for a large one. */
export async function readBacklog(
  session: Session,
  range: BacklogRange & { readonly maxBytes: number },
): Promise<StoredDelivery[]> {
  const { rows } = await session.query<StoredRow>({
    text: `
      with k as (
        select sum(bytes) over (order by epoch, commit_lsn, index, part) as through
        from (select epoch, commit_lsn, index, part, octet_length(payload) as bytes from rowhook.backlog
              where ${afterKey} order by epoch, commit_lsn, index, part limit $6) first)
      select ${keyColumns}, b.webhook_id as "webhookId", b.company_id as "ownerId", b.type, b.row_company_id as "companyId",
             b.keys, b.payload
      from rowhook.backlog b
      where ${afterKey}
      order by epoch, commit_lsn, index, part
      limit greatest(1, (select count(*) from k where through <= $7))`,
    values: [...rangeValues(range), range.limit, range.maxBytes],
  });
  return rows.map((row) => ({
    uid: range.uid,
    webhookId: row.webhookId,
    ownerId: row.ownerId,
    position: positionOf(row),
    type: row.type,
    table: row.table,
    companyId: row.companyId,
    keys: row.keys ?? 'all',
    payload: { body: row.payload, bytes: row.payload.length },
    ageMs: row.ageMs,
  }));
}

/** The same without what is to be sent, for rows that are dropped. */
export async function readBacklogKeys(session: Session, range: BacklogRange): Promise<StoredKey[]> {
  const { rows } = await session.query<KeyRow>({
    text: `select ${keyColumns} from rowhook.backlog where ${afterKey} order by epoch, commit_lsn, index, part limit $6`,
    values: [...rangeValues(range), range.limit],
  });
  return rows.map((row) => ({
    position: positionOf(row),
    table: row.table,
    ageMs: row.ageMs,
    bytes: row.bytes,
  }));
}

/** Of every webhook that has rows there: one look through the whole table. */
export async function readBacklogSizes(session: Session): Promise<BacklogSize[]> {
  const { rows } = await session.query<Omit<BacklogSize, 'uid'> & { uid: string }>({
    text: `
      select b.uid, min(b.webhook_id) as "webhookId", min(b.company_id) as "ownerId", count(*)::float8 as count,
             sum(octet_length(b.payload))::float8 as bytes,
             extract(epoch from clock_timestamp() - min(b.stored_at))::float8 * 1000 as "ageMs",
             not exists (select from rowhook.webhook w where w.uid = b.uid) as "isGone"
      from rowhook.backlog b group by b.uid`,
    query_timeout: longestScanMs,
  });
  return rows.map((row) => ({ ...row, uid: BigInt(row.uid) }));
}

/** What is settled above the floor because it is stored. */
export async function readStoredAbove(
  session: Session,
  { epoch, floor }: { readonly epoch: number; readonly floor: FloorPosition },
): Promise<Pick<JournalEntry, 'uid' | 'position'>[]> {
  const { rows } = await session.query<KeyRow & { uid: string }>({
    text: `select uid, epoch, commit_lsn::text as lsn, index, part from rowhook.backlog
           where (epoch, commit_lsn, index) > ($1::int4, $2::pg_lsn, $3::int8)`,
    values: [epoch, formatLsn(floor.commitLsn), floor.index],
    query_timeout: longestScanMs,
  });
  return rows.map((row) => ({ uid: BigInt(row.uid), position: positionOf(row) }));
}

function positionOf({ epoch, lsn, index, part }: Pick<KeyRow, 'epoch' | 'lsn' | 'index' | 'part'>): Position {
  return { epoch, commitLsn: parseLsn(lsn), index: Number(index), part };
}
