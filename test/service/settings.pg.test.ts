// No default of a role or a database changes a payload: a row with every type whose text depends on a setting goes out with
// the same bytes, whatever is set, and wherever.
import { expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { startService } from '../support/service-process.ts';

/** The worst values; `extra_float_digits` has two kinds of them, too few digits and more than a value needs. */
const worst = {
  DateStyle: 'German, DMY',
  TimeZone: 'Asia/Kolkata',
  IntervalStyle: 'iso_8601',
  extra_float_digits: '-5',
  bytea_output: 'escape',
  search_path: 'erp, public',
  quote_all_identifiers: 'on',
  client_encoding: 'LATIN1',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  xmlbinary: 'hex',
  xmloption: 'document',
  timezone_abbreviations: 'India',
  default_text_search_config: 'pg_catalog.german',
} as const;

/** Each expression is a column of the row; on the right what its value has to be. */
const values: readonly (readonly [expression: string, json: string])[] = [
  [`0.1::float8 + 0.2`, '0.30000000000000004'],
  [`0.1::float4::float8`, '0.10000000149011612'],
  [`(1 / 3.0)::float4`, '0.33333334'],
  [`array[0.1::float8 + 0.2]`, '[0.30000000000000004]'],
  [`point(1 / 3.0::float8, 2)`, '"(0.3333333333333333,2)"'],
  [`'\\x00ff41'::bytea`, '"\\\\x00ff41"'],
  [`array['\\x00ff41'::bytea]`, '["\\\\x00ff41"]'],
  [`date '2026-01-31'`, '"2026-01-31"'],
  [`array[date '2026-01-31', null]`, '["2026-01-31",null]'],
  [`timestamp '2026-01-31 12:00'`, '"2026-01-31T12:00:00"'],
  [`timestamptz '2026-01-31 12:00+02'`, '"2026-01-31T10:00:00+00:00"'],
  [`'2026-01-31 12:00+02'::erp.moment`, '"2026-01-31T10:00:00+00:00"'],
  [`timetz '12:00+05:30'`, '"12:00:00+05:30"'],
  [`interval '1 year -3 days 04:05:06.7'`, '"1 year -3 days +04:05:06.7"'],
  [`tstzrange('2026-01-31 12:00+02', null)`, String.raw`"[\"2026-01-31 10:00:00+00\",)"`],
  [`daterange('2026-01-01', '2026-02-01')`, '"[2026-01-01,2026-02-01)"'],
  [`'{[2026-01-01,2026-02-01)}'::datemultirange`, '"{[2026-01-01,2026-02-01)}"'],
  [`(date '2026-01-31', 0.1::float8 + 0.2)::erp.measure`, '{"on":"2026-01-31","value":0.30000000000000004}'],
  [`'erp.plain'::regclass`, '"erp.plain"'],
  [`'pg_catalog.pg_class'::regclass`, '"pg_class"'],
  [`'erp.measure'::regtype`, '"erp.measure"'],
  [`'erp.double(int)'::regprocedure`, '"erp.double(integer)"'],
  [`'erp'::regnamespace`, '"erp"'],
  [`'pg_catalog.simple'::regdictionary`, '"simple"'],
  [`U&'back\\005Cslash \\00E9 \\+01F600'`, '"back\\\\slash é 😀"'],
  [`'<a>\\</a>'::xml`, '"<a>\\\\</a>"'],
  [`array['a', null, 'NULL', 'b\\c']`, '["a",null,"NULL","b\\\\c"]'],
  [`1234.5::numeric::money`, '"$1,234.50"'],
];

const expected =
  `{"type":"INSERT","table":"sample","companyId":null,` +
  `"record":{"id":1,${values.map(([, json], index) => `"c${index}":${json}`).join(',')}}}`;

async function createSample({ dba }: InstalledDatabase): Promise<void> {
  const columns = values.map(([expression], index) => `${expression} as c${index}`);
  await dba.query(`
    create schema erp;
    grant usage on schema erp to rowhook_service;
    create table erp.plain (id int);
    create domain erp.moment as timestamptz;
    create type erp.measure as ("on" date, value float8);
    create function erp.double(n int) returns int language sql return n * 2;
    create table erp.sample as select 1 as id, ${columns.join(', ')} limit 0`);
  await dba.query(`select rowhook.enable_table('erp.sample', company_column => null)`);
}

/** With the usual settings, on a connection of its own: what is stored must not depend on the worst values either. */
async function insertSample({ adminUrl, connect }: InstalledDatabase): Promise<void> {
  const url = new URL(adminUrl);
  url.searchParams.set('options', '-c standard_conforming_strings=on -c array_nulls=on -c DateStyle=ISO');
  await using session = await connect(url.href);
  await session.query(
    `insert into erp.sample select 1, ${values.map(([expression]) => expression).join(', ')}`,
  );
}

/** `target` is what stands behind `alter`; the settings hold for connections made afterwards. */
async function setDefaults(
  { admin }: InstalledDatabase,
  target: string,
  settings: Readonly<Record<string, string>> = worst,
): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    const text = name === 'search_path' ? value : `'${value}'`;
    await admin.query(`alter ${target} set ${name} = ${text}`);
  }
}

interface Circumstances {
  readonly change: (database: InstalledDatabase) => Promise<void>;
  /** For `options` of DATABASE_URL. */
  readonly urlOptions?: string;
}

const asOptions = Object.entries(worst)
  .map(([name, value]) => `-c ${name}=${value.replaceAll(' ', String.raw`\ `)}`)
  .join(' ');

test.each<[string, Circumstances]>([
  ['nothing is set', { change: () => Promise.resolve() }],
  ['the role has defaults', { change: async (db) => setDefaults(db, `role ${db.service.role}`) }],
  ['the database has defaults', { change: async (db) => setDefaults(db, `database ${db.name}`) }],
  [
    'the role has defaults in this database, with more digits than floats need',
    {
      change: async (db) =>
        setDefaults(db, `role ${db.service.role} in database ${db.name}`, {
          ...worst,
          extra_float_digits: '3',
          DateStyle: 'SQL, DMY',
          IntervalStyle: 'sql_standard',
        }),
    },
  ],
  ['DATABASE_URL has options', { change: () => Promise.resolve(), urlOptions: asOptions }],
])('a row goes out with the same bytes when %s', async (_case, { change, urlOptions }) => {
  await using database = await createInstalledDatabase();
  await using receiver = await startReceiver();
  await createSample(database);
  await database.admin.query(
    `insert into rowhook.webhook (name, table_name, url, on_insert, all_companies) values ('all', 'sample', $1, true, true)`,
    [`${receiver.url}/all`],
  );
  await change(database);
  const url = new URL(database.serviceUrl);
  if (urlOptions !== undefined) url.searchParams.set('options', urlOptions);
  await using service = startService({ databaseUrl: url.href });
  await service.ready();
  await insertSample(database);
  const [request] = await receiver.waitFor(1, { path: '/all' });
  expect(request?.body).toBe(expected);
});
