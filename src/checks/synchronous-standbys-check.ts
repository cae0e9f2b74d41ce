// Judges whether Postgres takes the service's connection for a synchronous standby, as it may take any walsender: then commits of the
// application wait for the service. Pure: facts in, check out.
import { readerName } from '../database/slot-holder.ts';
import type { ServerFacts } from '../database/status/server.ts';
import { ok, warn, type Check } from './check.ts';

const check = 'synchronous_standby_names';

export function checkSynchronousStandbys(
  { synchronousStandbyNames: setting }: Pick<ServerFacts, 'synchronousStandbyNames'>,
  slot: string,
): Check {
  const reader = readerName(slot);
  const isReader = (name: string): boolean => name === '*' || name.toLowerCase() === reader;
  if (!namesIn(setting).some(isReader))
    return ok(check, `${setting || 'none'}: no commit waits for the service`);
  return warn(
    check,
    `${setting}: the service's own connection (${reader}) counts as a standby, and commits of the application may wait for it`,
    `Name in it each standby that commits are to wait for, by its application_name in pg_stat_replication, and not the service; then: ` +
      `select pg_reload_conf();\nWhere there is none: alter system reset ${check}; select pg_reload_conf();`,
  );
}

const counted = /^\s*(?:(?:first|any)\s+)?\d+\s*\((.*)\)\s*$/is;
const name = /"((?:[^"]|"")*)"|([^\s,"]+)/g;

/** `a, b`, `2 (a, b)`, `FIRST 2 (a, b)` or `ANY 2 (a, b)`; `"*"` means any walsender just as `*` does. */
function namesIn(setting: string): string[] {
  const list = counted.exec(setting)?.[1] ?? setting;
  return [...list.matchAll(name)].map(([, quoted, plain]) => plain ?? quoted?.replaceAll('""', '"') ?? '');
}
