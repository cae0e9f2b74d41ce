// Columns with a value of one to three megabytes, of the shapes in which something that is right for short ones is slow, or
// runs out of memory: very many quotes, very many keys, very many items. Drawn rarely.

import fc, { type Arbitrary } from 'fast-check';
import type { CaseColumn } from '../test-case.ts';
import type { TypeTree, ValueTree } from '../type-tree.ts';

type MakeLarge = (bytes: number, unit: string) => Pick<CaseColumn, 'type' | 'values'>;

const units = ['x', '"', '\\', '\\"', '\n', 'é', '😀', '{"a": "b,c"}'];

const repeated = (unit: string, bytes: number): string =>
  unit.repeat(Math.ceil(bytes / Buffer.byteLength(unit)));

/** With quotes as JSON and hstore write them, of about so many bytes. */
const quoted = (unit: string, bytes: number): string =>
  `"${repeated(JSON.stringify(unit).slice(1, -1), bytes)}"`;

function plain(name: string, text: (bytes: number, unit: string) => string): MakeLarge {
  return (bytes, unit) => ({ type: { kind: 'plain', name }, values: [{ text: text(bytes, unit) }] });
}

/** Items of about 20 bytes. */
function list(bytes: number, item: (index: number) => string): string {
  return Array.from({ length: bytes / 20 }, (_, index) => item(index)).join(',');
}

function arrayOf(name: string, item: (index: number, unit: string) => string): MakeLarge {
  return (bytes, unit) => {
    const items: ValueTree[] = Array.from({ length: bytes / 20 }, (_, index) => ({
      text: item(index, unit),
    }));
    const type: TypeTree = { kind: 'array', of: { kind: 'plain', name } };
    return { type, values: [{ items, dimensions: [{ from: 1, size: items.length }] }] };
  };
}

function inComposite(inner: MakeLarge): MakeLarge {
  return (bytes, unit) => {
    const { type, values } = inner(bytes / 2, unit);
    const attributes = ['a', 'b'].map((name) => ({ name, type }));
    return {
      type: { kind: 'composite', isTable: false, attributes, droppedBefore: [] },
      values: values.map((value) => ({ fields: [value, value] })),
    };
  };
}

const text = plain('text', (bytes, unit) => repeated(unit, bytes));
const hstoreText = (unit: string): string => unit.replaceAll('\n', ' ');

const shapes: readonly MakeLarge[] = [
  text,
  plain('json', (bytes) => `{${list(bytes, (index) => `"key ${(index * 7919) % 100_003}" : ${index}.50`)}}`),
  plain('json', (bytes, unit) => `[${list(bytes, (index) => `{"b":${quoted(unit, 10)}, "a" :${index}e1}`)}]`),
  plain('json', (bytes, unit) => `{"long":${quoted(unit, bytes)}}`),
  plain('jsonb', (bytes, unit) => `{"long":${quoted(unit, bytes)}}`),
  plain('json', (bytes) => `"${String.raw`\u00e9\ud83d\ude00\/`.repeat(bytes / 20)}"`),
  plain('hstore', (bytes, unit) => `"long"=>${quoted(hstoreText(unit), bytes)}`),
  plain('hstore', (bytes, unit) => list(bytes, (index) => `"${index}"=>${quoted(hstoreText(unit), 5)}`)),
  plain('bytea', (bytes) => `\\x${'00ff5c22'.repeat(bytes / 8)}`),
  arrayOf('integer', (index) => String(index - 1000)),
  arrayOf('text', (index, unit) => `${unit}${index}`),
  inComposite(text),
  inComposite(arrayOf('text', (index, unit) => `${unit}${index}`)),
];

export const largeColumn: Arbitrary<CaseColumn> = fc
  .tuple(fc.constantFrom(...shapes), fc.integer({ min: 1, max: 3 }), fc.constantFrom(...units))
  .map(([make, megabytes, unit]) => {
    const { type, values } = make(megabytes * 1_000_000, unit);
    return { name: 'large', type, values: [...values, null] };
  });
