// Encoders one by one, on texts as a session with the pinned settings sends them; expected values are to_jsonb's.

import { expect, test } from 'vitest';
import { encoderFor } from '../../src/payload/encode.ts';
import { catalogFromRows } from '../../src/payload/type-catalog.ts';
import type { TypeEntry } from '../../src/payload/type-entry.ts';

const noTypes = catalogFromRows([]);

test.each([
  ['bool', 16, 't', 'true'],
  ['bool', 16, 'f', 'false'],
  ['int2', 21, '-32768', '-32768'],
  ['int4', 23, '2147483647', '2147483647'],
  ['int8', 20, '-9223372036854775808', '-9223372036854775808'],
  ['int8', 20, '9007199254740993', '9007199254740993'],
  ['oid', 26, '4294967295', '"4294967295"'],
  ['xid8', 5069, '18446744073709551615', '"18446744073709551615"'],
  ['regclass', 2205, '"odd ""name"', '"\\"odd \\"\\"name\\""'],
  ['numeric', 1700, '1.50', '1.50'],
  ['numeric', 1700, '0.00', '0.00'],
  [
    'numeric',
    1700,
    '-12345678901234567890.123456789012345678901',
    '-12345678901234567890.123456789012345678901',
  ],
  ['numeric', 1700, 'NaN', '"NaN"'],
  ['numeric', 1700, 'Infinity', '"Infinity"'],
  ['numeric', 1700, '-Infinity', '"-Infinity"'],
  ['float8', 701, '0.1', '0.1'],
  ['float8', 701, '-0', '0'],
  ['float8', 701, '1e+20', '100000000000000000000'],
  ['float8', 701, '-1.5e+20', '-150000000000000000000'],
  ['float8', 701, '1e-07', '0.0000001'],
  ['float8', 701, '-1.25e-07', '-0.000000125'],
  ['float8', 701, '1.5e-01', '0.15'],
  ['float8', 701, '1.2345678901234567e+16', '12345678901234567'],
  ['float8', 701, 'NaN', '"NaN"'],
  ['float8', 701, 'Infinity', '"Infinity"'],
  ['float8', 701, '-Infinity', '"-Infinity"'],
  ['float4', 700, '1.1754944e-38', `0.${'0'.repeat(37)}11754944`],
  ['float4', 700, '3.4028235e+38', `34028235${'0'.repeat(31)}`],
  ['float4', 700, '-0', '0'],
])('prints %s (%i) %s as the number or string that to_jsonb prints', (_name, typeOid, text, json) => {
  expect(encoderFor(typeOid, noTypes)(text)).toBe(json);
});

test.each([
  ['date', 1082, '0044-03-15 BC', '"0044-03-15 BC"'],
  ['date', 1082, 'infinity', '"infinity"'],
  ['time', 1083, '24:00:00', '"24:00:00"'],
  ['timetz', 1266, '12:00:00.5+00', '"12:00:00.5+00"'],
  ['interval', 1186, '-1 years +2 mons 03:04:05.000006', '"-1 years +2 mons 03:04:05.000006"'],
  ['timestamp', 1114, '2026-01-31 12:00:00.000001', '"2026-01-31T12:00:00.000001"'],
  ['timestamp', 1114, '0044-03-15 10:00:00 BC', '"0044-03-15T10:00:00 BC"'],
  ['timestamp', 1114, '20000-01-01 00:00:00', '"20000-01-01T00:00:00"'],
  ['timestamp', 1114, '-infinity', '"-infinity"'],
  ['timestamptz', 1184, '2026-01-31 12:00:00+00', '"2026-01-31T12:00:00+00:00"'],
  ['timestamptz', 1184, '2026-01-31 12:00:00.5-03', '"2026-01-31T12:00:00.5-03:00"'],
  ['timestamptz', 1184, '2026-01-31 12:00:00+05:30', '"2026-01-31T12:00:00+05:30"'],
  ['timestamptz', 1184, '1900-01-01 12:00:00+00:19:32', '"1900-01-01T12:00:00+00:19:32"'],
  ['timestamptz', 1184, '0044-03-15 10:00:00+00 BC', '"0044-03-15T10:00:00+00:00 BC"'],
  ['timestamptz', 1184, 'infinity', '"infinity"'],
])('prints %s (%i) %s in the ISO 8601 form of to_jsonb', (_name, typeOid, text, json) => {
  expect(encoderFor(typeOid, noTypes)(text)).toBe(json);
});

test.each([
  ['an empty text', 25, ''],
  ['quotes and backslashes', 25, 'say "hi" \\ bye'],
  ['control characters', 1043, 'a\u0001\b\t\n\f\r\u001f\u007f'],
  ['line separators and a byte order mark', 25, '\ufeff\u2028\u2029'],
  ['an emoji', 25, '😀'],
  ['padding', 1042, 'ab   '],
  ['a "char" type', 18, '"'],
  ['an xml document', 142, '<a b="c">\n</a>'],
  ['bytea', 17, '\\x00ff'],
  ['money', 790, '$1,234.50'],
  ['a range', 3908, '["2026-01-01 00:00:00",infinity)'],
  ['tsvector', 3614, "'a\\\\b':1A 'c''d'"],
])('prints %s exactly as JSON.stringify does', (_name, typeOid, text) => {
  expect(encoderFor(typeOid, noTypes)(text)).toBe(JSON.stringify(text));
});

test.each([
  ['jsonb', 3802, '{"a": 12345678901234567890.10, "b": [null, "\\u001f"]}'],
  ['jsonb', 3802, 'null'],
])('splices %s (%i) in as it is', (_name, typeOid, text) => {
  expect(encoderFor(typeOid, noTypes)(text)).toBe(text);
});

