// Judges the server's version and settings. Pure: facts in, checks out.
import type { ServerFacts, ServerSettings } from '../database/status/server.ts';
import { counted, fail, formatBytes, formatSeconds, ok, warn, type Check } from './check.ts';

/** `login`: who looks. */
export function checkServer(server: ServerFacts, login: string, needsSlot: boolean): Check[] {
  return [
    checkVersion(server, login),
    checkEncoding(server),
    checkWalLevel(server),
    checkDurability(server),
    checkSynchronousCommit(server),
    checkWalSenderTimeout(server),
    checkKeepSize(server),
    ...checkIdleTimeout(server),
    checkRoom(server, needsSlot),
  ];
}

/** The first minor release of each major without the known traps of logical decoding. */
const firstGoodMinor: Readonly<Record<number, number>> = { 14: 19, 15: 14, 16: 10, 17: 6 };

function checkVersion({ version, versionNumber, database, isStandby }: ServerFacts, login: string): Check {
  const [major, minor] = [Math.floor(versionNumber / 10_000), versionNumber % 10_000];
  const where = `Postgres ${version}, database ${database}, as ${login}`;
  if (major < 14)
    return fail('server', `${where}: rowhook needs Postgres 14 or newer`, 'Upgrade the server.');
  if (isStandby) {
    const remedy = 'Point DATABASE_URL to the primary.';
    return fail('server', `${where}: a standby, where nobody can write`, remedy);
  }
  const good = firstGoodMinor[major];
  if (good === undefined || minor >= good) return ok('server', where);
  return warn(
    'server',
    `${where}: before ${major}.${good} Postgres can move a slot backwards, remove log that it needs, or wait for ever after a crash`,
    `Update to the newest minor release of Postgres ${major} (${major}.${good} at least): a restart with the new programs.`,
  );
}

/** In such a database texts are bytes of no known encoding, and the first that are not UTF-8 would stop the stream for good. */
export function checkEncoding({ database, encoding }: ServerSettings): Check {
  if (encoding !== 'SQL_ASCII') return ok('encoding', encoding);
  const copy = `"${`${database}_utf8`.replaceAll('"', '""')}"`;
  return fail(
    'encoding',
    `The database "${database}" has the encoding SQL_ASCII: what its texts mean is not known, and JSON is UTF-8.`,
    `create database ${copy} template template0 encoding 'UTF8';\n` +
      `Then copy it there with pg_dump and psql; texts that are not UTF-8 need pg_dump --encoding with what they are in (LATIN1?).`,
  );
}

export function checkWalLevel({ walLevel }: ServerSettings): Check {
  if (walLevel === 'logical') return ok('wal_level', walLevel);
  return fail(
    'wal_level',
    `wal_level is ${walLevel}; reading changes needs logical.`,
    `alter system set wal_level = 'logical';\n` +
      `Then restart Postgres. Managed services: rds.logical_replication = 1, cloudsql.logical_decoding = on.`,
  );
}

function checkDurability({ fsync, fullPageWrites }: ServerFacts): Check {
  if (fsync === 'on' && fullPageWrites === 'on') return ok('fsync', 'on');
  const name = fsync === 'on' ? 'full_page_writes' : 'fsync';
  return fail(
    name,
    `off: a power failure can undo claims, and a webhook could be sent twice`,
    `alter system set ${name} = on; select pg_reload_conf();`,
  );
}

function checkSynchronousCommit({ synchronousCommit }: ServerFacts): Check {
  const isStrict = !['off', 'local'].includes(synchronousCommit);
  const own = isStrict ? '' : ' (the service sets it to on for its own sessions)';
  return ok('synchronous_commit', `${synchronousCommit}${own}`);
}

function checkWalSenderTimeout({ walSenderTimeoutMs }: ServerFacts): Check {
  if (walSenderTimeoutMs > 0) {
    const after = formatSeconds(walSenderTimeoutMs / 1_000);
    return ok('wal_sender_timeout', `${after}: then Postgres gives up a reader that is silent`);
  }
  return warn(
    'wal_sender_timeout',
    '0: a service whose host is gone keeps the slot, and no standby can take over',
    `alter system set wal_sender_timeout = '60s'; select pg_reload_conf();`,
  );
}

const mb = 1024 ** 2;

function checkKeepSize({ maxSlotWalKeepMb, walBytesPerDay }: ServerFacts): Check {
  const check = 'max_slot_wal_keep_size';
  if (maxSlotWalKeepMb >= 0) {
    return ok(
      check,
      `${formatBytes(maxSlotWalKeepMb * mb)}: a service further behind than that loses its slot`,
    );
  }
  const threeDays = Math.ceil(((walBytesPerDay ?? 0) * 3) / (1024 * mb));
  const rate =
    walBytesPerDay === null ? '' : `; this server writes about ${formatBytes(walBytesPerDay)} of log a day`;
  return warn(
    check,
    '-1: a stopped service would fill the disk of pg_wal, and the database would stop with it',
    `alter system set ${check} = '${Math.max(10, threeDays)}GB'; select pg_reload_conf();\n` +
      `Choose less than is free on that disk, and more than is written in the longest time that the service may be away${rate}.`,
  );
}

const dayS = 86_400;

function checkIdleTimeout({ idleSlotTimeoutS }: ServerFacts): Check[] {
  const check = 'idle_replication_slot_timeout';
  if (idleSlotTimeoutS === null) return [];
  if (idleSlotTimeoutS === 0) return [ok(check, '0: a stopped service keeps its slot')];
  const detail = `${formatSeconds(idleSlotTimeoutS)}: a service that is stopped for longer loses its slot`;
  if (idleSlotTimeoutS >= dayS) return [ok(check, detail)];
  return [warn(check, detail, `alter system set ${check} = '3d'; select pg_reload_conf();`)];
}

function checkRoom({ slots, maxSlots, senders, maxSenders }: ServerFacts, needsSlot: boolean): Check {
  const freeSlots = maxSlots - slots;
  const freeSenders = maxSenders - (senders ?? 0);
  const sendersLeft =
    senders === null ? 'an unknown number of walsenders' : counted(freeSenders, 'walsender');
  const free = `${counted(freeSlots, 'slot')} of ${maxSlots} and ${sendersLeft} of ${maxSenders} are free`;
  // Afterwards the slot has its place, and so has its reader.
  if (!needsSlot || (freeSlots > 0 && freeSenders > 0)) return ok('room', free);
  const setting = freeSlots > 0 ? 'max_wal_senders' : 'max_replication_slots';
  const limit = freeSlots > 0 ? maxSenders : maxSlots;
  const remedy = `alter system set ${setting} = ${limit + 10};\nThen restart Postgres; or drop a slot that nobody uses.`;
  return fail('room', `${free}: there is no room for one more`, remedy);
}
