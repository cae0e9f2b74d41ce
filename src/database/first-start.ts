// The very first start: the slot, and the configuration in the snapshot that creating it exports. Invariant: the slot is made
// once, before anything was promised; a later start without it is "slot lost", never a quiet new one.
import pg from 'pg';
import { ExitError } from '../exit-error.ts';
import { formatLsn, parseLsn } from '../lsn.ts';
import { changeId, wholeTransaction } from '../position.ts';
import { readConfigurationRows } from './configuration.ts';
import { watchCreation } from './creation-wait.ts';
import { foreignSlot, slotTaken } from './foreign-slot.ts';
import { readPublication } from './publication.ts';
import { clientConfig, type Session } from './session.ts';
import { readState, requireSameOrigin, type State } from './state.ts';

export interface FirstStartOptions {
  readonly session: Session;
  readonly databaseUrl: string;
  readonly slot: string;
  /** Creating a slot waits for transactions that are open; told who they are while it does. */
  onWaiting(message: string): void;
}

interface SlotRow {
  readonly plugin: string | null;
  readonly database: string | null;
  /** Of the database that we are in. */
  readonly databaseOid: number;
  readonly isHere: boolean;
  readonly isActive: boolean;
  readonly pid: number | null;
}

/** Creates what is missing and returns the state; throws an ExitError (3) for a slot that is lost or not ours. */
export async function ensureStarted(options: FirstStartOptions): Promise<State> {
  const { session, slot } = options;
  // Two processes that start for the first time together must not take each other's new slot for an orphan.
  const lockKey = `rowhook first start ${slot}`;
  for (;;) {
    const { rows } = await session.query<{ isLocked: boolean }>({
      text: `select pg_try_advisory_lock(hashtextextended($1, 0)) as "isLocked"`,
      values: [lockKey],
    });
    if (rows[0]?.isLocked === true) break;
    options.onWaiting('another rowhook process is making its first start here');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
  try {
    const state = await readState(session);
    const existing = await readSlot(session, slot);
    if (state !== null) {
      const { timeline, ...place } = await session.place();
      requireSameOrigin(state, { ...place, slot });
      if (existing === undefined) {
        throw timeline === state.timeline ? slotLost(slot) : slotLeftBehind(state, timeline);
      }
      requireOwnSlot(slot, existing);
      return state;
    }
    await removeOrphan(options, await endAbandonedCreation(options, existing));
    return await createSlot(options);
  } finally {
    await session
      .query({ text: `select pg_advisory_unlock(hashtextextended($1, 0))`, values: [lockKey] })
      .catch(() => undefined);
  }
}

async function readSlot(session: Session, slot: string): Promise<SlotRow | undefined> {
  const { rows } = await session.query<SlotRow & pg.QueryResultRow>({
    text: `select plugin, database, database is not distinct from current_database() as "isHere", d.oid as "databaseOid",
                  active as "isActive", active_pid as pid
           from pg_catalog.pg_replication_slots, pg_catalog.pg_database d
           where slot_name = $1 and d.datname = current_database()`,
    values: [slot],
  });
  return rows[0];
}

// Ours was dropped, and another took its name.
function requireOwnSlot(slot: string, existing: SlotRow): void {
  if (existing.isHere && existing.plugin === 'pgoutput') return;
  throw slotTaken(slot, existing);
}

// We hold the lock, so whoever still creates the slot was left behind by a process that is gone; it may wait for ever.
async function endAbandonedCreation(
  { session, slot }: FirstStartOptions,
  existing: SlotRow | undefined,
): Promise<SlotRow | undefined> {
  let left = existing;
  while (left?.isActive === true) {
    const { rowCount } = await session.query({
      text: `select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity
             where pid = $1 and usename = current_user and application_name = $2`,
      values: [left.pid, creatorName(slot)],
    });
    if (rowCount === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
    left = await readSlot(session, slot);
  }
  return left;
}

// Our own mark, no state and an inactive pgoutput slot in this database: a first start that died half-way.
async function removeOrphan(
  { session, slot }: FirstStartOptions,
  existing: SlotRow | undefined,
): Promise<void> {
  if (existing === undefined) return;
  const { rows } = await session.query<{ isOurs: boolean }>({
    text: `select exists (
             select from rowhook.setting, pg_catalog.pg_database d
             where name = 'slot_creation' and d.datname = current_database() and d.datname = $2
               and value ->> 'slot' = $1 and (value ->> 'database_oid')::oid = d.oid) as "isOurs"`,
    values: [slot, existing.database],
  });
  if (rows[0]?.isOurs !== true || existing.isActive || existing.plugin !== 'pgoutput') {
    throw new ExitError(foreignSlot(slot, existing), {
      exitCode: 3,
      remedy:
        `Set ROWHOOK_SLOT to a name of its own, e.g. ROWHOOK_SLOT=${slot}_2; or, if nothing needs that slot any more, ` +
        `drop it in its database: select pg_drop_replication_slot('${slot}');`,
    });
  }
  await session.query({ text: `select pg_drop_replication_slot($1)`, values: [slot] });
}

async function createSlot(options: FirstStartOptions): Promise<State> {
  const { session, slot } = options;
  const publication = await readPublication(session);
  await session.query({
    text: `insert into rowhook.setting (name, value)
           select 'slot_creation', jsonb_build_object('slot', $1::text, 'database_oid', oid::text)
           from pg_catalog.pg_database where datname = current_database()
           on conflict (name) do update set value = excluded.value`,
    values: [slot],
  });
  const config = clientConfig({ ...options, applicationName: creatorName(slot) });
  const walSender = new pg.Client({ ...config, replication: 'database' } as pg.ClientConfig);
  walSender.on('error', () => undefined);
  await walSender.connect();
  const stopWatching = watchCreation(session, options.onWaiting);
  try {
    const { rows: systems } = await walSender.query<{ systemid: string; timeline: number }>(
      'IDENTIFY_SYSTEM',
    );
    const { rows } = await walSender.query<{ consistent_point: string; snapshot_name: string }>(
      `CREATE_REPLICATION_SLOT ${pg.escapeIdentifier(slot)} LOGICAL pgoutput ${await slotOptions(session)}`,
    );
    const [created, system] = [rows[0], systems[0]];
    if (created === undefined || system === undefined) throw new Error('the server made no slot');
    await storeStart(session, { slot, publication, ...created, ...system });
  } catch (error) {
    throw await explainCreation(error, options);
  } finally {
    stopWatching();
    await walSender.end().catch(() => undefined);
  }
  const state = await readState(session);
  if (state === null) throw new Error('rowhook.state is empty after the first start');
  return state;
}

// From 17 on a standby can have the slot too, so that a promotion keeps it; the syntax with parentheses came with 15.
async function slotOptions(session: Session): Promise<string> {
  const { rows } = await session.query<{ version: number }>({
    text: `select current_setting('server_version_num')::int4 as version`,
  });
  return (rows[0]?.version ?? 0) >= 170000 ? `(FAILOVER true, SNAPSHOT 'export')` : 'EXPORT_SNAPSHOT';
}

function creatorName(slot: string): string {
  return `rowhook/${slot}/create`;
}

interface Creation {
  readonly slot: string;
  readonly publication: unknown;
  readonly consistent_point: string;
  readonly snapshot_name: string;
  readonly systemid: string;
  readonly timeline: number;
}

async function storeStart(session: Session, creation: Creation): Promise<void> {
  // The first commit that is sent may start exactly at the consistent point, so "everything before" ends one byte earlier.
  const before = formatLsn(parseLsn(creation.consistent_point) - 1n);
  const store = async (): Promise<void> => {
    await session.query({ text: `set transaction snapshot '${creation.snapshot_name.replaceAll("'", '')}'` });
    const configuration = await readConfigurationRows(session);
    const { rows } = await session.query<{ n: number }>({
      text: `insert into rowhook.epoch (n, system_id, timeline, from_lsn, reason)
             select coalesce(max(n), 0) + 1, $1, $2, $3::pg_lsn,
                    case when exists (select from rowhook.setting where name = 'accepted_gap')
                         then 'accepted gap' else 'first start' end
             from rowhook.epoch returning n`,
      values: [creation.systemid, creation.timeline, creation.consistent_point],
    });
    const epoch = rows[0]?.n;
    // Versions of an earlier epoch end here: a row that was deleted in between has none that says so.
    await session.query({ text: 'delete from rowhook.config_version' });
    await session.query({
      text: `insert into rowhook.config_version (kind, key, epoch, commit_lsn, row)
             select kind, key, $1, $2::pg_lsn, row
             from jsonb_to_recordset($3::jsonb) as i (kind text, key text, row jsonb)
             on conflict (kind, key, epoch, commit_lsn) do nothing`,
      values: [epoch, before, JSON.stringify(configuration)],
    });
    await session.query({
      text: `insert into rowhook.state
               (epoch, floor_lsn, floor_index, folded_seq, trimmed_seq, fold_no, system_id, timeline, database_oid, slot,
                publication_options)
             select $1, $2::pg_lsn, $3, coalesce(max(j.seq), 0), coalesce(max(j.seq), 0), 0, $4, $5, d.oid, $6, $7
             from pg_catalog.pg_database d left join rowhook.journal j on true
             where d.datname = current_database() group by d.oid`,
      values: [
        epoch,
        before,
        wholeTransaction,
        creation.systemid,
        creation.timeline,
        creation.slot,
        JSON.stringify(creation.publication),
      ],
    });
    await session.query({
      text: gapStatement,
      values: [
        changeId({ epoch: Number(epoch), commitLsn: parseLsn(creation.consistent_point), index: 0, part: 0 }),
      ],
    });
  };
  await session.transaction(store, 'begin isolation level repeatable read');
}

// An operator accepted that changes were lost before this start: each webhook's row in the ledger says from where to where.
const gapStatement = `
  with gap as (delete from rowhook.setting where name = 'accepted_gap' returning value ->> 'from' as start)
  insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, from_position, to_position, detail)
  select w.uid, w.id, w.company_id, w.table_name, 'gap', null, gap.start, $1,
         'the slot was lost: what was committed in between was not read'
  from gap, rowhook.webhook w`;

async function explainCreation(error: unknown, { session, slot }: FirstStartOptions): Promise<unknown> {
  // all replication slots are in use
  if (!(error instanceof pg.DatabaseError) || error.code !== '53400') return error;
  const { rows } = await session.query<{ limit: number }>({
    text: `select current_setting('max_replication_slots')::int4 as limit`,
  });
  const limit = rows[0]?.limit ?? 10;
  return new ExitError(`There is no free replication slot for "${slot}": all ${limit} are in use.`, {
    exitCode: 3,
    remedy:
      `See: select slot_name, database, active from pg_replication_slots; drop one that nobody needs with ` +
      `select pg_drop_replication_slot('…'); or raise it: alter system set max_replication_slots = ${limit + 10}; ` +
      `and restart Postgres.`,
    cause: error,
  });
}

/** After a promotion. */
export function slotLeftBehind({ slot, timeline, floor }: State, now: number): ExitError {
  const lost = slotLost(slot);
  return new ExitError(
    `This server was promoted (timeline ${now}, the books end on timeline ${timeline}), and it has no replication slot "${slot}": the ` +
      `former primary's was not synchronised. What was committed after ${formatLsn(floor.commitLsn)} cannot be read.`,
    {
      exitCode: 3,
      remedy: `${lost.remedy ?? ''}\nHow a promotion keeps the slot (Postgres 17 and newer): docs/postgres.md, "Failover".`,
    },
  );
}

export function slotLost(slot: string): ExitError {
  return new ExitError(
    `The replication slot "${slot}" is gone. Changes since the last one handled cannot be read any more, ` +
      `and a new slot would hide that.`,
    {
      exitCode: 3,
      remedy:
        `If ROWHOOK_SLOT or DATABASE_URL is wrong, correct it. Otherwise what was committed meanwhile is lost to the webhooks; ` +
        `to accept that, note it in the ledger and go on from now: rowhook slot recreate --accept-gap`,
    },
  );
}
