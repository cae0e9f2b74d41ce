// What a failed attempt to stream means: try again, wait for whoever holds the slot, or give up until a person acts. A pure
// decision on what Postgres says: the SQLSTATE; where one code has several meanings the C function that raised it, or words
// that no server translates. Its sentences are in the language of lc_messages.

export type ConnectVerdict =
  | { readonly kind: 'retry' }
  /** Another connection has the slot. */
  | { readonly kind: 'held' }
  | { readonly kind: 'slot_missing' }
  | { readonly kind: 'invalidated' }
  | { readonly kind: 'refused'; readonly remedy: string };

export function judgeConnectError(error: unknown): ConnectVerdict {
  if (!(error instanceof Error)) return { kind: 'retry' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // replication slot "rowhook" is active for PID 4711
  if (code === '55006') return { kind: 'held' };
  const routine = 'routine' in error ? error.routine : undefined;
  // replication slot "rowhook" does not exist
  if (code === '42704' && routine === 'ReplicationSlotAcquire') return { kind: 'slot_missing' };
  // can no longer access replication slot "rowhook"; can no longer get changes from replication slot "rowhook";
  // cannot read from logical replication slot "rowhook" (and in the detail: has been invalidated)
  // and not: logical decoding requires "wal_level" >= "logical"
  if (code === '55000' && !error.message.includes('wal_level')) return { kind: 'invalidated' };
  // publication "rowhook" does not exist
  if (code === '42704' && routine === 'get_publication_oid') {
    return {
      kind: 'refused',
      remedy:
        'The log has changes from when the publication was missing, and they cannot be read. `rowhook status` says whether it ' +
        'is there again; then accept that what was committed meanwhile is not sent: rowhook slot recreate --accept-gap',
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
