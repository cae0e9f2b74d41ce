/** Two services on one database: one leads, the other waits. */
import type { InstalledDatabase } from '../support/installed-database.ts';
import { startService, type LogLine, type ServiceProcess } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { walSenderPid } from './orders.ts';

export const isFenced = ({ msg }: LogLine): boolean => msg.includes('another process has taken over');
export const isStandby = ({ msg }: LogLine): boolean => msg.includes('is in use by pid');

export interface Pair {
  readonly leader: ServiceProcess;
  readonly standby: ServiceProcess;
  /** The leader's. */
  readonly walSender: number;
}

export async function leaderAndStandby(
  database: InstalledDatabase,
  leaderUrl = database.serviceUrl,
): Promise<Pair> {
  const leader = startService({ databaseUrl: leaderUrl });
  await leader.ready();
  const standby = startService({ databaseUrl: database.serviceUrl });
  await standby.waitForLog(isStandby);
  const walSender = await waitUntil(() => walSenderPid(database, leader.slot), {
    describe: 'the walsender of the leader',
  });
  return { leader, standby, walSender };
}

/** Ends the leader's walsender, as the server would when it no longer hears the leader, and waits for the standby to lead. */
export async function giveSlotTo(
  standby: ServiceProcess,
  { database, from }: { database: InstalledDatabase; from: number },
): Promise<void> {
  await database.admin.query('select pg_terminate_backend($1)', [from]);
  await standby.ready();
}
