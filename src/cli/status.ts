/** `rowhook status`: one look at everything that must hold, each line that is not ok with its remedy. Changes nothing. */
import type { Command } from 'commander';
import {
  checkDelivering,
  checkReading,
  checkServerAlone,
  schemaIsCurrent,
  type CheckGroup,
} from '../checks/run-checks.ts';
import { failOf } from '../checks/check.ts';
import { requiredSchemaVersion } from '../database/migrations.ts';
import type { Queries } from '../database/queries.ts';
import { findSchemaProblem } from '../database/schema-version.ts';
import { readLeader } from '../database/status/leader.ts';
import { readRole } from '../database/status/server.ts';
import { withClient } from '../database/with-client.ts';
import { ExitError } from '../exit-error.ts';
import { failOnFailedChecks } from './checks.ts';
import { addExample, addJsonOption, readConfiguration } from './context.ts';
import type { CliContext } from './context.ts';
import { formatGroups, formatJson } from './output.ts';

export function addStatus(program: Command, context: CliContext): void {
  const command = program
    .command('status')
    .description(
      'check server, slot, publication, tables, webhooks and losses; exit code 1 when a check fails',
    )
    .action(async (options: { readonly json?: true }) => {
      const { databaseUrl, slot } = readConfiguration(context);
      const { groups, leading } = await withClient({ databaseUrl }, async (client) => ({
        groups: await readGroups(client, slot),
        leading: options.json === true ? await readLeading(client, slot) : {},
      }));
      const checks = groups.flatMap(({ title, checks: list }) =>
        list.map((each) => ({ group: title, ...each })),
      );
      const isOk = checks.every((each) => each.status !== 'fail');
      context.write(
        options.json === true
          ? formatJson({ ok: isOk, ...leading, checks })
          : formatGroups(groups, context.columns),
      );
      failOnFailedChecks(checks);
    });
  addJsonOption(command);
  addExample(command, 'rowhook status', 'rowhook status --json');
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

/** For scripts; the leader is null where nobody leads. */
async function readLeading(db: Queries, slot: string): Promise<object> {
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
