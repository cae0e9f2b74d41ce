/** Judges the server's settings, the slot and the publication. Pure: facts in, checks out. */
import { slotLost } from '../../database/first-start.ts';
import { foreignSlot, slotTaken } from '../../database/foreign-slot.ts';
import type { StartFacts } from '../../database/status/installation.ts';
import type { PublicationFacts, ServerFacts, SlotFacts } from '../../database/status/server.ts';
import { addConfiguration } from '../../database/publication.ts';
import type { Check } from '../checks.ts';
import { formatBytes } from '../output.ts';

export function checkServer(server: ServerFacts, needsSlot: boolean): Check[] {
  const isLogical = server.walLevel === 'logical';
  const isDurable = server.fsync === 'on' && server.fullPageWrites === 'on';
  const name = server.fsync === 'on' ? 'full_page_writes' : 'fsync';
  return [
    {
      check: 'wal_level',
      status: isLogical ? 'ok' : 'fail',
      detail: isLogical ? 'logical' : `${server.walLevel}: the log does not carry row changes`,
      remedy: isLogical ? null : 'alter system set wal_level = logical; then restart Postgres',
    },
    {
      check: 'fsync',
      status: isDurable ? 'ok' : 'fail',
      detail: isDurable
        ? 'on'
        : `${name} = off: a power failure can undo claims, and a webhook could be sent twice`,
      remedy: isDurable ? null : `alter system set ${name} = on; select pg_reload_conf();`,
    },
    checkSynchronousCommit(server),
    ...(needsSlot ? [checkRoom(server)] : []),
  ];
}

function checkSynchronousCommit({ synchronousCommit }: ServerFacts): Check {
  const isStrict = !['off', 'local'].includes(synchronousCommit);
  return {
    check: 'synchronous_commit',
    status: 'ok',
    detail: isStrict
      ? synchronousCommit
      : `${synchronousCommit} (the service sets it to on for its own sessions)`,
    remedy: null,
  };
}

/** Only before the first start: afterwards the slot has its place. */
function checkRoom({ slots, maxSlots, senders, maxSenders }: ServerFacts): Check {
  const used = `${slots} of ${maxSlots} slots and ${senders} of ${maxSenders} walsenders are in use`;
  if (slots < maxSlots && senders < maxSenders)
    return { check: 'room', status: 'ok', detail: used, remedy: null };
  const setting = slots < maxSlots ? 'max_wal_senders' : 'max_replication_slots';
  const limit = slots < maxSlots ? maxSenders : maxSlots;
  const remedy = `alter system set ${setting} = ${limit + 10}; then restart Postgres (or drop a slot that nobody uses)`;
  return { check: 'room', status: 'fail', detail: `${used}: there is no room for one more`, remedy };
}

export function checkSlot(
  name: string,
  slot: SlotFacts | null,
  { server, start }: { readonly server: ServerFacts; readonly start: StartFacts | null },
): Check {
  const fail = (detail: string, remedy: string): Check => ({ check: 'slot', status: 'fail', detail, remedy });
  if (start !== null && start.slot !== name) {
    const remedy =
      `Set ROWHOOK_SLOT=${start.slot}; or, to accept that what was committed meanwhile is not sent, and go on with a ` +
      `new slot: ROWHOOK_SLOT=${name} rowhook slot recreate --accept-gap`;
    return fail(`ROWHOOK_SLOT is "${name}", but the slot that was read here is "${start.slot}"`, remedy);
  }
  if (slot === null) {
    if (start !== null) return fail(slotLost(name).message, slotLost(name).remedy ?? '');
    return {
      check: 'slot',
      status: 'warn',
      detail: `"${name}" does not exist yet: nothing is read`,
      remedy: 'The first start creates it: rowhook start',
    };
  }
  if (!isReadable(slot)) {
    const remedy = start === null ? undefined : slotTaken(name, slot).remedy;
    const ownName = `Set ROWHOOK_SLOT to a name of its own, e.g. ROWHOOK_SLOT=${name}_2`;
    return fail(foreignSlot(name, slot), remedy ?? ownName);
  }
  if (slot.walStatus === 'lost' || slot.invalidationReason !== null) {
    const reason = slot.invalidationReason ?? 'the WAL it needs was removed';
    const detail = `"${name}" is lost (${reason}): changes after ${slot.confirmedLsn ?? '?'} cannot be read any more`;
    const keepRare = 'Raise max_slot_wal_keep_size so that it stays rare';
    return fail(detail, `${slotLost(name).remedy ?? ''}\n${keepRare}`);
  }
  return checkProgress(name, slot, server);
}

