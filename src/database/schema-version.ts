/**
 * Whether the database has the schema that this release needs. Nothing but `rowhook install` changes it: a database that is
 * older or newer ends the process, for an operator to act.
 */
import type { Client } from 'pg';
import { ExitError } from '../exit-error.ts';
import { requiredSchemaVersion } from './migrations.ts';

const insufficientPrivilege = '42501';
const undefinedTable = '42P01';

/** @throws ExitError (3) when the schema is missing, closed to this role, too old, or newer than this release. */
export async function checkSchemaVersion(client: Pick<Client, 'query'>): Promise<void> {
  const required = requiredSchemaVersion();
  const installed = await readSchemaVersion(client);
  if (installed === null) {
    throw new ExitError('rowhook is not installed in this database', {
      exitCode: 3,
      remedy: 'Run as the owner of the database: rowhook install',
    });
  }
  if (installed < required) {
    throw new ExitError(`the schema of rowhook has version ${installed}, this release needs ${required}`, {
      exitCode: 3,
      remedy: 'Run as the role that installed it: rowhook install',
    });
  }
  if (installed > required) {
    throw new ExitError(
      `the schema of rowhook has version ${installed}, this release knows versions up to ${required} only`,
      {
        exitCode: 3,
        remedy: 'Run a release of rowhook that is at least as new as the one that installed it.',
      },
    );
  }
}

async function readSchemaVersion(client: Pick<Client, 'query'>): Promise<number | null> {
  try {
    const { rows } = await client.query<{ version: number | null }>(
      'select max(version) as version from rowhook.migration',
    );
    return rows[0]?.version ?? null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === undefinedTable || code === '3F000') return null;
    if (code === insufficientPrivilege) throw await notAMember(client, error);
    throw error;
  }
}

async function notAMember(client: Pick<Client, 'query'>, cause: unknown): Promise<ExitError> {
  const { rows } = await client.query<{ name: string; quoted: string }>(
    'select current_user as name, quote_ident(current_user) as quoted',
  );
  const role = rows[0] ?? { name: '?', quoted: '?' };
  return new ExitError(`role "${role.name}" may not use the schema rowhook`, {
    exitCode: 3,
    remedy: `Make it a member of the group that fits, for the service: grant rowhook_service to ${role.quoted};`,
    cause,
  });
}
