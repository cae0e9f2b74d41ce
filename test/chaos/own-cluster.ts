/** A Postgres of the test's own, for what would disturb others: stopping it, settings, and being the only one who writes. */
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startTestPostgres } from '../support/test-postgres.ts';

export interface OwnCluster extends AsyncDisposable {
  readonly postgres: EmbeddedPostgres;
  readonly database: InstalledDatabase;
}

/** With fsync on, and nothing that writes by itself now and then. */
export async function startOwnCluster(settings: Readonly<Record<string, string>> = {}): Promise<OwnCluster> {
  const postgres = await startTestPostgres({
    settings: { autovacuum: 'off', checkpoint_timeout: '1h', ...settings },
  });
  try {
    const database = await createInstalledDatabase(postgres.url);
    return {
      postgres,
      database,
      // Only the cluster: the database goes with it.
      [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
    };
  } catch (error) {
    await postgres[Symbol.asyncDispose]();
    throw error;
  }
}
