// The payload of one change: {"type":…,"table":…,"companyId":…,"record":{…},"old":{…},"unchanged":[…],"partial":true}.
// It is put together as text, in this order and without spaces, so that no value passes through JavaScript's types.

import { encoderFor, type Encode } from './encode.ts';
import { quote } from './encode-scalar.ts';
import type { PayloadColumn, Row } from './row.ts';
import type { TypeCatalog } from './type-catalog.ts';

interface ColumnShape {
  /** The column's name as a JSON string. */
  readonly name: string;
  /** What stands before the value: a comma, the name and a colon. */
  readonly opening: string;
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
      name: quote(name),
      opening: `,${quote(name)}:`,
      encode: encoderFor(typeOid, catalog),
    })),
  };
}

export function buildPayload(input: PayloadInput): string {
  const { shape, record, old } = input;
  const printed = printRow(shape, record);
  const companyId = input.companyId === null ? 'null' : quote(input.companyId);
  let text = `{"type":"${input.type}","table":${quote(input.table)},"companyId":${companyId}`;
  text += `,"record":{${printed.text.slice(1)}}`;
  if (old === null) text += ',"old":null';
  else if (old !== undefined) text += `,"old":{${oldText(shape, old, record, printed).slice(1)}}`;
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

/** A row's columns, each with a comma before it, and where in the text each one ends. */
interface PrintedRow {
  readonly text: string;
  readonly ends: readonly number[];
}

function printRow({ columns }: RowShape, row: Row): PrintedRow {
  let text = '';
  const ends: number[] = [];
  for (const column of columns) {
    text += columnText(column, row[ends.length]);
    ends.push(text.length);
  }
  return { text, ends };
}

/** As `text` of a printed row. What stands in both rows, as most of an UPDATE does, is cut out of the record. */
function oldText({ columns }: RowShape, old: Row, record: Row, printed: PrintedRow): string {
  let text = '';
  let index = 0;
  let sameFrom = 0;
  let sameTo = 0;
  for (const column of columns) {
    const end = printed.ends[index] ?? 0;
    const value = old[index];
    if (value !== record[index]) {
      text += printed.text.slice(sameFrom, sameTo);
      text += columnText(column, value);
      sameFrom = end;
    }
    sameTo = end;
    index += 1;
  }
  return text + printed.text.slice(sameFrom, sameTo);
}

function columnText({ opening, encode }: ColumnShape, value: Row[number]): string {
  if (value === undefined) return '';
  return opening + (value === null ? 'null' : encode(value));
}

function unchangedText(shape: RowShape, record: Row): string {
  if (!record.includes(undefined)) return '';
  const names = shape.columns.filter((_, index) => record[index] === undefined).map(({ name }) => name);
  return `,"unchanged":[${names.join(',')}]`;
}
