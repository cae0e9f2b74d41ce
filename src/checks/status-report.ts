// Everything that must hold, in one report: what `rowhook status` prints and the API answers. Changes nothing.
import { requiredSchemaVersion } from '../database/migrations.ts';
import type { Queries } from '../database/queries.ts';
import { findSchemaProblem } from '../database/schema-version.ts';
import { readLeader } from '../database/status/leader.ts';
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

/** @throws {ExitError} for a role that may not look. */
export async function statusReport(db: Queries, slot: string): Promise<object> {
  return toStatus(await readGroups(db, slot), await readLeading(db, slot));
}

export function toStatus(groups: readonly CheckGroup[], leading: object): object {
  const checks = flatChecks(groups);
  const ok = checks.every(({ status }) => status !== 'fail');
  return { ok, at: new Date().toISOString(), ...leading, checks };
}

export function flatChecks(groups: readonly CheckGroup[]): (Check & { readonly group: string })[] {
  return groups.flatMap(({ title, checks }) => checks.map((each) => ({ group: title, ...each })));
}

export async function readGroups(db: Queries, slot: string): Promise<CheckGroup[]> {
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

/** For scripts; the leader is null where nobody leads. */
export async function readLeading(db: Queries, slot: string): Promise<object> {
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
