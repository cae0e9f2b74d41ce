// What has to be true before the slot is touched: the encoding, the schema, wal_level and the role's rights, each with the
// statement that mends it.
import pg from 'pg';
import { ExitError } from '../exit-error.ts';
import { checkSchemaVersion } from './schema-version.ts';
import { clientConfig } from './session.ts';

interface Facts {
  readonly walLevel: string;
  readonly fsync: string;
  readonly mayReplicate: boolean;
  readonly isMember: boolean;
  readonly role: string;
}

/** Rejects with an ExitError for what a person has to mend; returns warnings for what only is a risk. */
export async function preflight(databaseUrl: string): Promise<string[]> {
  const client = new pg.Client(clientConfig({ databaseUrl, applicationName: 'rowhook/start' }));
  client.on('error', () => undefined);
  await client.connect();
  try {
    await requireEncoding(client);
    await checkSchemaVersion(client);
    const { rows } = await client.query<Facts>(factsQuery);
    const [facts] = rows;
    if (facts === undefined) throw new Error('the server says nothing about itself');
    requireFacts(facts);
    return facts.fsync === 'off'
      ? ['fsync = off: after a power loss claims may be gone, and webhooks be sent twice']
      : [];
  } finally {
    await client.end().catch(() => undefined);
  }
}

// In such a database texts are bytes of no known encoding, and the first that are not UTF-8 would stop the stream for good.
async function requireEncoding(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ name: string; encoding: string }>(
    `select pg_catalog.current_database() as name, pg_catalog.current_setting('server_encoding') as encoding`,
  );
  const [database] = rows;
  if (database?.encoding !== 'SQL_ASCII') return;
  const { name } = database;
  const copy = pg.escapeIdentifier(`${name}_utf8`);
  throw new ExitError(
    `The database "${name}" has the encoding SQL_ASCII: what its texts mean is not known, and JSON is UTF-8.`,
    {
      exitCode: 3,
      remedy:
        `create database ${copy} template template0 encoding 'UTF8';\n` +
        `Then copy it there with pg_dump and psql; texts that are not UTF-8 need pg_dump --encoding with what they are in (LATIN1?).`,
    },
  );
}

function requireFacts({ walLevel, mayReplicate, isMember, role }: Facts): void {
  if (walLevel !== 'logical') {
    throw new ExitError(`wal_level is ${walLevel}; reading changes needs logical.`, {
      exitCode: 3,
      remedy:
        `alter system set wal_level = 'logical'; and restart Postgres ` +
        `(managed services: rds.logical_replication = 1, cloudsql.logical_decoding = on).`,
    });
  }
  if (!mayReplicate) {
    throw new ExitError(`The role ${role} may not replicate.`, {
      exitCode: 3,
      remedy: `alter role ${role} replication;  (on RDS: grant rds_replication to ${role};)`,
    });
  }
  if (!isMember) {
    throw new ExitError(`The role ${role} is not a member of rowhook_service.`, {
      exitCode: 3,
      remedy: `grant rowhook_service to ${role};`,
    });
  }
}

const factsQuery = `
  select current_setting('wal_level') as "walLevel", current_setting('fsync') as fsync, quote_ident(current_user) as role,
         r.rolsuper or r.rolreplication or exists (
           select from pg_catalog.pg_roles m
           where m.rolname = 'rds_replication' and pg_has_role(current_user, m.oid, 'usage')) as "mayReplicate",
         pg_has_role(current_user, 'rowhook_service', 'usage') as "isMember"
  from pg_catalog.pg_roles r where r.rolname = current_user`;
