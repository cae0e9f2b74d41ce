// Values of the date and time types: BC, past the year 9999, the ends of the calendar, microseconds, infinity.

import fc, { type Arbitrary } from 'fast-check';
import { plainType, type PlainTypeEntry } from './plain-type.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** The year 0 is 1 BC. */
function dates(firstYear: number, lastYear: number): Arbitrary<{ text: string; isBc: boolean }> {
  const year = fc.oneof(
    fc.integer({ min: firstYear, max: lastYear }),
    fc.integer({ min: -50, max: 50 }),
    fc.integer({ min: 1900, max: 2100 }),
  );
  return fc
    .tuple(year, fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 28 }))
    .map(([y, month, day]) => ({
      text: `${String(y > 0 ? y : 1 - y).padStart(4, '0')}-${two(month)}-${two(day)}`,
      isBc: y <= 0,
    }));
}

const time = fc
  .tuple(
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fc.option(fc.integer({ min: 0, max: 999_999 })),
  )
  .map(([hour, minute, second, micros]) => {
    const fraction = micros === null ? '' : `.${String(micros).padStart(6, '0')}`;
    return `${two(hour)}:${two(minute)}:${two(second)}${fraction}`;
  });

const zone = fc
  .tuple(
    fc.constantFrom('+', '-'),
    fc.integer({ min: 0, max: 14 }),
    fc.constantFrom('', ':00', ':30', ':45', ':19:32'),
  )
  .map(([sign, hours, rest]) => `${sign}${two(hours)}${rest}`);

const era = ({ isBc }: { isBc: boolean }): string => (isBc ? ' BC' : '');
const date = dates(-4700, 5_800_000).map((day) => `${day.text}${era(day)}`);
const timestamp = fc
  .tuple(dates(-4700, 294_000), time)
  .map(([day, hours]) => `${day.text} ${hours}${era(day)}`);
const timestamptz = fc
  .tuple(dates(-4700, 294_000), time, zone)
  .map(([day, hours, offset]) => `${day.text} ${hours}${offset}${era(day)}`);

const part = fc.integer({ min: -2000, max: 2000 });
const interval = fc
  .tuple(part, part, part, fc.constantFrom('', '-'), fc.integer({ min: 0, max: 3000 }), time)
  .map(
    ([years, months, days, sign, hours, rest]) =>
      `${years} years ${months} mons ${days} days ${sign}${hours}${rest.slice(2)}`,
  );

const stamps = [
  '2026-01-31 12:00:00',
  '2026-01-31 12:00:00.000001',
  '2026-01-31 12:00:00.120',
  '0044-03-15 10:00:00 BC',
  '4713-01-01 00:00:00 BC',
  '0001-01-01 00:00:00',
  '20000-01-01 00:00:00',
  '294276-12-31 23:59:59.999999',
  'epoch',
  'infinity',
  '-infinity',
];
const zonedStamps = [
  ...stamps,
  '2026-01-31 12:00:00+05:30',
  '1800-01-01 00:00:00-00:19:32',
  '0044-03-15 10:00:00+05:30 BC',
];

export const timeTypes: readonly PlainTypeEntry[] = [
  plainType(
    'date',
    ['2026-01-31', '0044-03-15 BC', '4713-01-01 BC', '10000-01-01', '5874897-12-31', 'infinity', '-infinity'],
    date,
  ),
  plainType('time', ['12:00', '24:00', '00:00:00.000001', '23:59:59.999999'], time),
  plainType('time(0)', ['12:00:00.4'], time),
  plainType(
    'timetz',
    ['12:00+00', '12:00:00.5-03:30', '12:00+05:30:10', '24:00-15:59:59'],
    fc.tuple(time, zone).map(([hours, offset]) => `${hours}${offset}`),
  ),
  plainType('timestamp', stamps, timestamp),
  plainType('timestamp(3)', ['2026-01-31 12:00:00.1239', 'infinity'], timestamp),
  plainType('timestamptz', zonedStamps, timestamptz),
  plainType('timestamptz(1)', ['2026-01-31 12:00:00.19+02', '-infinity'], timestamptz),
  plainType(
    'interval',
    [
      '1 year -2 mons 3 days -04:05:06.789',
      '0',
      '-1 day',
      '178000000 years',
      '-2147483648 days',
      '1 month ago',
    ],
    interval,
    { later: { 17: ['infinity', '-infinity'] } },
  ),
  plainType('interval year to month', ['1-2', '-3-1'], interval),
];
