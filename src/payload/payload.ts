// The payload of one change: {"type":…,"table":…,"companyId":…,"record":{…},"old":{…},"unchanged":[…],"partial":true}.
// It is put together as text, in this order and without spaces, so that no value passes through JavaScript's types.

import { encoderFor, type Encode } from './encode.ts';
import { quote } from './encode-scalar.ts';
import { requireWithinLimit } from './payload-too-large.ts';
import type { PayloadColumn, Row } from './row.ts';
import type { TypeCatalog } from './type-catalog.ts';

interface ColumnShape {
  /** The column's name as a JSON string. */
  readonly name: string;
  /** What stands before the value: the name and a colon, and a comma except in the first column. */
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
    columns: columns.map(({ name, typeOid }, index) => ({
      name: quote(name),
      opening: `${index === 0 ? '' : ','}${quote(name)}:`,
      encode: encoderFor(typeOid, catalog),
    })),
  };
}

/** @throws {PayloadTooLarge} as soon as a row's JSON is longer than a payload may be. */
export function buildPayload(input: PayloadInput): string {
  const { shape, record, old } = input;
  const printed = printRow(shape, record);
  const companyId = input.companyId === null ? 'null' : quote(input.companyId);
  let text = `{"type":"${input.type}","table":${quote(input.table)},"companyId":${companyId}`;
  text += `,"record":{${withoutComma(printed.text, record)}}`;
  if (old === null) text += ',"old":null';
  else if (old !== undefined) text += `,"old":{${withoutComma(oldText(shape, old, record, printed), old)}}`;
  // Of a DELETE the log carries the identity's columns or all of them: nothing in it is "unchanged".
  if (input.type !== 'DELETE') text += unchangedText(shape, record);
  if (input.isPartial) text += ',"partial":true';
  return `${text}}`;
}

/** There is no row to tell, and no company: rows of all of them are gone. */
export function buildTruncatePayload(table: string): string {
  return `{"type":"TRUNCATE","table":${quote(table)},"companyId":null,"record":null}`;
}

/** `record` with the values that the log left out taken from `old`, as far as `old` has them. */
export function fillUnchanged(record: Row, old: Row): Row {
  return record.includes(undefined)
    ? record.map((value, index) => (value === undefined ? old[index] : value))
    : record;
}

/** A row's columns with their names, and where in the text each one ends. */
interface PrintedRow {
  readonly text: string;
  readonly ends: readonly number[];
}

/** Below this V8 cuts a part out of a text for next to nothing; a long text it would copy first. */
const longestCut = 50_000;

function printRow({ columns }: RowShape, row: Row): PrintedRow {
  let text = '';
  const ends: number[] = [];
  for (const { opening, encode } of columns) {
    const value = row[ends.length];
    if (value !== undefined) {
      text += opening;
      text += value === null ? 'null' : encode(value);
      requireWithinLimit(text);
    }
    ends.push(text.length);
  }
  return { text, ends };
}

/** As the text of printRow. What both rows have, as in an UPDATE most of it is, is cut out of the record. */
function oldText(shape: RowShape, old: Row, record: Row, printed: PrintedRow): string {
  if (old === record) return printed.text;
  if (printed.text.length > longestCut) return printRow(shape, old).text;
  let text = '';
  let index = 0;
  let sameFrom = 0;
  let sameTo = 0;
  for (const { opening, encode } of shape.columns) {
    const end = printed.ends[index] ?? 0;
    const value = old[index];
    if (value !== record[index]) {
      text += printed.text.slice(sameFrom, sameTo);
      sameFrom = end;
      if (value !== undefined) {
        text += opening;
        text += value === null ? 'null' : encode(value);
      }
    }
    sameTo = end;
    index += 1;
  }
  return text + printed.text.slice(sameFrom, sameTo);
}

function withoutComma(text: string, row: Row): string {
  return row[0] === undefined ? text.slice(1) : text;
}

function unchangedText(shape: RowShape, record: Row): string {
  if (!record.includes(undefined)) return '';
  const names = shape.columns.filter((_, index) => record[index] === undefined).map(({ name }) => name);
  return `,"unchanged":[${names.join(',')}]`;
}
