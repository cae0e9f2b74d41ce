// Which process leads and which wait, under names that people recognise: the books keep the leader's, a standby's is the name of
// its connection. And how long a successor has to be quiet: the process before may be frozen between a claim and its POST, and
// wake while the claim is still good. Invariant: nothing that it sends then comes after something newer.
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { termIsGoodForMs } from '../limits.ts';
import { hasProcessEnded } from '../process-ended.ts';
import type { Session } from './session.ts';

export interface NamedProcess {
  readonly host: string;
  readonly pid: number;
  /** The same for processes that can tell by a pid whether the other lives; null where the system does not say. */
  readonly machine: string | null;
}

export function thisProcess(): NamedProcess {
  return { host: hostname(), pid: process.pid, machine: machine() };
}

// A container has pids of its own, and so has the next boot.
function machine(): string | null {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return null;
  }
}

/** Of the connection with which a standby looks at the slot; Postgres cuts it off after 63 bytes. */
export function standbyName(slot: string, { host, pid }: NamedProcess): string {
  return `${standbyPrefix(slot)}${pid} on ${host}`;
}

export function standbyPrefix(slot: string): string {
  return `rowhook/${slot}/standby `;
}

export interface Succession {
  /** Null for a command that only ends the term before. */
  readonly leader: NamedProcess | null;
  /** Whether the term before left claims without an outcome. */
  readonly hasLeftClaims: boolean;
}

/**
 * Inside the takeover's transaction, after the fence: names the new leader in the books. Returns for how long it sends nothing,
 * in milliseconds: until every claim that somebody who lives may have left is too old to be sent.
 */
export async function succeed(session: Session, { leader, hasLeftClaims }: Succession): Promise<number> {
  const { rows: before } = await session.query<{ pid: number | null; machine: string | null }>({
    text: `select leader_pid as pid, leader_machine as machine from rowhook.state`,
  });
  const mayWake = hasLeftClaims && !(before[0] !== undefined && hasEnded(before[0]));
  const { rows } = await session.query<{ leftMs: number | null }>({
    text: `update rowhook.state
           set leader_host = $1, leader_pid = $2, leader_machine = $3, led_since = now(),
               claims_left_at = case when $4 then clock_timestamp() else claims_left_at end
           returning ($5 - 1000 * extract(epoch from clock_timestamp() - claims_left_at))::float8 as "leftMs"`,
    values: [leader?.host ?? null, leader?.pid ?? null, leader?.machine ?? null, mayWake, termIsGoodForMs],
  });
  const leftMs = rows[0]?.leftMs ?? 0;
  return Math.ceil(Math.min(termIsGoodForMs, Math.max(0, leftMs)));
}

function hasEnded({ pid, machine: where }: { pid: number | null; machine: string | null }): boolean {
  if (pid === null || where === null || where !== machine()) return false;
  // Its own last term has drained.
  if (pid === process.pid) return true;
  return hasProcessEnded(pid);
}
