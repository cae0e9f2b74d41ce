/**
 * Removes rowhook from one database: the tables' former identities come back, then publication, schema and roles go, and the
 * slot last, all or nothing. What it would break or cannot remove is named instead.
 */
import type { Client } from 'pg';
import { ExitError } from '../exit-error.ts';
import { type Installation, readInstallation, type RoleInUse, readRoles } from './installation.ts';

export interface UninstallOptions {
  /** Where the books do not say which slot is ours. */
  readonly slot?: string | undefined;
}

/** What `uninstall` will do, and first what keeps it from that: a line each, empty when there is nothing. Changes nothing. */
export async function planUninstall(client: Client, options: UninstallOptions = {}): Promise<string[]> {
  const found = await readInstallation(client, options.slot);
  return [
    ...blockers(found).map(({ problem, remedy }) => `BLOCKED: ${problem}. ${remedy}`),
    ...found.tables.map(describeTable),
    ...(found.hasPublication ? ['drop publication rowhook'] : []),
    ...(found.hasSchema
      ? [
          `drop schema rowhook with ${found.webhooks} ${found.webhooks === 1 ? 'webhook' : 'webhooks'}, their counters, the ledger of losses and the delivery log`,
        ]
      : []),
    ...(found.slot ? [`drop replication slot ${found.slot.name}`] : []),
    ...found.roles.map(describeRole),
  ];
}

/**
 * Does what the plan says, in one transaction; returns what it did and what it left, a line each.
 * @throws ExitError when the slot is in use or not the caller's to drop, something outside depends on the schema, or a right or a lock is missing.
 */
export async function uninstall(client: Client, options: UninstallOptions = {}): Promise<string[]> {
  const found = await readInstallation(client, options.slot);
  const [blocker] = blockers(found);
  if (blocker) throw new ExitError(blocker.problem, { exitCode: 1, remedy: blocker.remedy });
  const done: string[] = [];
  await client.query('begin');
  try {
    // Without "drop cascades to 87 other objects": the plan has told.
    await client.query('set local client_min_messages = warning');
    for (const table of found.tables) {
      await client.query('select rowhook.disable_table($1)', [table.door]);
      done.push(`disabled table ${table.relation}`);
    }
    if (found.hasPublication) {
      await client.query('drop publication rowhook');
      done.push('dropped publication rowhook');
    }
    if (found.hasSchema) {
      await client.query('drop schema rowhook cascade');
      done.push('dropped schema rowhook');
    }
    done.push(...(await dropRoles(client)));
    // Last: a slot does not come back with a rollback.
    if (found.slot) {
      await client.query('select pg_drop_replication_slot($1)', [found.slot.name]);
      done.push(`dropped replication slot ${found.slot.name}`);
    }
    await client.query('commit');
    return done;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

function describeTable({ relation, restores }: Installation['tables'][number]): string {
  const [only] = restores;
  if (only === undefined) return `disable table ${relation}`;
  if (restores.length === 1 && only.isItself) {
    return `disable table ${relation} and set its replica identity back to ${only.identity}`;
  }
  const counts = new Map<string, number>();
  for (const { identity } of restores) counts.set(identity, (counts.get(identity) ?? 0) + 1);
  const counted = [...counts].map(([identity, count]) => `${count} to ${identity}`).join(', ');
  return `disable table ${relation} and set the replica identity of it and its partitions back (${counted})`;
}

interface Blocker {
  readonly problem: string;
  readonly remedy: string;
}

function blockers({ slot, dependents }: Installation): Blocker[] {
  const found: Blocker[] = [];
  if (slot !== null && slot.activePid !== null) {
    found.push({
      problem: `replication slot "${slot.name}" is in use by pid ${slot.activePid}`,
      remedy: `Stop the service first; if it is gone already: select pg_terminate_backend(${slot.activePid});`,
    });
  }
  if (slot?.mayDrop === false) {
    found.push({
      problem: `replication slot "${slot.name}" can be dropped by a role with REPLICATION only`,
      remedy:
        `With the service's login run: select pg_drop_replication_slot('${slot.name}'); ` +
        'then again: rowhook uninstall --yes',
    });
  }
  if (dependents.length > 0) {
    found.push({
      problem: `outside the schema rowhook these depend on it: ${dependents.join(', ')}`,
      remedy: 'Drop them first; they would be lost with it.',
    });
  }
  return found;
}

async function dropRoles(client: Client): Promise<string[]> {
  await client.query(`
    do $$
    begin
      if to_regrole('rowhook_dba') is not null then
        execute format('revoke create on database %I from rowhook_dba', current_database());
      end if;
    end
    $$`);
  const lines: string[] = [];
  for (const role of await readRoles(client)) {
    lines.push(role.heldBy.length > 0 ? describeRole(role) : await dropRole(client, role.name));
  }
  return lines;
}

async function dropRole(client: Client, role: string): Promise<string> {
  await client.query('savepoint drop_role');
  try {
    await client.query(`drop role ${role}`);
    await client.query('release savepoint drop_role');
    return `dropped role ${role}`;
  } catch (error) {
    await client.query('rollback to savepoint drop_role');
    const reason = error instanceof Error ? error.message : String(error);
    return `role ${role} stays (${reason}); as a superuser run: drop role ${role};`;
  }
}

function describeRole({ name, heldBy, members }: RoleInUse): string {
  if (heldBy.length > 0) return `role ${name} stays: it is used by ${heldBy.join(', ')}`;
  return members.length > 0
    ? `drop role ${name} (its members stay: ${members.join(', ')})`
    : `drop role ${name}`;
}
