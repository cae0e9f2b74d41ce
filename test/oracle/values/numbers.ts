// Values of the numeric types: every magnitude, the last digit, zeros with and without a sign, and what is not a number.

import fc, { type Arbitrary } from 'fast-check';
import { plainType, type PlainTypeEntry } from './plain-type.ts';

const small = ['0', '-1', '42', '+7'];

export function integersBetween(min: bigint, max: bigint): Arbitrary<string> {
  return fc.bigInt({ min, max }).map(String);
}

function signed(bits: bigint): Arbitrary<string> {
  return integersBetween(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n);
}

const digits = (maxLength: number): Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength });

function decimals(maxLength: number): Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom('', '-'), digits(maxLength), fc.option(digits(maxLength)))
    .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`);
}

const withExponent = fc
  .tuple(decimals(20), fc.integer({ min: -400, max: 400 }))
  .map(([number, exponent]) => `${number}e${exponent}`);

const numeric = fc.oneof(
  { weight: 6, arbitrary: decimals(25) },
  { weight: 2, arbitrary: withExponent },
  { weight: 1, arbitrary: decimals(1500) },
);

const floats = [
  '0',
  '-0',
  '1',
  '0.1',
  '-1.5',
  '1e15',
  '999999999999999',
  '1e16',
  '1.25e20',
  '-1e22',
  '1e-4',
  '1e-5',
  '1e-7',
  '-2.5e-30',
  'NaN',
  'Infinity',
  '-Infinity',
];

export const floatText = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));
const real = fc.oneof(
  fc.float().map(floatText),
  fc.float({ min: -1000, max: 1000 }).map((value) => floatText(Math.fround(value))),
);
const double = fc.oneof(
  fc.double().map(floatText),
  fc.double({ min: -1e18, max: 1e18 }).map(floatText),
  fc.integer({ min: -308, max: 308 }).map((exponent) => `1.5e${exponent}`),
);

/** For geometric types. */
export const coordinate = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(floatText),
  fc.constantFrom('1e-300', '-0', '1e300', '0.1'),
);

const specials = ['NaN', 'Infinity', '-Infinity'];

export const numberTypes: readonly PlainTypeEntry[] = [
  plainType('boolean', ['t', 'f'], fc.constantFrom('true', 'false', 'yes', 'off')),
  plainType('smallint', [...small, '-32768', '32767'], signed(16n)),
  plainType('integer', [...small, '-2147483648', '2147483647'], signed(32n)),
  plainType(
    'bigint',
    [...small, '-9223372036854775808', '9223372036854775807', '9007199254740993'],
    signed(64n),
  ),
  plainType(
    'numeric',
    [
      ...small,
      ...specials,
      '1.50',
      '0.000',
      '-0.0',
      '1e30',
      '-1e-30',
      '1e20000',
      '1e-16000',
      '12345678901234567890.12345678901234567890',
      `${'9'.repeat(2000)}.${'1'.repeat(2000)}`,
    ],
    numeric,
  ),
  plainType('numeric(12,4)', ['1.5', '-0.0001', '0', 'NaN', '99999999.9999'], decimals(8)),
  plainType('numeric(6,-2)', ['12345', '-49', '50'], integersBetween(-99_999_900n, 99_999_900n), {
    since: 15,
  }),
  plainType('real', [...floats, '3.4028235e38', '1.4e-45', '16777217', '1e6', '123456.7'], real),
  plainType(
    'double precision',
    [...floats, '1.7976931348623157e308', '5e-324', '9007199254740993', '123456.789e3'],
    double,
  ),
  plainType(
    'money',
    ['1234.5', '-0.01', '0', '-92233720368547758.08', '92233720368547758.07'],
    signed(50n).map((cents) => `${cents}.00`),
  ),
];
