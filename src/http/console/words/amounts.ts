// Counts and sizes for people.

const plain = new Intl.NumberFormat('en-US');
const short = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

/** `1,234,567`: every digit. */
export function exact(count: number): string {
  return plain.format(count);
}

/** `1,234`; from a hundred thousand on `123K`. */
export function amount(count: number): string {
  return count < 100_000 ? exact(count) : short.format(count);
}

/** `1 failure`, `47 failures`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${amount(count)} ${count === 1 ? noun : plural}`;
}

/** `0.2/s`, `14/s`. */
export function rate(perSecond: number): string {
  return `${perSecond < 10 ? Math.round(perSecond * 10) / 10 : amount(Math.round(perSecond))}/s`;
}

/** `512 B`, `1.5 kB`, `4 GB`; thousands as Postgres counts them, by 1024. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? Math.round(value * 10) / 10 : Math.round(value)} ${units[unit] ?? ''}`;
}
