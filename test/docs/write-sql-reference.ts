// `npm run docs:sql`: writes docs/sql.md from the comments in a database of its own.
import { writeFileSync } from 'node:fs';
import { install } from '../../src/database/install.ts';
import { QueryPool } from '../support/queryable.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { readSqlReference } from './sql-reference.ts';

await using postgres = await startTestPostgres();
await install({ databaseUrl: postgres.url, log: () => undefined });
await using database = new QueryPool(postgres.url);
const { page, silent } = await readSqlReference(database);
if (silent.length > 0) {
  process.stderr.write(`these have no comment; write one in sql/: ${silent.join(', ')}\n`);
  process.exitCode = 1;
} else writeFileSync(new URL('../../docs/sql.md', import.meta.url), page);
