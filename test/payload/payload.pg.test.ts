// Encoders against the server that defines them: what goes out must be to_jsonb's, down to the digits of numbers.

import { Client, escapeLiteral } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtInArray, isBuiltIn } from '../../src/payload/built-in-types.ts';
import { encoderFor } from '../../src/payload/encode.ts';
import { buildPayload, compileShape } from '../../src/payload/payload.ts';
import { catalogFromRows, typesQuery, type TypeEntry } from '../../src/payload/type-catalog.ts';
import { createDatabase, type TestDatabase } from '../support/database.ts';

const pinnedSettings = [
  'TimeZone=UTC',
  'DateStyle=ISO',
  'IntervalStyle=postgres',
  'extra_float_digits=1',
  'bytea_output=hex',
];

let database: TestDatabase;
let client: Client;

beforeAll(async () => {
  database = await createDatabase();
  client = new Client({
    connectionString: database.url,
    options: pinnedSettings.map((setting) => `-c ${setting}`).join(' '),
  });
  await client.connect();
  await client.query(`
    create domain amount as numeric(20, 2);
    create domain net_amount as amount;
    create domain flags as boolean[];
    create domain area as box;
    create type status as enum ('open', 'in transit', 'say "done"', 'a,b');
    create type address as (street text, floor int);
    create type price_range as range (subtype = numeric);
  `);
});

afterAll(async () => {
  await client.end();
  await database[Symbol.asyncDispose]();
});

const texts = [
  '',
  ' ',
  'plain',
  'NULL',
  'null',
  'say "hi"',
  'back\\slash',
  '{a,b}',
  "it's",
  'a\tb\r\nc\u0001',
  '😀 ß\u2028\ufeff',
];
const integers = ['0', '-1', '42'];
const floats = [
  '0',
  '-0',
  '1',
  '0.1',
  '-1.5',
  '1e15',
  '1e16',
  '1.25e20',
  '1e-4',
  '1e-7',
  '-2.5e-30',
  'NaN',
  'Infinity',
  '-Infinity',
];
const stamps = [
  '2026-01-31 12:00:00',
  '2026-01-31 12:00:00.000001',
  '0044-03-15 10:00:00 BC',
  '20000-01-01 00:00:00',
  'infinity',
  '-infinity',
];
const documents = [
  'null',
  '"a\\"b"',
  '[]',
  '{"b": [1.10, 1e2, -0, true], "a": {"c": "\\u00e9\\n"}}',
  '12345678901234567890.10',
];