test.each([
  ['int4[]', 1007, '{}', '[]'],
  ['int4[]', 1007, '{1,NULL,-3}', '[1,null,-3]'],
  ['int4[]', 1007, '{{1,2},{3,4}}', '[[1,2],[3,4]]'],
  ['int4[]', 1007, '[0:1][-2:-1]={{1,2},{3,NULL}}', '[[1,2],[3,null]]'],
  ['int8[]', 1016, '{9007199254740993}', '[9007199254740993]'],
  ['bool[]', 1000, '{t,f,NULL}', '[true,false,null]'],
  ['float8[]', 1022, '{1e+20,NaN,-0}', '[100000000000000000000,"NaN",0]'],
  ['text[]', 1009, '{plain,"",NULL,"NULL","null"}', '["plain","",null,"NULL","null"]'],
  [
    'text[]',
    1009,
    '{"a,b","{x}","say \\"hi\\"","back\\\\slash","\\\\\\""}',
    '["a,b","{x}","say \\"hi\\"","back\\\\slash","\\\\\\""]',
  ],
  ['text[]', 1009, '{"two\nlines","[1:2]={a}",a=b}', '["two\\nlines","[1:2]={a}","a=b"]'],
  ['timestamptz[]', 1185, '{"2026-01-31 12:00:00+00",infinity}', '["2026-01-31T12:00:00+00:00","infinity"]'],
  ['jsonb[]', 3807, '{"{\\"a\\": \\"b\\\\\\\\c\\"}","null"}', '[{"a": "b\\\\c"},null]'],
  ['box[]', 1020, '{(1,1),(0,0);NULL}', '["(1,1),(0,0)",null]'],
  ['point[]', 1017, '{"(1,2)"}', '["(1,2)"]'],
  ['int2vector', 22, '1 2 3', '[1,2,3]'],
  ['int2vector', 22, '', '[]'],
  ['oidvector', 30, '', '[]'],
  ['oidvector', 30, '1 4294967295', '["1","4294967295"]'],
  ['int2vector[]', 1006, '{"1 2",3}', '[[1,2],[3]]'],
])('prints %s (%i) %s as nested arrays', (_name, typeOid, text, json) => {
  expect(encoderFor(typeOid, noTypes)(text)).toBe(json);
});

function entry(oid: number, rest: Partial<TypeEntry>): TypeEntry {
  const nothing = { baseOid: 0, elementOid: 0, attributes: null, isSettled: true, jsonCast: null };
  return { oid, kind: 'b', name: `public.type${oid}`, delimiter: ',', ...nothing, ...rest };
}

const userTypes = catalogFromRows([
  entry(20001, { kind: 'd', baseOid: 20 }),
  entry(20002, { kind: 'd', baseOid: 20001 }),
  entry(20003, { elementOid: 20002 }),
  entry(20004, { kind: 'd', baseOid: 1007 }),
  entry(20005, { elementOid: 20004 }),
  entry(20006, { kind: 'e' }),
  entry(20007, { elementOid: 20006 }),
  entry(20008, { kind: 'd', baseOid: 603, delimiter: ';' }),
  entry(20009, { elementOid: 20008, delimiter: ';' }),
  entry(20010, {
    kind: 'c',
    attributes: {
      highest: 2,
      alteredBy: 0,
      list: [
        { name: 'n', typeOid: 20002, number: 1 },
        { name: 'a "b"', typeOid: 1007, number: 2 },
      ],
    },
  }),
  entry(20011, { elementOid: 20010 }),
]);

test.each([
  ['a domain', 20001, '9007199254740993', '9007199254740993'],
  ['a domain over a domain', 20002, '7', '7'],
  ['an array of domains', 20003, '{7,NULL}', '[7,null]'],
  ['a domain over an array', 20004, '[0:1]={1,2}', '[1,2]'],
  ['an array of domains over arrays', 20005, '{"{1,2}","[0:0]={3}",NULL}', '[[1,2],[3],null]'],
  ['an enum', 20006, 'in "transit"', '"in \\"transit\\""'],
  ['an array of enums', 20007, '{"in \\"transit\\"",done}', '["in \\"transit\\"","done"]'],
  ['an array of domains over box', 20009, '{(1,1),(0,0);(2,2),(1,1)}', '["(1,1),(0,0)","(2,2),(1,1)"]'],
  ['a composite', 20010, '(1,"{2,NULL}")', '{"n":1,"a \\"b\\"":[2,null]}'],
  ['a composite of nulls', 20010, '(,)', '{"n":null,"a \\"b\\"":null}'],
  ['an array of composites', 20011, '{"(1,\\"{2,3}\\")",NULL}', '[{"n":1,"a \\"b\\"":[2,3]},null]'],
  ['a composite with more values than it is known to have', 20010, '(1,{},x)', '"(1,{},x)"'],
  ['a type that the catalog does not know', 29999, '{1,2}', '"{1,2}"'],
])('prints %s (%i) by what the catalog says it is made of', (_name, typeOid, text, json) => {
  expect(encoderFor(typeOid, userTypes)(text)).toBe(json);
});

test.each(['', '1,2', '[0:1]', 'a}'])('prints %j, which is no array, as a string', (text) => {
  expect(encoderFor(1009, noTypes)(text)).toBe(JSON.stringify(text));
});

test.each(['{', '{"', '{"a\\', '{"a', '{1', '[0:1]={'])(
  'comes to an end on %j, an array cut short',
  (text) => {
    expect(encoderFor(1009, noTypes)(text)).toMatch(/^\[/);
  },
);

test('reads an array item of several megabytes', () => {
  const item = '"\\\\'.repeat(300_000);
  const text = `{"${item.replaceAll(/["\\]/g, '\\$&')}",b}`;
  expect(encoderFor(1009, noTypes)(text)).toBe(JSON.stringify([item, 'b']));
});
