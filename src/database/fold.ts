// The fold: journal and outcomes into counters, the loss ledger, the floor and the configuration versions, in one statement on a
// connection of its own. Invariant: a fold happens once, whatever answer got lost (its number), and only by the holder of
// the term; an entry leaves the journal only when the floor stored with it has passed it.
import type { BreakerNow } from '../delivery/breaker.ts';
import { configurationUpTo, type FloorPosition } from '../position.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { isInUtf8 } from './encoding.ts';
import { FencedError } from './fenced.ts';
import type { Session } from './session.ts';

export interface CounterIncrement {
  readonly uid: bigint;
  readonly claimed: number;
  readonly success: number;
  readonly error: number;
  readonly missed: number;
  readonly lastSuccessAt: Date | null;
  readonly lastErrorAt: Date | null;
  readonly lastError: string | null;
}

/** A row of the ledger; positions are change ids, `count` is null where it cannot be known. */
export interface Loss {
  readonly uid: bigint | null;
  readonly webhookId: string | null;
  readonly companyId: string | null;
  readonly tableName: string | null;
  readonly reason: string;
  readonly count: number | null;
  readonly fromPosition: string | null;
  readonly toPosition: string | null;
  readonly detail: string | null;
}

export interface ConfigurationVersion {
  readonly epoch: number;
  readonly kind: 'webhook' | 'table';
  readonly key: string;
  readonly commitLsn: bigint;
  readonly row: unknown;
}

/** What a webhook has in the backlog now; `ageMs` of the oldest, null when there is nothing. */
export interface BacklogSizeNow {
  readonly uid: bigint;
  readonly count: number;
  readonly bytes: number;
  readonly ageMs: number | null;
}

export interface FoldInput {
  readonly counters: readonly CounterIncrement[];
  readonly losses: readonly Loss[];
  readonly sizes: readonly BacklogSizeNow[];
  readonly breakers: readonly BreakerNow[];
  readonly versions: readonly ConfigurationVersion[];
  readonly floor: FloorPosition;
  readonly foldedSeq: number;
  /** Journal entries up to here lie at or below `floor` and may go. */
  readonly trimSeq: number;
}

export interface FolderOptions {
  readonly session: Session;
  readonly epochOf: (lsn: Lsn) => number;
  readonly term: number;
  readonly foldNo: number;
}

export class Folder {
  readonly #options: FolderOptions;
  #foldNo: number;
  #isUtf8: boolean | null = null;

  constructor(options: FolderOptions) {
    this.#options = options;
    this.#foldNo = options.foldNo;
  }

  /** Waits as long as the database is away. Throws FencedError when another process leads. */
  async fold(input: FoldInput): Promise<void> {
    const { session, term, epochOf } = this.#options;
    const foldNo = this.#foldNo + 1;
    const wasFolded = async (): Promise<{ foldNo: string }[] | null> => {
      const { rows } = await session.query<{ foldNo: string }>({
        text: wasFoldedQuery,
        values: [term, foldNo],
      });
      return rows.length > 0 ? rows : null;
    };
    this.#isUtf8 ??= await session.persist(() => isInUtf8(session));
    const text = this.#isUtf8 ? (found: string | null) => found : inAscii;
    const values = [
      term,
      foldNo,
      formatLsn(input.floor.commitLsn),
      input.floor.index,
      input.foldedSeq,
      input.trimSeq,
      json(input.counters.map((counter) => ({ ...counter, lastError: text(counter.lastError) }))),
      json(input.losses.map((loss) => ({ ...loss, detail: text(loss.detail) }))),
      json(input.versions.map((version) => ({ ...version, commitLsn: formatLsn(version.commitLsn) }))),
      epochOf(input.floor.commitLsn),
      formatLsn(configurationUpTo(input.floor)),
      json(input.sizes),
      json(input.breakers),
    ];
    const rows = await session.settle({ ...foldStatement, values }, wasFolded);
    if (rows.length === 0) throw new FencedError('fold');
    this.#foldNo = foldNo;
  }
}

/** For a database that cannot write every character: what an endpoint answers may hold any, and a fold must not fail on it. */
function inAscii(text: string | null): string | null {
  return text === null ? null : text.replace(/[^\x20-\x7e]/gu, '?');
}

// Under the fence too: a takeover counts as a fold and may have got the same number.
const wasFoldedQuery = `
  with f as materialized (
    select 1 from rowhook.fence where writer = 'fold' and term = $1 for no key update)
  select s.fold_no as "foldNo" from rowhook.state s, f where s.fold_no = $2`;

function json(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item));
}

/** Of the fold connection. Its tables grow by the thousand after a plan that was made while they were empty, and it would be kept. */
export const foldSettings = { plan_cache_mode: 'force_custom_plan' };

