// What is looked at every few seconds of a soak.
import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { LogAge } from '../bench/log-age.ts';
import type { InstalledDatabase } from '../support/installed-database.ts';
import { memoryNowMb } from '../support/peak-memory.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { HeapWatch } from './heap.ts';

export interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  readonly rssMb: number;
  readonly heapMb: number;
  readonly buffersMb: number;
  /** Written and not confirmed, and how old the oldest of it is. */
  readonly lagMb: number;
  readonly lagSeconds: number;
  /** That Postgres keeps for the slot. */
  readonly walMb: number;
  readonly backlogRows: number;
  /** Sockets that the service holds, those to Postgres included. */
  readonly connections: number;
}

export interface Watched {
  readonly database: InstalledDatabase;
  readonly service: ServiceProcess;
}

/** Until `stop`; each sample is handed on as well. */
export async function watch(
  { database, service }: Watched,
  { everyMs, stop, onSample }: { everyMs: number; stop: AbortSignal; onSample(sample: Sample): void },
): Promise<Sample[]> {
  using heap = await HeapWatch.open(service.output);
  const log = new LogAge(database, service.slot);
  const watching = log.watch();
  const samples: Sample[] = [];
  const beganAt = performance.now();
  while (!stop.aborted) {
    await pause(everyMs, undefined, { signal: stop }).catch(() => undefined);
    const [{ usedMb, buffersMb }, slot] = [await heap.look(), await lookAtSlot(database, service.slot)];
    const sample = {
      seconds: (performance.now() - beganAt) / 1000,
      rssMb: await memoryNowMb(service.pid),
      heapMb: usedMb,
      buffersMb,
      lagSeconds: watching.takeOldest(),
      ...slot,
      connections: await openSockets(service.pid),
    };
    samples.push(sample);
    onSample(sample);
  }
  await watching.end();
  return samples;
}

async function lookAtSlot(
  { admin }: InstalledDatabase,
  slot: string,
): Promise<Pick<Sample, 'lagMb' | 'walMb' | 'backlogRows'>> {
  const [row = {}] = await admin.query(
    `select pg_current_wal_insert_lsn() - confirmed_flush_lsn as lag, pg_current_wal_insert_lsn() - restart_lsn as wal,
            (select coalesce(sum(backlog_count), 0) from rowhook.counter) as rows
     from pg_replication_slots where slot_name = $1`,
    [slot],
  );
  return {
    lagMb: Number(row['lag']) / 1_000_000,
    walMb: Number(row['wal']) / 1_000_000,
    backlogRows: Number(row['rows']),
  };
}

async function openSockets(pid: number): Promise<number> {
  const folder = `/proc/${pid}/fd`;
  const links = await Promise.all(
    (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith('socket:')).length;
}