function isReadable(slot: SlotFacts): boolean {
  return slot.isHere && slot.plugin === 'pgoutput';
}

function checkProgress(name: string, slot: SlotFacts, server: ServerFacts): Check {
  const lag = `${formatBytes(slot.lagBytes ?? 0)} behind, ${formatBytes(slot.retainedBytes ?? 0)} of WAL kept for it`;
  const detail = `"${name}": ${lag}; confirmed ${slot.confirmedLsn ?? '?'}; wal_status ${slot.walStatus ?? 'unknown'}`;
  if (slot.walStatus !== 'unreserved') return { check: 'slot', status: 'ok', detail, remedy: null };
  const remedy = `Let the service catch up now, or raise max_slot_wal_keep_size (${server.maxSlotWalKeepSize})`;
  return { check: 'slot', status: 'fail', detail: `${detail}: its WAL is about to be removed`, remedy };
}

/** Who reads the slot, and with which number it claims. */
export function checkLeader(slot: SlotFacts | null, term: number | null): Check {
  const claims = `term ${term ?? '?'}`;
  if (slot?.active !== true || !isReadable(slot)) {
    const remedy = 'Start the service: rowhook start';
    return { check: 'leader', status: 'warn', detail: `no service runs (${claims})`, remedy };
  }
  const from = slot.clientAddress === null ? '' : ` from ${slot.clientAddress}`;
  const since = slot.connectedAt === null ? '' : ` since ${slot.connectedAt.toISOString()}`;
  const detail = `Postgres backend ${slot.pid ?? '?'} reads the slot${from}${since} (${claims})`;
  return { check: 'leader', status: 'ok', detail, remedy: null };
}

const bookkeeping = (table: string): boolean => table !== 'webhook' && table !== 'subscribable_table';

export function checkPublication(name: string, publication: PublicationFacts | null): Check {
  const fail = (detail: string, remedy: string): Check => ({
    check: 'publication',
    status: 'fail',
    detail,
    remedy,
  });
  if (publication === null) {
    return fail(
      `"${name}" does not exist: nothing can be read`,
      'The statements that create it again are in the answer of: rowhook start',
    );
  }
  const ours = publication.ownTables.filter(bookkeeping);
  if (publication.allTables || ours.length > 0) {
    const what = publication.allTables
      ? 'FOR ALL TABLES'
      : ours.map((table) => `rowhook.${table}`).join(', ');
    const detail = `"${name}" carries the service's own books (${what}): each delivery would cause log to read`;
    const drop = `alter publication ${name} drop table ${ours.map((table) => `rowhook.${table}`).join(', ')};`;
    return fail(
      detail,
      publication.allTables ? 'The statements that replace it are in the answer of: rowhook start' : drop,
    );
  }
  const missing = ['webhook', 'subscribable_table'].filter((table) => !publication.ownTables.includes(table));
  if (missing.length > 0) {
    const tables = missing.map((table) => `rowhook.${table}`).join(', ');
    return fail(`"${name}" lacks ${tables}: changes of webhooks go unseen`, addConfiguration(missing));
  }
  return checkOptions(name, publication);
}

function checkOptions(name: string, publication: PublicationFacts): Check {
  const options = [
    publication.publishesAll ? '' : `publish = 'insert, update, delete, truncate'`,
    publication.viaRoot ? '' : 'publish_via_partition_root = true',
    publication.generatedColumns === 'n' ? 'publish_generated_columns = stored' : '',
  ].filter((option) => option !== '');
  if (options.length === 0) {
    return {
      check: 'publication',
      status: 'ok',
      detail: `"${name}" publishes every operation`,
      remedy: null,
    };
  }
  return {
    check: 'publication',
    status: 'fail',
    detail: `"${name}" has other options than those it was made with`,
    remedy: `alter publication ${name} set (${options.join(', ')});`,
  };
}
