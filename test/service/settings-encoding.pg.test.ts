// A database whose texts have no known encoding is refused before anything is touched, with the way out.
import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { startRefused } from '../start/refusal.ts';

test('a database with encoding SQL_ASCII is refused, with a statement that makes one in UTF-8', async () => {
  await using database = await createDatabase();
  const name = `${database.name}_ascii`;
  await database.query(`create database ${name} template template0 encoding 'SQL_ASCII' locale 'C'`);
  try {
    const login = await database.createLogin({
      name: 'service',
      attributes: 'replication',
      memberOf: ['rowhook_service'],
    });
    const url = new URL(login.url);
    url.pathname = `/${name}`;
    const output = await startRefused({ databaseUrl: url.href }, 3);
    expect(output).toContain(`The database "${name}" has the encoding SQL_ASCII`);
    expect(output).toContain('pg_dump');

    const statement = /^create database .*;$/m.exec(output)?.[0] ?? '';
    await database.query(statement);
    const [made] = await database.query(
      `select pg_encoding_to_char(encoding) as encoding from pg_database where datname = $1`,
      [`${name}_utf8`],
    );
    expect(made).toEqual({ encoding: 'UTF8' });
  } finally {
    await database.query(`drop database if exists ${name} with (force)`);
    await database.query(`drop database if exists ${name}_utf8`);
  }
});
