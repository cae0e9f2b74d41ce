// Rows that resemble each other, and strings that need escaping, against the plainest way to print them.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { quote } from '../../src/payload/encode-scalar.ts';
import { buildPayload, compileShape } from '../../src/payload/payload.ts';
import type { Row } from '../../src/payload/row.ts';
import { catalogFromRows } from '../../src/payload/type-catalog.ts';

const textOid = 25;
const columns = ['id', 'name', 'a"b', 'note'].map((name) => ({ name, typeOid: textOid }));
const shape = compileShape(columns, catalogFromRows([]));

// Few values, so that many columns are alike.
const value = fc.constantFrom('', 'a', 'say "hi"', 'é'.repeat(40), null, undefined);
const row = fc.tuple(value, value, value, value);

function expected(record: Row, old: Row): string {
  const object = (values: Row): object =>
    Object.fromEntries(columns.map(({ name }, index) => [name, values[index]]));
  const unchanged = columns.filter((_, index) => record[index] === undefined).map(({ name }) => name);
  return JSON.stringify({
    type: 'UPDATE',
    table: 'doc',
    companyId: 'c1',
    record: object(record),
    old: object(old),
    unchanged: unchanged.length > 0 ? unchanged : undefined,
  });
}

function payload(record: Row, old: Row): string {
  return buildPayload({
    type: 'UPDATE',
    table: 'doc',
    companyId: 'c1',
    shape,
    record,
    old,
    isPartial: false,
  });
}

test('old and record are each their own row, whatever both have in common', () => {
  fc.assert(
    fc.property(row, row, (record, old) => {
      expect(payload(record, old)).toBe(expected(record, old));
    }),
  );
});

test('a long text that did not change is in both rows', () => {
  const long = 'Größe "0"\n'.repeat(10_000);
  const [record, old] = [
    ['1', long, 'new', 'x'],
    ['1', long, 'old', 'x'],
  ];
  expect(payload(record, old)).toBe(expected(record, old));
});

test('a string is escaped as JSON.stringify escapes it, whatever its length', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 80 });
  const special = fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', '\0', '\x1f', '\x7f', '\ud83d', '\ude00', '😀'),
  });
  fc.assert(
    fc.property(fc.oneof(anything, special), (text) => {
      expect(quote(text)).toBe(JSON.stringify(text));
    }),
  );
});
