// Which records a change touches, as keys that hold deliveries in order. A changed key holds both; a table without a
// key is one record, because nothing tells its rows apart.
import type { Row } from '../payload/row.ts';

/** `keyColumns` are positions in the row; `relationOid` keeps the tables of one webhook apart. */
export function orderKeys(
  relationOid: number,
  keyColumns: readonly number[],
  rows: readonly (Row | null)[],
): readonly string[] {
  const keys = new Set<string>();
  for (const row of rows) if (row !== null) keys.add(orderKey(relationOid, keyColumns, row));
  return [...keys];
}

function orderKey(relationOid: number, keyColumns: readonly number[], row: Row): string {
  let key = String(relationOid);
  for (const column of keyColumns) {
    const value = row[column];
    // A key whose value the log does not carry could be any record's.
    if (value === undefined) return String(relationOid);
    // A length before each value keeps ('a', 'bc') and ('ab', 'c') apart.
    key += value === null ? '/-' : `/${value.length}:${value}`;
  }
  return key;
}
