// What has to be true before the slot is touched: the version, the encoding, the schema, wal_level and the role's rights. In the words
// of the checks, which look at everything else too.
import type { Queries } from '../database/queries.ts';
import { checkSchemaVersion } from '../database/schema-version.ts';
import { readRole, readServerSettings } from '../database/status/server.ts';
import { ExitError } from '../exit-error.ts';
import type { Check } from './check.ts';
import { checkServiceRights } from './role-checks.ts';
import { checkEncoding, checkWalLevel } from './server-checks.ts';

/** Rejects with an ExitError (3) for what a person has to mend. */
export async function preflight(db: Queries): Promise<void> {
  const server = await readServerSettings(db);
  insist(checkEncoding(server));
  await checkSchemaVersion(db);
  insist(checkWalLevel(server));
  insist(checkServiceRights(await readRole(db)));
}

function insist({ status, detail, remedy }: Check): void {
  if (status === 'fail') throw new ExitError(detail, { exitCode: 3, remedy: remedy ?? undefined });
}