// A configuration version may go when a newer one of the same key is in force at the stored floor: no restart reads from
// before the floor. A deleted row's last version goes with it, but only once nothing of it is on its way: after a crash the
// ledger tells from it whose it was. What is known of the backlog's size is often wrong, so it is looked up, never joined (offset 0).
const foldStatement = {
  name: 'rowhook_fold',
  text: `
    with f as materialized (
      select 1 from rowhook.fence where writer = 'fold' and term = $1 for no key update),
    s as (
      update rowhook.state
      set fold_no = $2::int8, epoch = $10::int4, floor_lsn = $3::pg_lsn, floor_index = $4::int8, folded_seq = $5::int8,
          trimmed_seq = greatest(trimmed_seq, $6::int8), updated_at = now()
      from f where fold_no = $2::int8 - 1
      returning fold_no, (select old.trimmed_seq from rowhook.state old) as trimmed_before),
    c as (
      insert into rowhook.counter as t
        (uid, claimed_count, success_count, error_count, missed_count, last_success_at, last_error_at, last_error,
         backlog_count, backlog_bytes, backlog_since, breaker_since, breaker_probe_at)
      select uid, coalesce(i.claimed, 0), coalesce(i.success, 0), coalesce(i.error, 0), coalesce(i.missed, 0),
             i."lastSuccessAt", i."lastErrorAt", i."lastError",
             coalesce(z.count, o.backlog_count, 0), coalesce(z.bytes, o.backlog_bytes, 0),
             case when z.uid is null then o.backlog_since else now() - z."ageMs" * interval '1 ms' end,
             case when b.uid is null then o.breaker_since else now() - b."openMs" * interval '1 ms' end,
             case when b.uid is null then o.breaker_probe_at else now() + b."probeInMs" * interval '1 ms' end
      from s, jsonb_to_recordset($7::jsonb) as i (
        uid int8, claimed int8, success int8, error int8, missed int8,
        "lastSuccessAt" timestamptz, "lastErrorAt" timestamptz, "lastError" text)
      full join jsonb_to_recordset($12::jsonb) as z (uid int8, count int8, bytes int8, "ageMs" float8) using (uid)
      full join jsonb_to_recordset($13::jsonb) as b (uid int8, "openMs" float8, "probeInMs" float8) using (uid)
      left join rowhook.counter o using (uid)
      order by uid
      on conflict (uid) do update set
        claimed_count = t.claimed_count + excluded.claimed_count,
        success_count = t.success_count + excluded.success_count,
        error_count = t.error_count + excluded.error_count,
        missed_count = t.missed_count + excluded.missed_count,
        last_success_at = greatest(t.last_success_at, excluded.last_success_at),
        last_error_at = greatest(t.last_error_at, excluded.last_error_at),
        last_error = coalesce(excluded.last_error, t.last_error),
        backlog_count = excluded.backlog_count, backlog_bytes = excluded.backlog_bytes,
        backlog_since = excluded.backlog_since, breaker_since = excluded.breaker_since,
        breaker_probe_at = excluded.breaker_probe_at),
    l as (
      insert into rowhook.loss
        (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position, detail)
      select i.uid, i."webhookId", i."companyId", i."tableName", i.reason, i.count, i."fromPosition", i."toPosition", i.detail
      from s, jsonb_to_recordset($8::jsonb) as i (
        uid int8, "webhookId" text, "companyId" text, "tableName" text, reason text, count int8,
        "fromPosition" text, "toPosition" text, detail text)),
    v as (
      insert into rowhook.config_version as t (kind, key, epoch, commit_lsn, row)
      select i.kind, i.key, i.epoch, i."commitLsn", nullif(i.row, 'null'::jsonb)
      from s, jsonb_to_recordset($9::jsonb) as i (epoch int4, kind text, key text, "commitLsn" pg_lsn, row jsonb)
      on conflict (kind, key, epoch, commit_lsn) do update set row = excluded.row),
    p as (
      delete from rowhook.config_version t using s
      where jsonb_array_length($9::jsonb) > 0
        and (t.epoch, t.commit_lsn) <= ($10::int4, $11::pg_lsn)
        and not exists (
          select from rowhook.counter c
          where c.uid::text = t.key and c.claimed_count > c.success_count + c.error_count)
        and not exists (
          select from rowhook.backlog b where b.uid = case t.kind when 'webhook' then t.key::int8 end offset 0)
        and not exists (
          select from jsonb_to_recordset($7::jsonb) as i (uid int8) where i.uid::text = t.key)
        and (t.row is null or exists (
          select from rowhook.config_version newer
          where newer.kind = t.kind and newer.key = t.key
            and (newer.epoch, newer.commit_lsn) > (t.epoch, t.commit_lsn)
            and (newer.epoch, newer.commit_lsn) <= ($10::int4, $11::pg_lsn)))),
    t as (
      delete from rowhook.journal j using s where j.seq > s.trimmed_before and j.seq <= $6::int8)
    select fold_no from s`,
};
