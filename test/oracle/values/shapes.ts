// Values of the network, geometric, bit and binary types.

import fc from 'fast-check';
import { coordinate, integersBetween } from './numbers.ts';
import { plainType, type PlainTypeEntry } from './plain-type.ts';

const byte = fc.integer({ min: 0, max: 255 });
const hexByte = byte.map((value) => value.toString(16).padStart(2, '0'));
const hexWord = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
const ip4 = fc.tuple(byte, byte, byte, byte).map((parts) => parts.join('.'));
const ip6 = fc.array(hexWord, { minLength: 8, maxLength: 8 }).map((parts) => parts.join(':'));
const mask = (bits: number): fc.Arbitrary<string> =>
  fc.option(fc.integer({ min: 0, max: bits })).map((length) => (length === null ? '' : `/${length}`));
const inet = fc.oneof(fc.tuple(ip4, mask(32)), fc.tuple(ip6, mask(128))).map((parts) => parts.join(''));
const cidr = fc.oneof(
  fc.tuple(byte, fc.integer({ min: 8, max: 32 })).map(([first, bits]) => `${first}.0.0.0/${bits}`),
  fc.tuple(hexWord, fc.integer({ min: 16, max: 128 })).map(([first, bits]) => `${first}::/${bits}`),
);
const mac = (bytes: number): fc.Arbitrary<string> =>
  fc.array(hexByte, { minLength: bytes, maxLength: bytes }).map((parts) => parts.join(':'));

const point = fc.tuple(coordinate, coordinate).map(([x, y]) => `(${x},${y})`);
const points = (minLength: number): fc.Arbitrary<string> =>
  fc.array(point, { minLength, maxLength: 5 }).map((parts) => parts.join(','));

const bits = (minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom('0', '1'), minLength, maxLength });

export const shapeTypes: readonly PlainTypeEntry[] = [
  plainType('inet', ['10.0.0.1', '10.0.0.0/8', '2001:db8::1', '::ffff:1.2.3.4', '0.0.0.0/0', '::1/64'], inet),
  plainType('cidr', ['10.0.0.0/8', '::/0', '192.168.1.1/32'], cidr),
  plainType('macaddr', ['08:00:2b:01:02:03'], mac(6)),
  plainType('macaddr8', ['08:00:2b:01:02:03:04:05'], mac(8)),
  plainType('point', ['(1,2.5)', '(-0,1e300)', '(NaN,Infinity)'], point),
  plainType(
    'line',
    ['{1,2,3}', '{0,-1,0.1}'],
    fc.tuple(coordinate, coordinate).map(([b, c]) => `{1,${b},${c}}`),
  ),
  plainType(
    'lseg',
    ['[(1,2),(3,4)]'],
    fc.tuple(point, point).map((both) => `[${both.join(',')}]`),
  ),
  plainType(
    'box',
    ['(1,1),(0,0)', '(0,0),(1e-300,3)'],
    fc.tuple(point, point).map((both) => both.join(',')),
  ),
  plainType(
    'path',
    ['[(1,2),(3,4)]', '((1,2),(3,4))'],
    fc.tuple(fc.boolean(), points(1)).map(([isOpen, inner]) => (isOpen ? `[${inner}]` : `(${inner})`)),
  ),
  plainType(
    'polygon',
    ['((1,2),(3,4))', '((0,0))'],
    points(1).map((inner) => `(${inner})`),
  ),
  plainType(
    'circle',
    ['<(1,2),3>', '<(0,0),0>'],
    fc.tuple(point, fc.integer({ min: 0, max: 1000 })).map(([center, radius]) => `<${center},${radius}>`),
  ),
  plainType('bit(4)', ['1010', '0000'], bits(4, 4)),
  plainType('bit(1)', ['1', '0'], bits(1, 1)),
  plainType('varbit', ['', '101', '0'.repeat(1000)], bits(0, 70)),
  plainType('varbit(12)', ['', '101'], bits(0, 12)),
  plainType(
    'bytea',
    ['', '\\x00ff22', 'abc', '\\x5c', `\\x${'00ff'.repeat(4000)}`],
    fc.uint8Array({ maxLength: 100 }).map((value) => `\\x${Buffer.from(value).toString('hex')}`),
  ),
  plainType(
    'uuid',
    ['550e8400-e29b-41d4-a716-446655440000', '{FFFFFFFF-0000-0000-0000-ffffffffffff}'],
    fc.uuid(),
  ),
  plainType(
    'cube',
    ['(1,2),(3,4)', '0', '(1e-300,-0)'],
    points(1).map((text) => /\(.*?\)/.exec(text)?.[0] ?? '0'),
    {
      extension: 'cube',
    },
  ),
  plainType('seg', ['1.50', '<1', '1.5 .. 2.50', '~3 .. 4'], integersBetween(-1000n, 1000n), {
    extension: 'seg',
  }),
];
