/** Each test has its database to itself and leaves nothing of it in the cluster. */
import { expect, test } from 'vitest';
import { createDatabase } from './database.ts';

test('a database is dropped with its slots and its logins', async () => {
  const database = await createDatabase();
  const login = await database.createLogin({ name: 'service', attributes: 'replication' });
  await login.query(`select pg_create_logical_replication_slot('left_behind_${database.name}', 'pgoutput')`);
  await database[Symbol.asyncDispose]();

  await using other = await createDatabase();
  const left = await other.query(
    'select datname::text as name from pg_database where datname = $1 union all select rolname from pg_roles where rolname = $2',
    [database.name, login.role],
  );
  expect(left).toEqual([]);
});

test('values arrive as the text that Postgres prints', async () => {
  await using database = await createDatabase();
  await database.query('create table item (id bigint, price numeric, sold boolean, note text)');
  await database.query('insert into item values ($1, $2, $3, null)', ['9007199254740993', '1.10', true]);
  expect(await database.query('select * from item')).toEqual([
    { id: '9007199254740993', price: '1.10', sold: 't', note: null },
  ]);
});

test('a login is no superuser and works in its own database', async () => {
  await using database = await createDatabase();
  const login = await database.createLogin({ name: 'app' });
  const rows = await login.query(
    "select current_setting('is_superuser') as super, current_database() as database",
  );
  expect(rows).toEqual([{ super: 'off', database: database.name }]);
});
