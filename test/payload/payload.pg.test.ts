// Encoders against the server that defines them: what goes out must be to_jsonb's, down to the digits of numbers.

import { escapeLiteral } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtInArray, isBuiltIn } from '../../src/payload/built-in-types.ts';
import { buildPayload, compileShape } from '../../src/payload/payload.ts';
import { openPinnedSession, type PinnedSession } from './pinned-session.ts';
import { createSampleTypes, typeSamples } from './type-samples.ts';

const jsonOid = 114;

let session: PinnedSession;

beforeAll(async () => {
  session = await openPinnedSession();
  await session.query(createSampleTypes);
});

afterAll(async () => {
  await session[Symbol.asyncDispose]();
});

test.each(typeSamples)('%s goes out as to_jsonb prints it', async (type, literals) => {
  await expectAsPostgres(literals.map((literal) => castTo(type, literal)));
});

test.each(typeSamples.filter(([type]) => type !== 'flags'))(
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

test.each([
  ['a composite', [`row('Main "Street"', 3)::address`, `row(null, null)::address`, `row('', 0)::address`]],
  ['odd texts in a composite', [`row(E'a,b(c) \\ "d"\n ', 1)::address`, `row('NULL', null)::address`]],
  ['an array of composites', [`array[row('a "b"', 1), null, row('{c,d}', 2)]::address[]`]],
  ['composites in composites', [`row(row('a', 1), array[row('"', 2)]::address[], '{1,NULL}', 7)::site`]],
  ['a domain over a composite', [`row('a', 1)::home`, `array[row('b', 2)]::home[]`]],
  ['a composite without attributes', [`row()::nothing`]],
  ['a composite of one attribute', [`row(null)::single`, `row('{}')::single`, `row('')::single`]],
  ['the row type of a table', [`row(1, row('a', 1))::spare`]],
])('%s goes out as an object', async (_name, expressions) => {
  await expectAsPostgres(expressions);
});

test.each([
  [
    'hstore',
    [
      String.raw`'a=>1, "b c"=>NULL, "q\"u\\o"=>"x=>y, \"z\"", é=>""'::hstore`,
      `''::hstore`,
      `array['a=>1'::hstore, null]`,
    ],
  ],
  [
    'a type with a cast to json',
    [`'open'::graded`, `array['open', null]::graded[]`, `row('open', 1)::grading`],
  ],
  ['a domain over such a type', [`'open'::graded_domain`]],
  ['a range with a cast to json', [`'[1,5)'::graded_range`]],
])('%s goes out as its cast prints it', async (_name, expressions) => {
  await expectAsPostgres(expressions);
});

test('a whole row equals to_jsonb of the row', async () => {
  await session.query(
    'create table sample ("__proto__" int8, "say ""x""" text, sum amount, tags text[], at timestamptz, gone int)',
  );
  await session.query('alter table sample drop column gone');
  await session.query(
    `insert into sample values (9007199254740993, 'a "b"', 1.5, '{a,"b c",NULL}', '2026-01-31')`,
  );
  const columns = await session.query<{ name: string; typeOid: number }>(
    `select attname as name, atttypid as "typeOid" from pg_attribute
     where attrelid = 'sample'::regclass and attnum > 0 and not attisdropped order by attnum`,
  );
  const shape = compileShape(columns, await session.catalogOf(columns.map(({ typeOid }) => typeOid)));
  const [sample] = await session.query<{ record: (string | null)[]; json: string }>(
    `select array[format('%s', "__proto__"), "say ""x""", format('%s', sum), format('%s', tags), format('%s', at)] as record,
       to_jsonb(sample)::text as json
     from sample`,
  );
  const payload = buildPayload({
    type: 'INSERT',
    table: 'sample',
    companyId: null,
    shape,
    record: sample?.record ?? [],
    old: undefined,
    isPartial: false,
  });
  const [answer] = await session.query<{ record: string }>(`select $1::jsonb ->> 'record' as record`, [
    payload,
  ]);
  expect(answer?.record).toBe(sample?.json);
});

test('every type with an array that this server has built in is known under its oid', async () => {
  const rows = await session.query<{ name: string; oid: number; arrayOid: number; delimiter: string }>(
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
  await session.query('set role pg_signal_backend');
  try {
    const catalog = await session.catalogOf(
      await session.oidsOf(['net_amount[]', 'flags', 'area[]', 'status', 'address']),
    );
    const [netAmounts = 0, netAmount = 0, amount = 0, areas = 0, area = 0] = await session.oidsOf([
      'net_amount[]',
      'net_amount',
      'amount',
      'area[]',
      'area',
    ]);
    expect(catalog.get(netAmounts)).toMatchObject({ kind: 'b', elementOid: netAmount, delimiter: ',' });
    expect(catalog.get(netAmount)).toMatchObject({ kind: 'd', baseOid: amount, elementOid: 0 });
    expect(catalog.get(amount)).toMatchObject({ kind: 'd', baseOid: 1700 });
    expect(catalog.get(areas)).toMatchObject({ elementOid: area, delimiter: ';' });
    expect(catalog.get(600)).toBeUndefined();
  } finally {
    await session.query('reset role');
  }
});

function castTo(type: string, literal: string): string {
  return `${escapeLiteral(literal)}::${type}`;
}

/** Values given as SQL expressions, of one type or several. */
async function expectAsPostgres(expressions: readonly string[]): Promise<void> {
  const values = await session.encoded(expressions);
  expect(await session.asJsonb(values.map(({ json }) => json))).toEqual(
    values.map(({ expected }) => expected),
  );
  // jsonb forgives what the payload must not have, such as an exponent: without inner structure it is the very same text.
  const plain = values.filter(({ typeOid, expected }) => typeOid !== jsonOid && !/^[[{]/.test(expected));
  expect(plain.map(({ json }) => json)).toEqual(plain.map(({ expected }) => expected));
}
