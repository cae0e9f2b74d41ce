// The payload's outer shape, byte for byte.

import { expect, test } from 'vitest';
import { buildPayload, compileShape, fillUnchanged, type PayloadInput } from '../../src/payload/payload.ts';
import { catalogFromRows } from '../../src/payload/type-catalog.ts';

const shape = compileShape(
  [
    { name: 'id', typeOid: 20 },
    { name: 'companyId', typeOid: 25 },
    { name: 'doc', typeOid: 3802 },
    { name: 'sum', typeOid: 1700 },
  ],
  catalogFromRows([]),
);

const newRow = ['9007199254740993', 'abc123', '{"a": 1}', '1.50'];
const oldRow = ['9007199254740993', 'abc123', null, '1.40'];

function payload(input: Partial<PayloadInput>): string {
  return buildPayload({
    type: 'UPDATE',
    table: 'salesOrder',
    companyId: 'abc123',
    shape,
    record: newRow,
    old: undefined,
    isPartial: false,
    ...input,
  });
}

const newText = '{"id":9007199254740993,"companyId":"abc123","doc":{"a": 1},"sum":1.50}';
const oldText = '{"id":9007199254740993,"companyId":"abc123","doc":null,"sum":1.40}';
const keyRow = ['9007199254740993', 'abc123', undefined, undefined];
const keyText = '{"id":9007199254740993,"companyId":"abc123"}';

test('an INSERT has no key "old"', () => {
  expect(payload({ type: 'INSERT' })).toBe(
    `{"type":"INSERT","table":"salesOrder","companyId":"abc123","record":${newText}}`,
  );
});

test('an UPDATE has the new and the old row', () => {
  expect(payload({ old: oldRow })).toBe(
    `{"type":"UPDATE","table":"salesOrder","companyId":"abc123","record":${newText},"old":${oldText}}`,
  );
});

test('an UPDATE whose old row the log does not carry says null', () => {
  expect(payload({ old: null })).toBe(
    `{"type":"UPDATE","table":"salesOrder","companyId":"abc123","record":${newText},"old":null}`,
  );
});

test('a DELETE has the same row twice', () => {
  expect(payload({ type: 'DELETE', record: oldRow, old: oldRow })).toBe(
    `{"type":"DELETE","table":"salesOrder","companyId":"abc123","record":${oldText},"old":${oldText}}`,
  );
});

test('an UPDATE leaves out what the log does not carry and names it', () => {
  const record = ['1', undefined, undefined, '1.50'];
  expect(payload({ record, old: null })).toBe(
    '{"type":"UPDATE","table":"salesOrder","companyId":"abc123","record":{"id":1,"sum":1.50},"old":null,' +
      '"unchanged":["companyId","doc"]}',
  );
});

test('the new side of a row that moved between companies names what the log does not carry', () => {
  const record = ['1', 'abc123', undefined, '1.50'];
  expect(payload({ type: 'INSERT', record })).toBe(
    '{"type":"INSERT","table":"salesOrder","companyId":"abc123","record":{"id":1,"companyId":"abc123","sum":1.50},' +
      '"unchanged":["doc"]}',
  );
});

test('an UPDATE with the key columns of the old row is marked partial, after the unchanged columns', () => {
  const record = ['1', 'abc123', undefined, '1.50'];
  expect(payload({ record, old: keyRow, isPartial: true })).toBe(
    '{"type":"UPDATE","table":"salesOrder","companyId":"abc123","record":{"id":1,"companyId":"abc123","sum":1.50},' +
      `"old":${keyText},"unchanged":["doc"],"partial":true}`,
  );
});

test('a DELETE of which the log has only the key is marked partial and calls nothing unchanged', () => {
  expect(payload({ type: 'DELETE', record: keyRow, old: keyRow, isPartial: true })).toBe(
    `{"type":"DELETE","table":"salesOrder","companyId":"abc123","record":${keyText},"old":${keyText},"partial":true}`,
  );
});

test('a change of no company has companyId null', () => {
  expect(payload({ type: 'INSERT', companyId: null })).toContain(
    '"table":"salesOrder","companyId":null,"record"',
  );
});

test('the table and the company are escaped', () => {
  expect(payload({ type: 'INSERT', table: 'a"b', companyId: 'c\\d\n' })).toContain(
    '"table":"a\\"b","companyId":"c\\\\d\\n",',
  );
});

test('a row without columns is an empty object', () => {
  const empty = compileShape([], catalogFromRows([]));
  expect(payload({ type: 'INSERT', shape: empty, record: [] })).toContain('"record":{}}');
});

test('a null is null in a column of any type', () => {
  const record = [null, null, null, null];
  expect(payload({ type: 'INSERT', companyId: null, record })).toContain(
    '"record":{"id":null,"companyId":null,"doc":null,"sum":null}}',
  );
});

test('columns keep their order and any name works', () => {
  const names = ['__proto__', '10', '2', 'constructor', 'say "hi"', '', 'naïve\\\n'];
  const odd = compileShape(
    names.map((name) => ({ name, typeOid: 25 })),
    catalogFromRows([]),
  );
  const record = names.map((_, index) => String(index));
  expect(payload({ type: 'INSERT', shape: odd, record })).toContain(
    `"record":{${names.map((name, index) => `${JSON.stringify(name)}:"${index}"`).join(',')}}`,
  );
});

test('unchanged columns are filled from the old row, and nothing else is', () => {
  expect(fillUnchanged(['1', undefined, null, undefined], ['0', 'a', 'b', null])).toEqual([
    '1',
    'a',
    null,
    null,
  ]);
});

test('a row that lacks nothing is not copied', () => {
  expect(fillUnchanged(newRow, oldRow)).toBe(newRow);
});
