// Values of the types that Postgres has for itself: oids and what they point to, transaction ids, positions in the log.

import fc from 'fast-check';
import { integersBetween } from './numbers.ts';
import { plainType, type PlainTypeEntry } from './plain-type.ts';

const max32 = 2n ** 32n - 1n;
const unsigned32 = integersBetween(0n, max32);
const unsigned64 = integersBetween(0n, 2n ** 64n - 1n);

const vectorOf = (item: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(item, { maxLength: 8 }).map((items) => items.join(' '));

const snapshot = fc
  .tuple(integersBetween(1n, 1000n), fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { maxLength: 5 }))
  .map(([start, steps]) => {
    const xmin = BigInt(start);
    const running = steps.sort((a, b) => a - b).map((step) => String(xmin + BigInt(step)));
    return `${start}:${xmin + 501n}:${running.join(',')}`;
  });

const lsn = fc
  .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 0x7fff_ffff }))
  .map(([high, low]) => `${high.toString(16)}/${low.toString(16)}`);

export const systemTypes: readonly PlainTypeEntry[] = [
  plainType('oid', ['0', '1', '4294967295'], unsigned32),
  plainType('xid', ['3', '4294967295'], unsigned32),
  plainType('xid8', ['0', '18446744073709551615', '9007199254740993'], unsigned64),
  plainType('cid', ['0', '7', '4294967295'], unsigned32),
  plainType(
    'tid',
    ['(0,0)', '(1,2)', '(4294967295,65535)'],
    fc.tuple(unsigned32, fc.integer({ min: 0, max: 65_535 })).map(([page, item]) => `(${page},${item})`),
  ),
  plainType('pg_lsn', ['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF'], lsn),
  plainType('txid_snapshot', ['10:20:10,14', '1:1:'], snapshot),
  plainType('pg_snapshot', ['10:20:10,14,15', '1:1:'], snapshot),
  plainType('regclass', ['pg_type', '0', '4294967295', 'information_schema.tables'], unsigned32),
  plainType('regtype', ['integer', 'text[]', '0', 'information_schema.sql_identifier', '"char"'], unsigned32),
  plainType('regproc', ['now', '0', 'information_schema._pg_truetypid'], unsigned32),
  plainType('regprocedure', ['abs(integer)', 'now()', '0'], unsigned32),
  plainType('regoper', ['||/', '0'], unsigned32),
  plainType('regoperator', ['+(integer,integer)', '-(NONE,integer)', '0'], unsigned32),
  plainType('regnamespace', ['pg_catalog', '0'], unsigned32),
  plainType('regrole', ['pg_monitor', '0'], unsigned32),
  plainType('regcollation', ['"C"', '0'], unsigned32),
  plainType('regconfig', ['english', '0'], unsigned32),
  plainType('regdictionary', ['simple', '0'], unsigned32),
  plainType('int2vector', ['', '1', '1 2 -3'], vectorOf(integersBetween(-32_768n, 32_767n))),
  plainType('oidvector', ['', '0', '1 4294967295'], vectorOf(unsigned32)),
  plainType('aclitem', ['pg_monitor=r/pg_monitor', '=arwd*/pg_monitor', 'pg_monitor=/pg_monitor'], undefined),
  plainType('information_schema.sql_identifier', ['a "b"', '']),
  plainType('information_schema.cardinal_number', ['0', '7'], integersBetween(0n, 2_147_483_647n)),
  plainType('information_schema.yes_or_no', ['YES', 'NO']),
  plainType('information_schema.time_stamp', ['2026-01-31 12:00:00.129+02', 'infinity']),
];
