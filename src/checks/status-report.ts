// Everything that must hold, in one report: what `rowhook status` prints and the API answers. Changes nothing.
import { requiredSchemaVersion } from '../database/migrations.ts';
import type { Queries } from '../database/queries.ts';
import { findSchemaProblem } from '../database/schema-version.ts';
import { readLeader, type LeaderFacts, type StandbyFacts } from '../database/status/leader.ts';
import { readRole } from '../database/status/server.ts';
import { ExitError } from '../exit-error.ts';
import { failOf, type Check } from './check.ts';
import {
  checkDelivering,
  checkReading,
  checkServerAlone,
  schemaIsCurrent,
  type CheckGroup,
} from './run-checks.ts';

export interface Status {
  /** Nothing fails. */
  readonly ok: boolean;
  /** When it was looked at, as ISO 8601. */
  readonly at: string;
  /** Null where nobody leads. */
  readonly leader: Omit<LeaderFacts, 'isThere' | 'standbys'> | null;
  readonly standbys: readonly StandbyFacts[];
  readonly checks: readonly (Check & { readonly group: CheckGroup['title'] })[];
}

/** @throws {ExitError} for a role that may not look. */
export async function statusReport(db: Queries, slot: string): Promise<Status> {
  const groups = await readGroups(db, slot);
  const checks = groups.flatMap(({ title, checks: own }) => own.map((each) => ({ group: title, ...each })));
  const ok = checks.every(({ status }) => status !== 'fail');
  return { ok, at: new Date().toISOString(), ...(await readLeading(db, slot)), checks };
}

async function readGroups(db: Queries, slot: string): Promise<CheckGroup[]> {
  const problem = await findSchemaProblem(db);
  if (problem !== null) {
    const { title, checks } = await checkServerAlone(db, slot);
    return [{ title, checks: [...checks, failOf('schema', problem)] }];
  }
  await requireReader(db);
  const [server, ...others] = await checkReading(db, slot);
  const schema = schemaIsCurrent(requiredSchemaVersion());
  return [
    ...(server === undefined ? [] : [{ ...server, checks: [...server.checks, schema] }]),
    ...others,
    await checkDelivering(db, slot),
  ];
}

/** The leader is null where nobody leads. */
export async function readLeading(db: Queries, slot: string): Promise<Pick<Status, 'leader' | 'standbys'>> {
  if ((await findSchemaProblem(db)) !== null) return { leader: null, standbys: [] };
  const { isThere, standbys, ...leader } = await readLeader(db, slot);
  return { leader: isThere ? leader : null, standbys };
}

// Otherwise the list would be what could not be looked at, with nothing that fails.
async function requireReader(db: Queries): Promise<void> {
  const { role, isService, isDba } = await readRole(db);
  if (isService || isDba) return;
  throw new ExitError(`The role ${role} may not look at this installation.`, {
    exitCode: 1,
    remedy: `Run it with the service's login, or as a member of rowhook_dba: grant rowhook_dba to ${role};`,
  });
}
