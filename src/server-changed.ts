// The server that answers now is not the one that this term began on: it was promoted, restored or is another one. Nothing may be
// repeated here of which the answer was lost there: the same number would stand for something else.

/** Which server, which stretch of its log and which database a connection has in front of it. */
export interface ServerPlace {
  /** Null where the role may not ask for it. */
  readonly systemId: string | null;
  readonly timeline: number;
  readonly databaseOid: number;
}

/** Ends the term. */
export class ServerChangedError extends Error {
  constructor(before: ServerPlace, now: ServerPlace) {
    super(`the server is another one now: ${describe(now)} instead of ${describe(before)}`);
    this.name = 'ServerChangedError';
  }
}

/** Heals by itself when it is promoted, or when the address leads to the primary again. The code: read_only_sql_transaction. */
export class ServerIsStandbyError extends Error {
  readonly code = '25006';

  constructor() {
    super(
      'this server is a standby, which lets nobody write; waiting until it is promoted or DATABASE_URL leads to the primary',
    );
    this.name = 'ServerIsStandbyError';
  }
}

/** @throws {ServerChangedError} */
export function requireSamePlace(before: ServerPlace, now: ServerPlace): void {
  const isSameSystem = before.systemId === null || now.systemId === null || before.systemId === now.systemId;
  if (isSameSystem && before.timeline === now.timeline && before.databaseOid === now.databaseOid) return;
  throw new ServerChangedError(before, now);
}

function describe({ systemId, timeline, databaseOid }: ServerPlace): string {
  return `system ${systemId ?? 'unknown'}, timeline ${timeline}, database ${databaseOid}`;
}
