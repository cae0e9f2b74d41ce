// One line of `status`: what was looked at, how it stands, and what mends it. `start` logs the same lines as warnings.
import type { ExitError } from '../exit-error.ts';

export interface Check {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  /** A statement or command that mends it; null where there is nothing to do. Lines after the first explain it. */
  readonly remedy: string | null;
}

export function ok(check: string, detail: string): Check {
  return { check, status: 'ok', detail, remedy: null };
}

export function warn(check: string, detail: string, remedy: string): Check {
  return { check, status: 'warn', detail, remedy };
}

export function fail(check: string, detail: string, remedy: string): Check {
  return { check, status: 'fail', detail, remedy };
}

/** What ends the service, in the same words. */
export function failOf(check: string, { message, remedy }: ExitError): Check {
  return fail(check, message, remedy ?? '');
}

/** `1 table`, `2 tables`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** In steps of 1024, as Postgres counts in its settings and in pg_size_pretty. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const amount = bytes / 1024 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power] ?? ''}`;
}

/** `45 s`, `10 min`, `3 h`, `2 days`: rounded down. */
export function formatSeconds(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}
