// Judges whether the slot outlives the promotion of a standby, where there is one: Postgres 17 and newer. Pure: facts in, checks
// out.
import type { SlotFacts } from '../database/status/slot.ts';
import type { PhysicalFacts } from '../database/status/standbys.ts';
import { shellWord } from '../shell-word.ts';
import { ok, warn, type Check } from './check.ts';
import { isReadable } from './slot-checks.ts';

const check = 'standbys';

export function checkStandbys(name: string, slot: SlotFacts | null, physical: PhysicalFacts): Check[] {
  if (slot === null || slot.failover === null || !isReadable(slot)) return [];
  if (physical.slots.length === 0 && physical.standbys.length === 0) return [];
  const there = describePhysical(physical);
  if (!slot.failover) {
    return [
      warn(
        check,
        `${there}, but the slot "${name}" was made without failover: after a promotion it is not there, and what was not sent is missed`,
        `${alterSlot(name, slot.database ?? '')}\nWhile the service is stopped. What the standby needs for it: docs/postgres.md, "Failover".`,
      ),
    ];
  }
  if (physical.synchronizedStandbySlots === '') {
    return [
      warn(
        check,
        `${there}, and synchronized_standby_slots is empty: what a standby does not have yet may be sent, and a promotion undoes it`,
        `alter system set synchronized_standby_slots = '${physical.slots.join(', ') || 'primary_slot_name of the standby'}'; ` +
          `select pg_reload_conf();\nOnly the slots of standbys that may be promoted, not of backups. While one of them is away, ` +
          `nothing is sent; what is not sent waits in the log.`,
      ),
    ];
  }
  const synchronised = physical.synchronizedStandbySlots ?? '';
  return [ok(check, `${there}; failover on, synchronized_standby_slots ${synchronised}`)];
}

function describePhysical({ slots, standbys }: PhysicalFacts): string {
  return standbys.length > 0
    ? `standbys follow this server (${standbys.join(', ')})`
    : `this server has physical slots (${slots.join(', ')}), as standbys use them`;
}

function alterSlot(name: string, database: string): string {
  const value = /^\w+$/.test(database) ? database : `'${database.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
  const conninfo = shellWord(`dbname=${value} replication=database`);
  return `psql ${conninfo} -c 'ALTER_REPLICATION_SLOT ${name} (FAILOVER true)'`;
}
