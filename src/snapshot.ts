// What a statement of ours saw: whether a transaction of the log was committed for it. The log may tell of a commit a moment
// before snapshots show it, or long before, while it waits for a synchronous standby.

export interface Snapshot {
  /** The first transaction id that had not completed. 32 bits, as in the log. */
  readonly xmax: number;
  readonly running: ReadonlySet<number>;
}

/** What a statement saw, and when it looked. */
export interface Sighting extends Snapshot {
  /** The next transaction id at that time: whoever has this one or a later one began to write after it. */
  readonly next: number;
}

/** The text of pg_current_snapshot() and the number of the next transaction id. */
export function parseSighting(snapshot: string, next: string | number): Sighting {
  return { ...parseSnapshot(snapshot), next: Number(next) };
}

/** The text of pg_current_snapshot(): `xmin:xmax:xip,…`, with 64-bit ids. */
export function parseSnapshot(text: string): Snapshot {
  const [, xmax = '0', running = ''] = text.split(':');
  return { xmax: low(xmax), running: new Set(running === '' ? [] : running.split(',').map(low)) };
}

/** Whether one began to write before the other: ids are given in that order, with 32 bits, compared as Postgres does. */
export function precedes(xid: number, other: number): boolean {
  return ((xid - other) | 0) < 0;
}

/** Whether it shows what a transaction did, given that it has committed. */
export function isVisible(xid: number, { xmax, running }: Snapshot): boolean {
  return precedes(xid, xmax) && !running.has(xid);
}

/** Whether it wrote nothing before that. */
export function beganAfter(xid: number, { next }: Sighting): boolean {
  return !precedes(xid, next);
}

function low(xid: string): number {
  return Number(BigInt(xid) & 0xffff_ffffn);
}
