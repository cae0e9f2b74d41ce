// What a failed attempt to stream means: try again, wait for whoever holds the slot, or give up until a person acts. A pure
// decision on what Postgres says (SQLSTATE, then words where one code has several meanings).

export type ConnectVerdict =
  | { readonly kind: 'retry' }
  /** Another connection has the slot; `holderPid` where the message names it. */
  | { readonly kind: 'held'; readonly holderPid: number | null }
  | { readonly kind: 'slot_missing' }
  | { readonly kind: 'invalidated' }
  | { readonly kind: 'refused'; readonly remedy: string };

export function judgeConnectError(error: unknown): ConnectVerdict {
  if (!(error instanceof Error)) return { kind: 'retry' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // replication slot "rowhook" is active for PID 4711
  if (code === '55006') return { kind: 'held', holderPid: findPid(error.message) };
  // replication slot "rowhook" does not exist
  if (code === '42704' && error.message.includes('replication slot')) return { kind: 'slot_missing' };
  // can no longer access replication slot "rowhook"; can no longer get changes from replication slot "rowhook";
  // cannot read from logical replication slot "rowhook" (and in the detail: has been invalidated)
  if (code === '55000' && /replication slot/.test(error.message)) return { kind: 'invalidated' };
  // publication "rowhook" does not exist
  if (code === '42704') {
    return {
      kind: 'refused',
      remedy: 'The publication must exist before the slot reads on: create it again, see `rowhook status`.',
    };
  }
  if (code === '42501') {
    return { kind: 'refused', remedy: 'The role needs the REPLICATION attribute: alter role … replication;' };
  }
  if (code.startsWith('28')) {
    return {
      kind: 'refused',
      remedy:
        'Check user and password in DATABASE_URL, and that pg_hba.conf lets the role in (logical replication is matched by the database, not by "replication").',
    };
  }
  if (code === '3D000') return { kind: 'refused', remedy: 'Check the name of the database in DATABASE_URL.' };
  if (code === '0A000') {
    return {
      kind: 'refused',
      remedy: 'Connect straight to Postgres: a pooler in between does not speak replication.',
    };
  }
  return { kind: 'retry' };
}

function findPid(message: string): number | null {
  const pid = /PID (\d+)/i.exec(message)?.[1];
  return pid === undefined ? null : Number(pid);
}
