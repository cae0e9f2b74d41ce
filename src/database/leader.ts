// Which process leads and which wait, under names that people recognise: the books keep the leader's, a standby's is the name of
// its connection.
import { hostname } from 'node:os';

export interface NamedProcess {
  readonly host: string;
  readonly pid: number;
}

export function thisProcess(): NamedProcess {
  return { host: hostname(), pid: process.pid };
}

/** Of the connection with which a standby looks at the slot; Postgres cuts it off after 63 bytes. */
export function standbyName(slot: string, { host, pid }: NamedProcess): string {
  return `${standbyPrefix(slot)}${pid} on ${host}`;
}

export function standbyPrefix(slot: string): string {
  return `rowhook/${slot}/standby `;
}
