// Values of every type that encoders know, edge cases first among them, as literals. The types that are not built in
// are made by createSampleTypes.

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

export const typeSamples: readonly (readonly [type: string, literals: readonly string[]])[] = [
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

export const createSampleTypes = `
  create domain amount as numeric(20, 2);
  create domain net_amount as amount;
  create domain flags as boolean[];
  create domain area as box;
  create type status as enum ('open', 'in transit', 'say "done"', 'a,b');
  create type address as (street text, floor int);
  create type site as (main address, others address[], numbers int[], "odd ""name""" amount);
  create domain home as address;
  create type nothing as ();
  create type single as (only_one text);
  create table spare (id int, gone text, place address);
  alter table spare drop column gone;
  create extension hstore;
  create type graded as enum ('open', 'done');
  create function grade(graded) returns json language sql as
    $$ select json_build_object('b', 1.50, 'aa', $1::text, 'b', 1e2) $$;
  create cast (graded as json) with function grade(graded);
  create domain graded_domain as graded;
  create type grading as (first graded, second int);
  create type graded_range as range (subtype = int);
  create function bounds(graded_range) returns json language sql as
    $$ select json_build_array(lower($1), upper($1)) $$;
  create cast (graded_range as json) with function bounds(graded_range);
  create type price_range as range (subtype = numeric);
`;