const scalars: [type: string, literals: string[]][] = [
  ['boolean', ['t', 'f']],
  ['smallint', [...integers, '-32768', '32767']],
  ['integer', [...integers, '-2147483648', '2147483647']],
  ['bigint', [...integers, '-9223372036854775808', '9223372036854775807', '9007199254740993']],
  [
    'numeric',
    [
      ...integers,
      '1.50',
      '0.000',
      '1e30',
      '-1e-30',
      '12345678901234567890.12345678901234567890',
      'NaN',
      'Infinity',
      '-Infinity',
    ],
  ],
  ['numeric(12,4)', ['1.5', '-0.0001', '0']],
  ['real', [...floats, '3.4028235e38', '1.4e-45', '16777217']],
  ['double precision', [...floats, '1.7976931348623157e308', '5e-324', '9007199254740993', '123456.789e3']],
  ['money', ['1234.5', '-0.01']],
  ['oid', ['0', '4294967295']],
  ['xid', ['4294967295']],
  ['xid8', ['18446744073709551615']],
  ['cid', ['7']],
  ['tid', ['(1,2)']],
  ['regclass', ['pg_type', '0']],
  ['regtype', ['integer', 'text[]']],
  ['text', texts],
  ['varchar(40)', texts],
  ['char(8)', ['', 'ab', 'a "b"']],
  ['name', texts],
  ['"char"', ['a', '"', '\\']],
  ['uuid', ['550e8400-e29b-41d4-a716-446655440000']],
  ['bytea', ['', '\\x00ff22', 'abc']],
  ['xml', ['<a b="c">\n</a>']],
  ['date', ['2026-01-31', '0044-03-15 BC', '10000-01-01', 'infinity', '-infinity']],
  ['time', ['12:00', '24:00', '00:00:00.000001']],
  ['timetz', ['12:00+00', '12:00:00.5-03:30', '12:00+05:30:10']],
  ['interval', ['1 year -2 mons 3 days -04:05:06.789', '0', '-1 day']],
  ['timestamp', stamps],
  ['timestamptz', stamps.map((stamp) => (stamp.includes('BC') ? stamp.replace(' BC', '+05:30 BC') : stamp))],
  ['json', [...documents, ' {"b":1,\n"a":2, "b":3} ']],
  ['jsonb', documents],
  ['inet', ['10.0.0.1', '10.0.0.0/8', '2001:db8::1']],
  ['cidr', ['10.0.0.0/8']],
  ['macaddr', ['08:00:2b:01:02:03']],
  ['macaddr8', ['08:00:2b:01:02:03:04:05']],
  ['bit(4)', ['1010']],
  ['varbit', ['', '101']],
  ['tsvector', ["'a b':1A 'it''s' 'back\\\\slash'"]],
  ['tsquery', ["'a' & !'b c'"]],
  ['jsonpath', ['$."a"[*] ? (@ > 1)']],
  ['pg_lsn', ['16/B374D848']],
  ['txid_snapshot', ['10:20:10,14']],
  ['point', ['(1,2.5)']],
  ['line', ['{1,2,3}']],
  ['lseg', ['[(1,2),(3,4)]']],
  ['box', ['(1,1),(0,0)']],
  ['path', ['[(1,2),(3,4)]', '((1,2),(3,4))']],
  ['polygon', ['((1,2),(3,4))']],
  ['circle', ['<(1,2),3>']],
  ['int4range', ['[1,5)', 'empty', '(,)']],
  ['tstzrange', ['[2026-01-31 12:00:00+01,infinity)']],
  ['int4multirange', ['{[1,3),[5,7)}', '{}']],
  ['int2vector', ['', '1 2 3']],
  ['oidvector', ['', '1 4294967295']],
  ['amount', ['1.5', '-1234567890123456.78']],
  ['net_amount', ['1.5']],
  ['flags', ['{t,f,NULL}', '{}', '[0:1]={t,f}']],
  ['area', ['(1,1),(0,0)']],
  ['status', ['open', 'in transit', 'say "done"', 'a,b']],
  ['price_range', ['[1.50,2.0)']],
  ['information_schema.sql_identifier', ['a "b"']],
];

test.each(scalars)('%s goes out as to_jsonb prints it', async (type, literals) => {
  await expectAsPostgres(literals.map((literal) => castTo(type, literal)));
});

test.each(scalars.filter(([type]) => type !== 'flags'))(
  'arrays of %s go out as to_jsonb prints them',
  async (type, literals) => {
    const items = literals.map((literal) => castTo(type, literal)).join(', ');
    await expectAsPostgres([
      `array[${items}, null]`,
      `array[array[${items}], array[${items}]]`,
      castTo(`${type}[]`, '{}'),
    ]);
  },
);

test.each([
  ['integer[]', ['[0:2]={1,NULL,3}', '[-1:0][5:6]={{1,2},{3,4}}', '{{{1},{2}},{{3},{4}}}']],
  ['text[]', ['[2:2]={"[0:1]={a}"}', '{" a "," ",b c,"d\te"}']],
  ['flags[]', ['{"{t,f}",NULL,"[0:0]={t}"}']],
  ['box[]', ['{(1,1),(0,0);NULL;(3,3),(2,2)}']],
])('%s goes out without its bounds', async (type, literals) => {
  await expectAsPostgres(literals.map((literal) => castTo(type, literal)));
});

test('a composite, and an array of them, go out as text until there is an encoder', async () => {
  const [composite, array] = await encoded([
    `row('Main "Street"', 3)::address`,
    `array[row('a', 1)::address, null]`,
  ]);
  expect(composite?.json).toBe(JSON.stringify(composite?.text));
  expect(array?.json).toBe('["(a,1)",null]');
});

