// Which records a change touches, as keys that hold deliveries in order. A changed key holds both; a table without a
// key is one record, because nothing tells its rows apart. A change whose key the log does not carry could be any record's: it
// overtakes nothing, and nothing overtakes it. (A partition whose identity is not its root's writes other key columns.)
import type { Row } from '../payload/row.ts';

/** `keyColumns` are positions in the row; `relationOid` keeps the tables of one webhook apart. */
export function orderKeys(
  relationOid: number,
  keyColumns: readonly number[],
  rows: readonly (Row | null)[],
): readonly string[] | 'all' {
  const keys: string[] = [];
  for (const row of rows) {
    if (row === null) continue;
    const key = orderKey(relationOid, keyColumns, row);
    if (key === null) return 'all';
    if (!keys.includes(key)) keys.push(key);
  }
  return keys;
}

function orderKey(relationOid: number, keyColumns: readonly number[], row: Row): string | null {
  let key = String(relationOid);
  for (const column of keyColumns) {
    const value = row[column];
    if (value === undefined) return null;
    // A length before each value keeps ('a', 'bc') and ('ab', 'c') apart.
    key += value === null ? '/-' : `/${value.length}:${value}`;
  }
  return key;
}

/**
 * One of these keys for people, without its table: the value of one column as it is, of several as Postgres prints `row(…)`: (a,b). Null
 * for a table without a key.
 */
export function recordKey(key: string): string | null {
  const values = keyValues(key);
  if (values.length < 2) return values[0] ?? null;
  return `(${values.map(quoted).join(',')})`;
}

function keyValues(key: string): (string | null)[] {
  const values: (string | null)[] = [];
  let at = key.indexOf('/');
  while (at !== -1 && at < key.length) {
    if (key[at + 1] === '-') {
      values.push(null);
      at += 2;
      continue;
    }
    const start = key.indexOf(':', at) + 1;
    const end = start + Number(key.slice(at + 1, start - 1));
    values.push(key.slice(start, end));
    at = end;
  }
  return values;
}

// https://www.postgresql.org/docs/current/rowtypes.html#ROWTYPES-IO-SYNTAX
function quoted(value: string | null): string {
  if (value === null) return '';
  if (value !== '' && !/[\s"\\(),]/.test(value)) return value;
  return `"${value.replace(/["\\]/g, '$&$&')}"`;
}
