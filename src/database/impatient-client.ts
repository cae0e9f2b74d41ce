/**
 * A session of a pool that is cut where it can no longer be trusted: a statement of it got no answer of the server, so that it may still
 * be under way, or it would go back into the pool inside a transaction. Invariant: whoever takes it from the pool finds it unused.
 */
import pg from 'pg';

export class ImpatientClient extends pg.Client {
  override readonly query = ((...asked: [string]) => {
    const answer: unknown = super.query(...asked);
    // Before anybody else learns of it, and could give the session back.
    if (answer instanceof Promise) answer.catch((error: unknown) => this.#cutUnlessAnswered(error));
    return answer;
  }) as pg.Client['query'];

  #cutUnlessAnswered(error: unknown): void {
    if (!(error instanceof pg.DatabaseError)) cut(this);
  }
}

/** A pool of them. Errors of its sessions are heard, and reported where they are used. */
export function impatientPool(config: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool({ ...config, Client: ImpatientClient });
  // A session that is lost also fails its query, or the next one; unheard it would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('release', (_error, client) => {
    if (client.getTransactionStatus() !== 'I') cut(client);
  });
  return pool;
}

/** It says nothing more: on a line that is dead nobody would hear it. The pool takes back no session that has ended. */
function cut(client: pg.Client): void {
  client.end().catch(() => undefined);
  client.connection.stream.destroy();
}
