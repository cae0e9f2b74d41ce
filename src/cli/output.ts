/** Text for terminals: aligned tables and check lists. Whatever comes from the database is shown without control characters. */
import type { Check } from './checks.ts';

/** Columns as wide as their widest value; the last one is never padded. */
export function formatTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows.map((row) => row.map(printable))];
  const widths = headings.map((_, column) => Math.max(...lines.map((line) => width(line[column] ?? ''))));
  return lines
    .map((line) =>
      line
        .map((value, column) => pad(value, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line per check, what to do below those that are not ok. */
export function formatChecks(checks: readonly Check[]): string {
  const nameWidth = Math.max(0, ...checks.map((each) => width(each.check)));
  const indent = ' '.repeat('warn  '.length + nameWidth + 2);
  return checks
    .map(({ check, status, detail, remedy }) => {
      const line = `${pad(status, 4)}  ${pad(check, nameWidth)}  ${printable(detail)}`;
      const advice = status === 'ok' || remedy === null ? [] : remedy.split('\n');
      return [line, ...advice.map((each) => `${indent}→ ${printable(each)}`)].join('\n');
    })
    .join('\n');
}

export function formatJson(value: unknown): string {
  return JSON.stringify(value, null, 2);
}

export function formatBytes(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const amount = bytes / 1000 ** power;
  return `${power === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${units[power] ?? ''}`;
}

/** `1 table`, `2 tables`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\uFFFD');
}

function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - width(text)));
}

function width(text: string): number {
  return [...text].length;
}
