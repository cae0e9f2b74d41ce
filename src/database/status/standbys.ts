/** What the checks ask about physical standbys, which may be promoted: who they are, and whether they hold logical slots back. */
import type { Queries } from '../queries.ts';
import { wasRefused } from '../session.ts';

export interface PhysicalFacts {
  /** Of slots that are not temporary, by name. */
  readonly slots: readonly string[];
  /** `walreceiver from 10.0.0.8`: connected ones, as far as this login may see them. */
  readonly standbys: readonly string[];
  /** Null before Postgres 17. */
  readonly synchronizedStandbySlots: string | null;
}

export async function readPhysical(db: Queries): Promise<PhysicalFacts> {
  const { rows } = await db.query<Omit<PhysicalFacts, 'standbys'>>({
    text: `select array(select slot_name::text from pg_catalog.pg_replication_slots
                        where slot_type = 'physical' and not temporary order by 1) as slots,
                  current_setting('synchronized_standby_slots', true) as "synchronizedStandbySlots"`,
  });
  const { slots = [], synchronizedStandbySlots = null } = rows[0] ?? {};
  return { slots, synchronizedStandbySlots, standbys: await readStandbys(db) };
}

// Without pg_monitor their state is null. Backups look like standbys but for their name.
async function readStandbys(db: Queries): Promise<string[]> {
  try {
    const { rows } = await db.query<{ standby: string }>({
      text: `select concat(r.application_name, ' from ' || host(r.client_addr)) as standby
             from pg_catalog.pg_stat_replication r
             where r.state in ('streaming', 'catchup')
               and r.application_name not in ('pg_basebackup', 'pg_receivewal')
               and not exists (
                 select from pg_catalog.pg_replication_slots s where s.active_pid = r.pid and s.slot_type = 'logical')
             order by 1`,
    });
    return rows.map(({ standby }) => standby);
  } catch (error) {
    if (wasRefused(error)) return [];
    throw error;
  }
}
