/** What `status` asks about the leader and the standbys: what the books say of it, and which of their connections are there. */
import { standbyPrefix } from '../leader.ts';
import type { Queries } from '../queries.ts';
import { writerName } from '../takeover.ts';

export interface LeaderFacts {
  /** The newest that was taken; null where the fence is missing. */
  readonly term: number | null;
  /** Of the process that took it; null before the first start, and when a command took it. */
  readonly host: string | null;
  readonly pid: number | null;
  readonly since: Date | null;
  /** Whether the connection that claims under this term is there: without it the process is gone. */
  readonly isThere: boolean;
  readonly standbys: readonly StandbyFacts[];
}

export interface StandbyFacts {
  /** `4711 on erp-2`: pid and host. */
  readonly process: string;
  /** Null where it is not ours to see, and for a local one. */
  readonly clientAddress: string | null;
}

export async function readLeader(db: Queries, slot: string): Promise<LeaderFacts> {
  const { rows } = await db.query<Omit<LeaderFacts, 'isThere' | 'standbys'>>({
    text: `select f.term::float8 as term, s.leader_host as host, s.leader_pid as pid, s.led_since as since
           from (select 1) one left join rowhook.fence f on f.writer = 'claim' left join rowhook.state s on true`,
  });
  const { term = null, host = null, pid = null, since = null } = rows[0] ?? {};
  const claims = term === null ? [] : await connections(db, writerName(slot, 'claim', term));
  const prefix = standbyPrefix(slot);
  const standbys = (await connections(db, prefix)).map(({ name, clientAddress }) => ({
    process: name.slice(prefix.length),
    clientAddress,
  }));
  return { term, host, pid, since, isThere: claims.length > 0, standbys };
}

// Postgres keeps 63 bytes of a connection's name.
async function connections(
  db: Queries,
  prefix: string,
): Promise<{ name: string; clientAddress: string | null }[]> {
  const { rows } = await db.query<{ name: string; clientAddress: string | null }>({
    text: `select application_name as name, host(client_addr) as "clientAddress"
           from pg_catalog.pg_stat_activity
           where datname = current_database() and starts_with(application_name, left($1, 63))
           order by backend_start, pid`,
    values: [prefix],
  });
  return rows;
}
