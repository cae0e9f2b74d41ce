// Creating a slot waits until the transactions that were open at its beginning are over, for ever if need be. Says whose they are:
// sessions and prepared transactions of every database; and again only when that has changed.
import type { Queries } from './queries.ts';

/** Returns what ends the watching. */
export function watchCreation(db: Queries, onWaiting: (message: string) => void): () => void {
  let told = '';
  const timer = setInterval(() => {
    readHolders(db)
      .then((holders) => {
        const message = `creating the slot waits for open transactions: ${holders.join('; ') || 'none is visible'}`;
        if (message !== told) onWaiting(message);
        told = message;
      })
      .catch(() => undefined);
  }, 5_000);
  return () => {
    clearInterval(timer);
  };
}

// Who has prepared one has gone, so nothing ends it but a statement.
async function readHolders(db: Queries): Promise<string[]> {
  const { rows } = await db.query<{ holder: string }>({
    text: `(select format('pid %s (role %s, database %s%s)', pid, usename, datname, ', since ' || xact_start) as holder
            from pg_catalog.pg_stat_activity where backend_xid is not null and pid <> pg_backend_pid()
            order by age(backend_xid) desc limit 3)
           union all
           (select format('prepared transaction %L (role %s, since %s), until in database %s: rollback prepared %1$L; or commit prepared %1$L;',
                          gid, owner, prepared, database)
            from pg_catalog.pg_prepared_xacts order by age(transaction) desc limit 3)`,
    values: [],
  });
  return rows.map(({ holder }) => holder);
}
