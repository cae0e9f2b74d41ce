// The payload of one change: {"type":…,"table":…,"companyId":…,"record":{…},"old":{…},"unchanged":[…],"partial":true}.
// It is put together as text, in this order and without spaces, so that no value passes through JavaScript's types.

import { encoderFor, type Encode } from './encode.ts';
import type { PayloadColumn, Row } from './row.ts';
import type { TypeCatalog } from './type-catalog.ts';

interface ColumnShape {
  /** The column's name as a JSON string. */
  readonly name: string;
  readonly encode: Encode;
}

/** A relation's columns, ready to print: names escaped, encoders chosen. Lasts as long as the relation's columns do. */
export interface RowShape {
  readonly columns: readonly ColumnShape[];
}

export interface PayloadInput {
  readonly type: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly table: string;
  readonly companyId: string | null;
  readonly shape: RowShape;
  readonly record: Row;
  /** undefined: no key `old` (INSERT); null: `"old":null`. */
  readonly old: Row | null | undefined;
  /** The log carried only the identity's columns of `old`, and of a DELETE's `record`. */
  readonly isPartial: boolean;
}

export function compileShape(columns: readonly PayloadColumn[], catalog: TypeCatalog): RowShape {
  return {
    columns: columns.map(({ name, typeOid }) => ({
      name: JSON.stringify(name),
      encode: encoderFor(typeOid, catalog),
    })),
  };
}

export function buildPayload(input: PayloadInput): string {
  const { shape, record, old } = input;
  const recordText = rowText(shape, record);
  const companyId = input.companyId === null ? 'null' : JSON.stringify(input.companyId);
  let text = `{"type":"${input.type}","table":${JSON.stringify(input.table)},"companyId":${companyId}`;
  text += `,"record":${recordText}`;
  if (old === null) text += ',"old":null';
  else if (old !== undefined) text += `,"old":${old === record ? recordText : rowText(shape, old)}`;
  // Of a DELETE the log carries the identity's columns or all of them: nothing in it is "unchanged".
  if (input.type !== 'DELETE') text += unchangedText(shape, record);
  if (input.isPartial) text += ',"partial":true';
  return `${text}}`;
}

/** `record` with the values the log left out taken from `old`: right where the identity is full, so that `old` is whole. */
export function fillUnchanged(record: Row, old: Row): Row {
  return record.includes(undefined)
    ? record.map((value, index) => (value === undefined ? old[index] : value))
    : record;
}

function rowText(shape: RowShape, row: Row): string {
  let text = '';
  for (const [index, { name, encode }] of shape.columns.entries()) {
    const value = row[index];
    if (value === undefined) continue;
    if (text !== '') text += ',';
    text += `${name}:${value === null ? 'null' : encode(value)}`;
  }
  return `{${text}}`;
}

function unchangedText(shape: RowShape, record: Row): string {
  if (!record.includes(undefined)) return '';
  const names = shape.columns.filter((_, index) => record[index] === undefined).map(({ name }) => name);
  return `,"unchanged":[${names.join(',')}]`;
}
