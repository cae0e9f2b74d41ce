/** Moments as options name them: 15m, 6h and 2d ago, or a time. */
import { InvalidArgumentError } from 'commander';

const unitsMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export function parseSince(value: string): Date {
  return new Date(parseMoment(value));
}

/** As ISO 8601, in the years that the service and Postgres read. */
export function parseMoment(value: string): string {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  const moment =
    amount === undefined
      ? parseTime(value)
      : new Date(Date.now() - Number(amount) * (unitsMs[unit] ?? 0)).toISOString();
  const year = new Date(moment).getUTCFullYear();
  if (year < 1 || year > 9999) throw new InvalidArgumentError('Use a time in the years 0001 to 9999.');
  return moment;
}

/** As this command or psql prints it, with the microseconds of a row. Without a zone it is UTC, as all that is printed. */
function parseTime(value: string): string {
  const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)(Z|[+-]\d\d(?::?\d\d)?)?)?$/i;
  const [, day, time = '00:00', zone = 'Z'] = form.exec(value.trim()) ?? [];
  const offset = zone
    .toUpperCase()
    .replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes = '00') => `${hours}:${minutes}`);
  const text = `${day ?? ''}T${time}${offset}`;
  if (day === undefined || Number.isNaN(Date.parse(text))) {
    throw new InvalidArgumentError('Use 15m, 6h, 2d or a time such as 2026-01-31T12:00Z.');
  }
  return text;
}
