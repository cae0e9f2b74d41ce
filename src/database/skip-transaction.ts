// An operator accepts that one transaction, which Postgres cannot send, is not delivered: the term ends for whoever held it, the ledger
// says so for each webhook, and the slot moves past that transaction and no further. Invariant: the ledger has the gap before the
// slot passes it; a call that ended in between is finished by the next one.
import { ExitError } from '../exit-error.ts';
import { formatLsn, type Lsn } from '../lsn.ts';
import { changeId, wholeTransaction } from '../position.ts';
import { readConfigurationRows } from './configuration.ts';
import { FencedError } from './fenced.ts';
import type { Session } from './session.ts';
import { readState, type State } from './state.ts';
import { takeOver } from './takeover.ts';
import { forgetUnsendable, readUnsendable, type UnsendableTransaction } from './unsendable-transaction.ts';

export interface SkipOptions {
  readonly session: Session;
  readonly slot: string;
  readonly lsn: Lsn;
}

export interface SkippedTransaction {
  readonly slot: string;
  readonly lsn: string;
  readonly committedAt: string;
  readonly reason: string;
  /** Those whose ledger has a row for it. */
  readonly webhooks: number;
  /** Claims without an outcome that the last process left. */
  readonly interrupted: number;
}

/** Rejects with an ExitError while somebody reads the slot, and when it is not this transaction that cannot be sent. */
export async function skipTransaction({ session, slot, lsn }: SkipOptions): Promise<SkippedTransaction> {
  const found = await requireAhead(session, slot, lsn);
  const { term, state, interrupted } = await takeOver(session, slot);
  if (!isPast(state, lsn)) await writeGap(session, { ...found, term });
  await advance(session, slot, lsn);
  await forgetUnsendable(session);
  const { rows } = await session.query<{ count: number }>({
    text: `select count(*)::int4 as count from rowhook.loss where reason = 'gap' and to_position = $1`,
    values: [endOf(found)],
  });
  const { committedAt, reason } = found;
  return { slot, lsn: formatLsn(lsn), committedAt, reason, webhooks: rows[0]?.count ?? 0, interrupted };
}

async function requireAhead(session: Session, slot: string, lsn: Lsn): Promise<UnsendableTransaction> {
  const { rows } = await session.query<{ pid: number | null; isBefore: boolean }>({
    text: `select active_pid as pid, confirmed_flush_lsn <= $2::pg_lsn as "isBefore"
           from pg_catalog.pg_replication_slots
           where slot_name = $1 and plugin = 'pgoutput' and database = current_database()`,
    values: [slot, formatLsn(lsn)],
  });
  const [row] = rows;
  const pid = row?.pid ?? null;
  if (pid !== null) {
    throw new ExitError(`The slot "${slot}" is being read by pid ${pid}.`, {
      exitCode: 1,
      remedy: 'Stop that service first. It ends by itself at a transaction that Postgres cannot send.',
    });
  }
  const [state, found] = [await readState(session), await readUnsendable(session)];
  const isKnown =
    state !== null && found?.epoch === state.epoch && found.slot === slot && state.slot === slot;
  if (row?.isBefore === true && isKnown && found.commitLsn === lsn) return found;
  const ahead = isKnown && !isPast(state, found.commitLsn) ? formatLsn(found.commitLsn) : null;
  throw new ExitError(
    `Slot "${slot}" does not stand before a transaction at ${formatLsn(lsn)} that Postgres cannot send` +
      (ahead === null ? '; none is known.' : `, but before the one at ${ahead}.`),
    {
      exitCode: 1,
      remedy:
        'Nothing was changed. rowhook start reads on, and says at which transaction it ends, once all before it is settled.',
    },
  );
}

function isPast({ floor }: State, lsn: Lsn): boolean {
  return floor.commitLsn > lsn || (floor.commitLsn === lsn && floor.index === wholeTransaction);
}

function endOf({ epoch, commitLsn }: UnsendableTransaction): string {
  return changeId({ epoch, commitLsn: commitLsn + 1n, index: 0, part: 0 });
}

async function writeGap(
  session: Session,
  found: UnsendableTransaction & { readonly term: number },
): Promise<void> {
  const { term, epoch, commitLsn, committedAt, floor, xid, reason } = found;
  const index = floor.commitLsn === commitLsn ? floor.index + 1 : 0;
  await session.transaction(async () => {
    const { rows } = await session.query({
      text: `select 1 from rowhook.fence where term = $1 for no key update`,
      values: [term],
    });
    if (rows.length === 0) throw new FencedError('fold');
    await session.query({
      text: `insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position, detail)
             select uid, id, company_id, table_name, 'gap', null, $1, $2, $3 from rowhook.webhook`,
      values: [
        changeId({ epoch, commitLsn, index, part: 0 }),
        endOf(found),
        `Postgres could not send the transaction: ${reason}`,
      ],
    });
    await keepItsConfiguration(session, { epoch, lsn: formatLsn(commitLsn), committedAt, xid });
    await session.query({
      text: `update rowhook.state set floor_lsn = $1::pg_lsn, floor_index = $2, updated_at = now()`,
      values: [formatLsn(commitLsn), wholeTransaction],
    });
  });
}

// What it made of webhooks and tables is not read from the log. Their rows tell: the newest that it wrote, and which are gone. What was
// changed once more since is read where that was committed.
async function keepItsConfiguration(
  session: Session,
  {
    epoch,
    lsn,
    committedAt,
    xid,
  }: { readonly epoch: number; readonly lsn: string; readonly committedAt: string; readonly xid: number },
): Promise<void> {
  const now = await readConfigurationRows(session);
  const { rows: written } = await session.query<{ kind: string; key: string }>({
    // After a savepoint a row has a later transaction id than its transaction. Its time is when that began; ours is cut to milliseconds.
    text: `select 'webhook' as kind, uid::text as key from rowhook.webhook
           where age(xmin) <= age($1::text::xid) and updated_at <= $2::timestamptz + interval '1 ms'
           union all
           select 'table', name from rowhook.subscribable_table
           where age(xmin) <= age($1::text::xid) and updated_at <= $2::timestamptz + interval '1 ms'`,
    values: [String(xid), committedAt],
  });
  const isWritten = new Set(written.map(({ kind, key }) => `${kind} ${key}`));
  const versions = now.filter(({ kind, key }) => isWritten.has(`${kind} ${key}`));
  await session.query({
    text: `insert into rowhook.config_version as t (kind, key, epoch, commit_lsn, row)
           select kind, key, $1::int4, $2::pg_lsn, row
           from jsonb_to_recordset($3::jsonb) as i (kind text, key text, row jsonb)
           union all
           select known.kind, known.key, $1, $2, null
           from (select distinct on (kind, key) kind, key, row from rowhook.config_version
                 order by kind, key, epoch desc, commit_lsn desc) known
           where known.row is not null and not exists (
             select from jsonb_to_recordset($4::jsonb) as i (kind text, key text)
             where i.kind = known.kind and i.key = known.key)
           on conflict (kind, key, epoch, commit_lsn) do update set row = excluded.row`,
    values: [
      epoch,
      lsn,
      JSON.stringify(versions),
      JSON.stringify(now.map(({ kind, key }) => ({ kind, key }))),
    ],
  });
}

// A transaction is sent when its commit record starts at or after the slot's position: one byte further skips this one only.
async function advance(session: Session, slot: string, lsn: Lsn): Promise<void> {
  await session.query({
    text: `select pg_catalog.pg_replication_slot_advance($1, $2::pg_lsn)`,
    values: [slot, formatLsn(lsn + 1n)],
  });
}
