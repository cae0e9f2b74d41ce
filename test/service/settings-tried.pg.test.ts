// Every setting that a session may change is changed once: those with which Postgres writes a value differently are exactly
// the pinned ones. A later Postgres with a setting of that kind fails here.
import { expect, test } from 'vitest';
import { pinnedSettings } from '../../src/database/session.ts';
import { createDatabase } from '../support/database.ts';
import type { Session } from '../support/queryable.ts';

const values = [
  `true`,
  `0.1::float8 + 0.2`,
  `(1 / 3.0)::float4`,
  `12.50::numeric`,
  `1234.5::numeric::money`,
  `'\\x00ff41'::bytea`,
  `array['\\x00ff41'::bytea]`,
  `date '2026-01-31'`,
  `date '0044-03-15 BC'`,
  `timestamp '2026-01-31 12:00'`,
  `timestamptz 'infinity'`,
  `timestamptz '2026-01-31 12:00+02'`,
  `time '12:00'`,
  `timetz '12:00+05:30'`,
  `interval '1 year 2 mons -3 days 04:05:06.7'`,
  `tstzrange('2026-01-31 12:00+02', null)`,
  `'{[2026-01-01,2026-02-01)}'::datemultirange`,
  `'public.plain'::regclass`,
  `'pg_catalog.pg_class'::regclass`,
  `'public.double(int)'::regprocedure`,
  `'public.double'::regproc`,
  `'+(int,int)'::regoperator`,
  `'pg_catalog.^@'::regoper`,
  `'public.mood'::regtype`,
  `'int'::regtype`,
  `'pg_catalog'::regnamespace`,
  `'pg_read_all_data'::regrole`,
  `'pg_catalog.english'::regconfig`,
  `'pg_catalog.simple'::regdictionary`,
  `'"C"'::regcollation`,
  `'=r/pg_read_all_data'::aclitem`,
  `'sad'::public.mood`,
  `(date '2026-01-31', 0.1::float8 + 0.2)::public.measure`,
  `array['a', null, 'NULL', 'b\\c']`,
  `'<?xml version="1.0"?><a>&#233;</a>'::xml`,
  `'{"b": 1.10,  "a": 2}'::json`,
  `'{"b": 1.10,  "a": 2}'::jsonb`,
  `'$.a[*]'::jsonpath`,
  `to_tsvector('simple', 'a b')`,
  `'a & b'::tsquery`,
  `point(1 / 3.0::float8, 2)`,
  `'10.0.0.1'::inet`,
  `'101'::bit(3)`,
  `'16/B374D848'::pg_lsn`,
  `'1 2'::int2vector`,
  `'abc'::char(8)`,
  `U&'\\00E9'`,
];

/** For settings that are neither a switch, nor a choice, nor a number. */
const tried: Readonly<Record<string, readonly string[]>> = {
  DateStyle: ['German, DMY', 'SQL', 'Postgres', 'ISO, DMY'],
  TimeZone: ['Asia/Kolkata'],
  search_path: ['public', ''],
  client_encoding: ['LATIN1'],
  lc_numeric: ['C', 'POSIX'],
  lc_time: ['C', 'POSIX'],
  timezone_abbreviations: ['India', 'Australia'],
  default_text_search_config: ['pg_catalog.german'],
};

interface Setting {
  readonly name: string;
  readonly type: string;
  readonly values: readonly string[];
}

async function settingsOf(session: Session): Promise<Setting[]> {
  const rows = await session.query<{ name: string; type: string; values: string }>(`
    select name, vartype as type, to_json(coalesce(enumvals, case vartype
             when 'bool' then array['on', 'off'] when 'string' then '{}' else array[min_val, max_val] end)) as values
    from pg_settings where context in ('user', 'superuser') order by name`);
  return rows.map(({ name, type, values: found }) => ({
    name,
    type,
    values: tried[name] ?? (JSON.parse(found) as string[]),
  }));
}

/** Values as their types write them; null where Postgres refuses the setting or to work with it. */
async function textsWith(session: Session, name: string, value: string): Promise<string | null> {
  await session.query('begin');
  try {
    await session.query('select set_config($1, $2, true)', [name, value]);
    const columns = values.map((_, index) => `format('%s', c${index}) as c${index}`);
    return JSON.stringify(await session.query(`select ${columns.join(', ')} from public.sample`));
  } catch {
    return null;
  } finally {
    await session.query('rollback');
  }
}

test('the settings that change how a value is written are the pinned ones', async () => {
  await using database = await createDatabase();
  const session = await database.connect();
  await session.query(`
    create table plain (id int);
    create type mood as enum ('sad', 'glad');
    create type measure as (at date, value float8);
    create function double(n int) returns int language sql as 'select n * 2';
    create table sample as select ${values.map((value, index) => `${value} as c${index}`).join(', ')}`);
  const before = await textsWith(session, 'DateStyle', 'ISO');
  const changing = new Set<string>();
  let count = 0;
  for (const { name, values: wanted } of await settingsOf(session)) {
    for (const value of wanted) {
      const texts = await textsWith(session, name, value);
      if (texts !== null) count += 1;
      if (texts !== null && texts !== before) changing.add(name);
    }
  }
  expect(count).toBeGreaterThan(250);
  expect([...changing].sort()).toEqual(Object.keys(pinnedSettings).sort());
});
