/** The DBA at the doors of a test database, and what a look at the tables shows afterwards. */
import type { InstalledDatabase } from '../support/installed-database.ts';
import type { TextRow } from '../support/queryable.ts';

export interface Finding {
  readonly check: string;
  readonly status: string;
  readonly detail: string;
  readonly remedy: string | null;
}

export interface Doors {
  /** As the DBA: `enable_table('orders')`; the first row. */
  call(door: string): Promise<TextRow | undefined>;
  /** Every finding that is not `ok`. */
  troubles(parameters: string): Promise<Finding[]>;
  finding(parameters: string, check: string): Promise<Finding | undefined>;
  /** Statement by statement, as somebody pastes it. */
  paste(remedy: string | null | undefined): Promise<void>;
  /** Of a table and its partitions, by name. */
  identities(relation: string): Promise<Record<string, string>>;
  identity(relation: string): Promise<string | undefined>;
  isPublished(relation: string): Promise<boolean>;
}

export function doorsOf(database: InstalledDatabase): Doors {
  const identities = async (relation: string): Promise<Record<string, string>> => {
    const rows = await database.query<{ name: string; identity: string }>(
      `select c.relname as name, rowhook.replica_identity_of(c.oid) as identity from pg_class c
       where c.oid = any (rowhook.members($1::regclass)) order by 1`,
      [relation],
    );
    return Object.fromEntries(rows.map(({ name, identity }) => [name, identity]));
  };
  const inspect = (parameters: string): Promise<Finding[]> =>
    database.dba.query<Finding>(`select * from rowhook.inspect_table(${parameters})`);
  return {
    call: async (door) => (await database.dba.query(`select * from rowhook.${door}`))[0],
    troubles: async (parameters) => (await inspect(parameters)).filter((finding) => finding.status !== 'ok'),
    finding: async (parameters, check) =>
      (await inspect(parameters)).find((finding) => finding.check === check),
    paste: async (remedy) => {
      for (const statement of (remedy ?? '').split(';')) {
        if (statement.trim() !== '') await database.dba.query(statement);
      }
    },
    identities,
    identity: async (relation) => {
      const [row] = await database.query<{ identity: string }>(
        'select rowhook.replica_identity_of($1::regclass) as identity',
        [relation],
      );
      return row?.identity;
    },
    isPublished: async (relation) => {
      const [row] = await database.query<{ yes: string }>(
        'select rowhook.is_published($1::regclass) as yes',
        [relation],
      );
      return row?.yes === 't';
    },
  };
}
