import { afterAll, beforeAll, expect, test } from 'vitest';
import { describedTables, describedViews } from '../../src/database/kysely-schema.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';

let database: InstalledDatabase;
beforeAll(async () => {
  database = await createInstalledDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

const typeNames: Record<string, string> = { 'timestamp with time zone': 'timestamptz' };

async function liveColumns(relation: string): Promise<Record<string, string>> {
  const rows = await database.query<Record<'name' | 'type' | 'nullable' | 'hasDefault', string>>(
    `select column_name as name, data_type as type, is_nullable as nullable,
            (column_default is not null or is_identity = 'YES') as "hasDefault"
     from information_schema.columns where table_schema = 'rowhook' and table_name = $1 order by ordinal_position`,
    [relation],
  );
  return Object.fromEntries(
    rows.map(({ name, type, nullable, hasDefault }) => {
      const flags = [nullable === 'YES' ? ' null' : '', hasDefault === 't' ? ' default' : ''].join('');
      return [name, `${typeNames[type] ?? type}${flags}`];
    }),
  );
}

test.each(Object.entries(describedTables))(
  'the table %s has exactly the columns that the code believes it has',
  async (table, described) => {
    expect(described).toEqual(await liveColumns(table));
  },
);

// A view's columns are all nullable to Postgres; only names and types can be compared.
test.each(Object.entries(describedViews))(
  'the view %s has exactly the columns that the code believes it has',
  async (view, described) => {
    const withoutFlags = (columns: Record<string, string>): Record<string, string> =>
      Object.fromEntries(Object.entries(columns).map(([name, type]) => [name, type.replace(/ .*/, '')]));
    expect(withoutFlags(described)).toEqual(withoutFlags(await liveColumns(view)));
  },
);
