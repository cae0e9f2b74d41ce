// Who has the slot, and ending a replication connection of our own that the server still believes in.
import type { Session } from './session.ts';

/** What the connection that reads the slot is called, as Postgres shortens it. */
export function readerName(slot: string): string {
  return `rowhook/${slot}/stream`.slice(0, 63);
}

export interface SlotLook {
  /** Null when nobody has it. */
  readonly holderPid: number | null;
  /** The newest that was taken here. */
  readonly term: number;
}

/** Cheap enough for a standby to repeat all the time: no lock, and nothing in any log. */
export async function lookAtSlot(session: Session, slot: string): Promise<SlotLook> {
  const { rows } = await session.query<{ holderPid: number | null; term: number | null }>({
    name: 'rowhook_look_at_slot',
    text: `select (select active_pid from pg_catalog.pg_replication_slots where slot_name = $1) as "holderPid",
                  (select max(term)::float8 from rowhook.fence) as term`,
    values: [slot],
  });
  return { holderPid: rows[0]?.holderPid ?? null, term: rows[0]?.term ?? 0 };
}

/** `pid 4711, application_name, client address, since …` as far as this role may see it; null when nobody has it. */
export async function describeSlotHolder(session: Session, slot: string): Promise<string | null> {
  const { rows } = await session.query<{ holder: string }>({
    text: `select 'pid ' || s.active_pid
                  || coalesce(', ' || nullif(a.application_name, ''), '')
                  || coalesce(', from ' || host(a.client_addr), '')
                  || coalesce(', since ' || to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'), '') as holder
           from pg_catalog.pg_replication_slots s left join pg_catalog.pg_stat_activity a on a.pid = s.active_pid
           where s.slot_name = $1 and s.active_pid is not null`,
    values: [slot],
  });
  return rows[0]?.holder ?? null;
}

/** Ends one walsender by its pid, if it still has the slot: our own, after the connection to it broke. */
export async function endWalSender(session: Session, slot: string, pid: number): Promise<void> {
  await session.query({
    text: `select pg_terminate_backend(active_pid) from pg_catalog.pg_replication_slots
           where slot_name = $1 and active_pid = $2`,
    values: [slot, pid],
  });
}
