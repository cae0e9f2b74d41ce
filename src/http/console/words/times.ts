// Moments and durations in words. Local time is what a reader's clock shows; UTC is what logs and colleagues elsewhere have, and says so.
const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;

/** `10:12:03`, in the zone UTC `09:12:03 UTC`; with the day where it is another one: `20 Nov 10:12:03`. */
export function clockTime(at: Date, now: Date, zone?: string): string {
  const digits = format(
    at,
    { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' },
    zone,
  );
  const time = zone === 'UTC' ? `${digits} UTC` : digits;
  const day = (date: Date): string => format(date, { year: 'numeric', month: 'short', day: 'numeric' }, zone);
  if (day(at) === day(now)) return time;
  const year = (date: Date): string => format(date, { year: 'numeric' }, zone);
  const isThisYear = year(at) === year(now);
  const shown = isThisYear ? format(at, { month: 'short', day: 'numeric' }, zone) : day(at);
  return `${shown} ${time}`;
}

/** `10:12`. */
export function hourAndMinute(at: Date, zone?: string): string {
  return format(at, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, zone);
}

/** `2026-11-21 09:12:03 UTC`. */
export function utcTime(at: Date): string {
  return `${at.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** `2026-11-21T09:12`, in local time or the zone UTC, as a field for a moment has it. */
export function inputTime(at: Date, zone?: string): string {
  if (zone === 'UTC') return at.toISOString().slice(0, 16);
  const two = (part: number): string => String(part).padStart(2, '0');
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** The moment that such a field means; null: none, or not all of it. */
export function momentOf(input: string, zone?: string): Date | null {
  const at = new Date(zone === 'UTC' ? `${input}Z` : input);
  return Number.isNaN(at.getTime()) ? null : at;
}

/** `just now`, `12 s ago`, `5 min ago`, `3 h ago`, `2 days ago`; of what is to come `in 12 s`. */
export function ago(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime();
  if (Math.abs(ms) < 1_500) return 'just now';
  // A clock that is a little off makes nothing of the past happen in the future.
  if (ms < 0 && ms > -minuteMs) return 'just now';
  const length = span(Math.abs(ms));
  return ms > 0 ? `${length} ago` : `in ${length}`;
}

/** `12 s`, `5 min`, `3 h`, `2 days`. */
export function span(ms: number): string {
  if (ms < minuteMs) return `${Math.round(ms / 1000)} s`;
  if (ms < 90 * minuteMs) return `${Math.round(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.round(ms / 60 / minuteMs)} h`;
  return `${Math.round(ms / dayMs)} days`;
}

/** `0.4 ms`, `120 ms`, `2.5 s`. */
export function duration(ms: number): string {
  if (ms < 10) return `${Math.round(ms * 10) / 10} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  return ms < 2 * minuteMs ? `${Math.round(ms / 100) / 10} s` : span(ms);
}

function format(at: Date, options: Intl.DateTimeFormatOptions, zone: string | undefined): string {
  const key = JSON.stringify([options, zone]);
  const known = formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { ...options, timeZone: zone });
  formats.set(key, known);
  return known.format(at);
}

// Making one takes longer than using it a thousand times.
const formats = new Map<string, Intl.DateTimeFormat>();
