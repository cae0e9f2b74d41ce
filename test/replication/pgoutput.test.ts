// Rows as pgoutput writes them, read back.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  readRow,
  readTruncateOids,
  type RelationMessage,
  type TupleValues,
} from '../../src/replication/pgoutput.ts';

// An oid with bytes beyond ASCII, which says nothing about the row's text.
const relation: RelationMessage = { oid: 0xfffe, schema: 'app', name: 'doc', identity: 'f', columns: [] };

function tuple(kind: string, values: TupleValues): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(values.length);
  return Buffer.concat([Buffer.from(kind), count, ...values.map(cell)]);
}

function cell(value: string | null | undefined): Buffer {
  if (value === undefined) return Buffer.from('u');
  if (value === null) return Buffer.from('n');
  const text = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([Buffer.from('t'), length, text]);
}

function message(type: string, ...tuples: Buffer[]): Buffer {
  const oid = Buffer.alloc(4);
  oid.writeUInt32BE(relation.oid);
  return Buffer.concat([Buffer.from(type), oid, ...tuples]);
}

const value = fc.oneof(
  fc.string({ unit: 'binary-ascii' }),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom(null, undefined, '', 'x'.repeat(130), 'ß'.repeat(70), 'y'.repeat(5_000)),
);
const values = fc.array(value, { maxLength: 6 });

test('every value is read as it was written: in ASCII or not, short or long', () => {
  fc.assert(
    fc.property(values, values, (record, old) => {
      const update = message('U', tuple('O', old), tuple('N', record));
      expect(readRow(update, relation)).toEqual({
        record,
        old,
        isOldPartial: false,
        bytes: update.length,
      });
    }),
  );
});

test('what was read stays when the buffer is used again', () => {
  const insert = message('I', tuple('N', ['company-with-a-long-id', 'größer als zuvor']));
  const { record } = readRow(insert, relation);
  insert.fill(0);
  expect(record).toEqual(['company-with-a-long-id', 'größer als zuvor']);
});

test('a TRUNCATE tells its tables, however it was asked for', () => {
  const cascadeRestart = Buffer.from('54000000020300004001ffffffff', 'hex');
  expect(readTruncateOids(cascadeRestart)).toEqual([0x4001, 0xffffffff]);
  expect(readTruncateOids(Buffer.from('54000000010000004002', 'hex'))).toEqual([0x4002]);
});

test('a kind of column that text mode does not have is an error', () => {
  const binary = message('I', Buffer.from('N\x00\x01b'));
  expect(() => readRow(binary, relation)).toThrow('pgoutput sent a column of kind 0x62');
});
