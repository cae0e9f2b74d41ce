/**
 * Whether the database has the schema that this release needs. Nothing but `rowhook install` changes it: a database that is
 * older or newer ends the process, for an operator to act.
 */
import { ExitError } from '../exit-error.ts';
import { requiredSchemaVersion } from './migrations.ts';
import type { Queries } from './queries.ts';

const insufficientPrivilege = '42501';
const undefinedTable = '42P01';

/** @throws ExitError (3) when the schema is missing, closed to this role, too old, or newer than this release. */
export async function checkSchemaVersion(db: Queries): Promise<void> {
  const required = requiredSchemaVersion();
  const installed = await readSchemaVersion(db);
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

/** As `checkSchemaVersion`, for those who look at whatever is there: null when the schema is as this release needs it. */
export async function findSchemaProblem(db: Queries): Promise<ExitError | null> {
  try {
    await checkSchemaVersion(db);
    return null;
  } catch (error) {
    if (error instanceof ExitError) return error;
    throw error;
  }
}

async function readSchemaVersion(db: Queries): Promise<number | null> {
  try {
    const { rows } = await db.query<{ version: number | null }>({
      text: 'select max(version) as version from rowhook.migration',
    });
    return rows[0]?.version ?? null;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === undefinedTable || code === '3F000') return null;
    if (code === insufficientPrivilege) throw await notAMember(db, error);
    throw error;
  }
}

async function notAMember(db: Queries, cause: unknown): Promise<ExitError> {
  const { rows } = await db.query<{ name: string; quoted: string }>({
    text: 'select current_user as name, quote_ident(current_user) as quoted',
  });
  const role = rows[0] ?? { name: '?', quoted: '?' };
  return new ExitError(`role "${role.name}" may not use the schema rowhook`, {
    exitCode: 3,
    remedy: `Make it a member of the group that fits, for the service: grant rowhook_service to ${role.quoted};`,
    cause,
  });
}
