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
  const keys = new Set<string>();
  for (const row of rows) {
    if (row === null) continue;
    const key = orderKey(relationOid, keyColumns, row);
    if (key === null) return 'all';
    keys.add(key);
  }
  return [...keys];
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
