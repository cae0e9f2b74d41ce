// Judges the slot: whether it can be read, what it holds back, and whether it is the one that the books belong to. Pure:
// facts in, checks out.
import { slotLost } from '../database/first-start.ts';
import { foreignSlot, slotTaken } from '../database/foreign-slot.ts';
import { findOtherOrigin, type Origin, type State } from '../database/state.ts';
import type { ServerFacts } from '../database/status/server.ts';
import type { SlotFacts } from '../database/status/slot.ts';
import type { UnsendableTransaction } from '../database/unsendable-transaction.ts';
import { formatLsn } from '../lsn.ts';
import { fail, failOf, formatBytes, ok, warn, type Check } from './check.ts';

/** `state`: null before the very first start. */
export function checkSlot(name: string, slot: SlotFacts | null, state: State | null): Check {
  if (state !== null && state.slot !== name) {
    const remedy =
      `Set ROWHOOK_SLOT=${state.slot}; or, to accept that what was committed meanwhile is not sent, and go on with a ` +
      `new slot: ROWHOOK_SLOT=${name} rowhook slot recreate --accept-gap`;
    return fail(
      'slot',
      `ROWHOOK_SLOT is "${name}", but the slot that was read here is "${state.slot}"`,
      remedy,
    );
  }
  if (slot === null) {
    if (state !== null) {
      const { message, remedy = '' } = slotLost(name);
      return fail('slot', `${message} ${missedSince(state, null)}`, remedy);
    }
    return warn(
      'slot',
      `"${name}" does not exist yet: nothing is read`,
      'The first start creates it: rowhook start',
    );
  }
  if (!isReadable(slot)) {
    const remedy = state === null ? undefined : slotTaken(name, slot).remedy;
    const ownName = `Set ROWHOOK_SLOT to a name of its own, e.g. ROWHOOK_SLOT=${name}_2`;
    return fail('slot', foreignSlot(name, slot), remedy ?? ownName);
  }
  if (slot.walStatus === 'lost' || slot.invalidationReason !== null) return lostSlot(name, slot, state);
  return checkProgress(name, slot);
}

export function isReadable(slot: SlotFacts): boolean {
  return slot.isHere && slot.plugin === 'pgoutput';
}

function lostSlot(name: string, slot: SlotFacts, state: State | null): Check {
  const reason = slot.invalidationReason ?? 'the log it needs was removed';
  const missed =
    state === null
      ? `changes after ${slot.confirmedLsn ?? '?'} cannot be read any more`
      : missedSince(state, slot.inactiveSince);
  const setting = reason === 'idle_timeout' ? 'idle_replication_slot_timeout' : 'max_slot_wal_keep_size';
  return fail(
    'slot',
    `"${name}" is lost (${reason}). ${missed}`,
    `${slotLost(name).remedy ?? ''}\nRaise ${setting} so that it stays rare.`,
  );
}

/** From which place, and since when, changes were not read. */
function missedSince({ floor, updatedAt }: State, inactiveSince: Date | null): string {
  const unread = inactiveSince === null ? '' : `, and nobody has read since ${inactiveSince.toISOString()}`;
  return (
    `What was committed after ${formatLsn(floor.commitLsn)} and not sent yet is missed: the service's books end ` +
    `there, written last at ${updatedAt.toISOString()}${unread}.`
  );
}

function checkProgress(name: string, slot: SlotFacts): Check {
  const lag = `${formatBytes(slot.lagBytes ?? 0)} behind, ${formatBytes(slot.retainedBytes ?? 0)} of WAL kept for it`;
  const failover = slot.failover === null ? '' : `; failover ${slot.failover ? 'on' : 'off'}`;
  const detail =
    `"${name}": ${lag}; confirmed ${slot.confirmedLsn ?? '?'}; ` +
    `wal_status ${slot.walStatus ?? 'unknown'}${failover}`;
  return ok('slot', detail);
}

/** `found`: by the service that ended last; a start forgets it. */
export function checkUnsendable(
  slot: SlotFacts | null,
  state: State | null,
  found: UnsendableTransaction | null,
): Check[] {
  if (slot === null || state === null || found === null || !isReadable(slot)) return [];
  if (slot.walStatus === 'lost' || found.slot !== state.slot || found.epoch !== state.epoch) return [];
  const lsn = formatLsn(found.commitLsn);
  return [
    fail(
      'unsendable transaction',
      `Postgres cannot send the transaction that committed at ${lsn} (${found.committedAt}, transaction id ${found.xid}), and nothing ` +
        `that comes after it: ${found.reason}. All that was committed before it is settled.`,
      `rowhook slot skip ${lsn} --accept-gap\nWhat it changed is then not sent; the ledger says so, and the next start goes on after it.`,
    ),
  ];
}

/** The alert: half of what may be kept is kept. */
export function checkKeptLog(slot: SlotFacts | null, { maxSlotWalKeepMb }: ServerFacts): Check[] {
  if (slot === null || !isReadable(slot) || slot.walStatus === 'lost') return [];
  const kept = `${formatBytes(slot.retainedBytes ?? 0)} of WAL kept for the slot`;
  if (slot.walStatus === 'unreserved') {
    const detail = `${kept}, more than max_slot_wal_keep_size allows: the next checkpoint removes it, and the slot is lost`;
    return [fail('kept log', detail, catchUp)];
  }
  if (slot.safeWalBytes === null || maxSlotWalKeepMb < 0) return [ok('kept log', `${kept}, without a limit`)];
  const limit = maxSlotWalKeepMb * 1024 ** 2;
  const detail = `${kept}; ${formatBytes(Math.max(0, slot.safeWalBytes))} more until the slot is lost (max_slot_wal_keep_size ${formatBytes(limit)})`;
  if (slot.safeWalBytes >= limit / 2) return [ok('kept log', detail)];
  return [warn('kept log', detail, catchUp)];
}

const catchUp = 'Let the service run and catch up, or raise max_slot_wal_keep_size.';

/** What the slot keeps from being vacuumed: rows of the system catalogs. */
export function checkCatalogAge(slot: SlotFacts | null): Check[] {
  if (slot === null || slot.catalogAge === null || !isReadable(slot)) return [];
  const detail = `the slot needs catalog rows of the last ${slot.catalogAge} transactions`;
  if (slot.catalogAge < slot.freezeMaxAge / 4) return [ok('catalog age', detail)];
  return [
    warn(
      'catalog age',
      `${detail}: vacuum cannot remove them, the catalogs grow, and in the end the database takes no more writes`,
      'Let the service run and catch up; where it has, end the old transactions that hold it back (see the check "transactions").',
    ),
  ];
}

/** Whether books and server belong together. */
export function checkOrigin(state: State | null, origin: Origin | null): Check[] {
  if (state === null || origin === null) return [];
  const other = findOtherOrigin(state, { ...origin, slot: state.slot });
  if (other !== null) return [failOf('origin', other)];
  if (origin.timeline !== state.timeline) {
    return [
      warn(
        'origin',
        `timeline ${origin.timeline}, the books end on timeline ${state.timeline}: this server was promoted or restored since`,
        'The next start sees whether it may go on from there: rowhook start',
      ),
    ];
  }
  return [ok('origin', `system ${origin.systemId}, timeline ${origin.timeline}, as in the books`)];
}