test('a whole row equals to_jsonb of the row', async () => {
  await client.query(
    'create table sample ("__proto__" int8, "say ""x""" text, sum amount, tags text[], at timestamptz, gone int)',
  );
  await client.query('alter table sample drop column gone');
  await client.query(
    `insert into sample values (9007199254740993, 'a "b"', 1.5, '{a,"b c",NULL}', '2026-01-31')`,
  );
  const { rows: columns } = await client.query<{ name: string; typeOid: number }>(
    `select attname as name, atttypid as "typeOid" from pg_attribute
     where attrelid = 'sample'::regclass and attnum > 0 and not attisdropped order by attnum`,
  );
  const shape = compileShape(columns, await catalogOf(columns.map(({ typeOid }) => typeOid)));
  const { rows } = await client.query<{ row: (string | null)[]; json: string }>(
    `select array[format('%s', "__proto__"), "say ""x""", format('%s', sum), format('%s', tags), format('%s', at)] as row,
       to_jsonb(sample)::text as json
     from sample`,
  );
  expect(rows).toHaveLength(1);
  for (const { row, json } of rows) {
    const payload = buildPayload({
      type: 'INSERT',
      table: 'sample',
      companyId: null,
      shape,
      record: row,
      old: undefined,
      isPartial: false,
    });
    const { rows: answers } = await client.query<{ record: string }>(
      `select $1::jsonb ->> 'record' as record`,
      [payload],
    );
    expect(answers[0]?.record).toBe(json);
  }
});

test('every type with an array that this server has built in is known under its oid', async () => {
  const { rows } = await client.query<{ name: string; oid: number; arrayOid: number; delimiter: string }>(
    `select typname as name, oid, typarray as "arrayOid", typdelim::text as delimiter
     from pg_type where oid < 10000 and typarray <> 0 and typtype not in ('p', 'c')`,
  );
  expect(rows.length).toBeGreaterThan(70);
  for (const { oid, arrayOid, delimiter } of rows) {
    expect(isBuiltIn(oid)).toBe(true);
    expect(builtInArray(arrayOid)).toMatchObject({ elementOid: oid, delimiter });
  }
});

test('the catalog is readable without any rights and includes what a type is made of', async () => {
  await client.query('set role pg_signal_backend');
  try {
    const catalog = await catalogOf(await oidsOf(['net_amount[]', 'flags', 'area[]', 'status', 'address']));
    const [netAmountArray = 0, netAmount = 0, amount = 0, area = 0, areaArray = 0] = await oidsOf([
      'net_amount[]',
      'net_amount',
      'amount',
      'area',
      'area[]',
    ]);
    expect(catalog.get(netAmountArray)).toMatchObject({
      kind: 'b',
      baseOid: 0,
      elementOid: netAmount,
      delimiter: ',',
    });
    expect(catalog.get(netAmount)).toMatchObject({ kind: 'd', baseOid: amount, elementOid: 0 });
    expect(catalog.get(amount)).toMatchObject({ kind: 'd', baseOid: 1700 });
    expect(catalog.get(areaArray)).toMatchObject({ elementOid: area, delimiter: ';' });
    expect(catalog.get(600)).toBeUndefined();
  } finally {
    await client.query('reset role');
  }
});

function castTo(type: string, literal: string): string {
  return `${escapeLiteral(literal)}::${type}`;
}

/** Values given as SQL expressions of one type or several. */
async function expectAsPostgres(expressions: string[]): Promise<void> {
  const values = await encoded(expressions);
  const { rows } = await client.query<{ json: string }>(
    'select json::jsonb::text as json from unnest($1::text[]) with ordinality as ours (json, place) order by place',
    [values.map(({ json }) => json)],
  );
  expect(rows.map(({ json }) => json)).toEqual(values.map(({ expected }) => expected));
}

/** `text` as the type's output function prints it, which is what the log carries; a cast to text may print something else. */
async function encoded(expressions: string[]): Promise<{ text: string; json: string; expected: string }[]> {
  const selects = expressions.map(
    (
      expression,
    ) => `select pg_typeof(value)::oid as "typeOid", format('%s', value) as text, to_jsonb(value)::text as expected
       from (select ${expression} as value) as given`,
  );
  const { rows } = await client.query<{ typeOid: number; text: string; expected: string }>(
    selects.join(' union all '),
  );
  const catalog = await catalogOf(rows.map(({ typeOid }) => typeOid));
  return rows.map(({ typeOid, text, expected }) => ({
    text,
    expected,
    json: encoderFor(typeOid, catalog)(text),
  }));
}

async function catalogOf(typeOids: number[]): Promise<ReturnType<typeof catalogFromRows>> {
  const { rows } = await client.query<TypeEntry>(typesQuery, [typeOids.filter((oid) => !isBuiltIn(oid))]);
  return catalogFromRows(rows);
}

async function oidsOf(types: string[]): Promise<number[]> {
  const { rows } = await client.query<{ oid: number }>(
    'select type::regtype::oid as oid from unnest($1::text[]) with ordinality as asked (type, place) order by place',
    [types],
  );
  return rows.map(({ oid }) => oid);
}
