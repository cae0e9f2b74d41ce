// Texts of ranges and multiranges over any subtype, built in or made by the case: from numbers, so that the lower bound
// is never above the upper one.

import fc, { type Arbitrary } from 'fast-check';
import { plainType, type PlainTypeEntry } from './plain-type.ts';

const dayMs = 86_400_000;
const isoDay = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);
const isoSecond = (second: number): string => new Date(second * 1000).toISOString().slice(0, 19);
/** Not below zero, so that texts sort as the numbers do. */
const padded = (value: number): string => String(value + 1_000_000).padStart(9, '0');

const octets = (value: number): string => [value >> 16, (value >> 8) & 255, value & 255].join('.');

/** The subtypes, each with values that grow with the number: -100 000 to 100 000. */
export const subtypes: Readonly<Record<string, (value: number) => string>> = {
  integer: String,
  bigint: (value) => `${value}00000000000`,
  numeric: (value) => (value / 100).toFixed(2),
  'double precision': (value) => String(value * 1e-9),
  real: (value) => String(value / 8),
  text: (value) => `${padded(value)} "q\\,(é`,
  varchar: (value) => `${padded(value)}]'`,
  date: isoDay,
  timestamp: (value) => isoSecond(value * 10_007),
  timestamptz: (value) => `${isoSecond(value * 10_007)}+05:30`,
  interval: (value) => `${value} days`,
  inet: (value) => `10.${octets(value + 1_000_000)}`,
  uuid: (value) => `00000000-0000-0000-0000-000${padded(value)}`,
  pg_lsn: (value) => `0/${(value + 1_000_000).toString(16)}`,
  bytea: (value) => `\\x${padded(value)}0`,
};

const place = fc.option(fc.integer({ min: -100_000, max: 100_000 }), { freq: 6 });

function quotedBound(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '""')}"`;
}

const filledRange = (bound: (value: number) => string): Arbitrary<string> =>
  fc
    .tuple(place, place, fc.constantFrom('[', '('), fc.constantFrom(']', ')'))
    .map(([one, other, open, close]) => {
      const [lower, upper] = one !== null && other !== null && one > other ? [other, one] : [one, other];
      const text = (value: number | null): string => (value === null ? '' : quotedBound(bound(value)));
      return `${open}${text(lower)},${text(upper)}${close}`;
    });

export function rangeTexts(subtype: string): Arbitrary<string> {
  const filled = filledRange(subtypes[subtype] ?? String);
  return fc.oneof({ weight: 1, arbitrary: fc.constant('empty') }, { weight: 8, arbitrary: filled });
}

export function multirangeTexts(subtype: string): Arbitrary<string> {
  return fc
    .array(filledRange(subtypes[subtype] ?? String), { maxLength: 4 })
    .map((ranges) => `{${ranges.join(',')}}`);
}

const builtIn = [
  ['int4', 'integer', ['[1,5)', '[-3,-3]', '(,)']],
  ['int8', 'bigint', ['[1,9223372036854775807)']],
  ['num', 'numeric', ['[1.50,2.0)', '[NaN,]']],
  ['ts', 'timestamp', ['["0044-03-15 10:00:00 BC",infinity]']],
  ['tstz', 'timestamptz', ['["2026-01-31 12:00:00+01",infinity)']],
  ['date', 'date', ['[2026-01-01,2026-02-01]', '[-infinity,infinity]']],
] as const;

export const rangeTypes: readonly PlainTypeEntry[] = builtIn.flatMap(([prefix, subtype, edges]) => [
  plainType(`${prefix}range`, ['empty', '(,)', ...edges], rangeTexts(subtype)),
  plainType(`${prefix}multirange`, ['{}', `{${edges.join(',')}}`], multirangeTexts(subtype)),
]);
