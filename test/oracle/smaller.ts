// A failing case made smaller: fewer columns, fewer values, a type's own parts instead of the type, shorter texts. Each
// result is smaller than what it came from, so that shrinking ends; what Postgres refuses of it is passed over.

import fc, { type Arbitrary, type Random, type Stream, type Value } from 'fast-check';
import type { Alteration } from './alter.ts';
import { holdsTimes, simplerTimes } from './simpler-times.ts';
import type { CaseColumn, TestCase } from './test-case.ts';
import type { ArrayValue, TypeTree, ValueTree } from './type-tree.ts';

const mostParts = 128;
const mostItems = 400;

/** Draws as `inner` does, and shrinks as this file does: types and values together, as fast-check cannot after a chain. */
export class ShrinkingCases extends fc.Arbitrary<TestCase> {
  readonly #inner: Arbitrary<TestCase>;

  constructor(inner: Arbitrary<TestCase>) {
    super();
    this.#inner = inner;
  }

  override generate(random: Random, bias: number | undefined): Value<TestCase> {
    return new fc.Value(this.#inner.generate(random, bias).value, undefined);
  }

  override canShrinkWithoutContext(_value: unknown): _value is TestCase {
    return true;
  }

  override shrink(testCase: TestCase): Stream<Value<TestCase>> {
    return fc.stream(smallerCases(testCase)).map((each) => new fc.Value(each, undefined));
  }
}

export function* smallerCases(testCase: TestCase): Generator<TestCase> {
  const { identity, columns, alteration } = testCase;
  if (alteration !== undefined) yield { identity, columns };
  if (columns.length > 1) {
    for (const column of columns) yield { ...testCase, columns: [column] };
    for (const left of columns) yield { ...testCase, columns: columns.filter((column) => column !== left) };
  }
  for (const smaller of smallerAlterations(alteration)) yield { ...testCase, alteration: smaller };
  for (const [index, column] of columns.entries()) {
    for (const smaller of smallerColumns(column))
      yield { ...testCase, columns: columns.with(index, smaller) };
  }
  if (identity === 'key') yield { ...testCase, identity: 'full' };
}

/** Without all that is altered before a statement, or without one of it; the other steps may then mean other attributes. */
function* smallerAlterations(alteration: Alteration | undefined): Generator<Alteration> {
  if (alteration === undefined) return;
  const { composite, before } = alteration;
  for (const [index, steps] of before.entries()) {
    if (steps.length > 0) yield { composite, before: before.with(index, []) };
    if (steps.length < 2) continue;
    for (const at of steps.keys()) yield { composite, before: before.with(index, steps.toSpliced(at, 1)) };
  }
  if (composite > 0) yield { composite: composite - 1, before };
}

function* smallerColumns(column: CaseColumn): Generator<CaseColumn> {
  const { name, type, values } = column;
  for (const fewer of smallerLists(values)) if (fewer.length > 0) yield { ...column, values: fewer };
  for (const part of partsOf(type, values)) {
    const filled = part.values.filter((value) => value !== null);
    yield { name, type: part.type, values: filled.length > 0 ? filled : [null] };
  }
  for (const part of simplerTypes(type, values)) yield { name, ...part };
  if (values.length === 1) {
    for (const value of smallerValues(type, values[0] ?? null)) yield { name, type, values: [value] };
  }
  if (name !== 'value') yield { ...column, name: 'value' };
}

/** Halves, then single items, then one less; of many items only halves. */
function* smallerLists<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length < 2) return;
  const middle = Math.ceil(items.length / 2);
  yield items.slice(0, middle);
  yield items.slice(middle);
  if (items.length === 2 || items.length > mostItems) return;
  for (const item of items) yield [item];
  for (const index of items.keys()) yield items.toSpliced(index, 1);
}

type Dealt = Pick<CaseColumn, 'type' | 'values'>;

/** A type's parts, with the values they had inside of it. */
function partsOf(type: TypeTree, values: readonly ValueTree[]): Dealt[] {
  if (type.kind === 'domain') return [{ type: type.over, values }];
  if (type.kind === 'array') {
    return [
      {
        type: type.of,
        values: values.flatMap((value) => (value !== null && 'items' in value ? value.items : [])),
      },
    ];
  }
  if (type.kind !== 'composite') return [];
  return type.attributes.map((attribute, index) => ({
    type: attribute.type,
    values: values.map((value) =>
      value !== null && 'fields' in value ? (value.fields[index] ?? null) : null,
    ),
  }));
}

/** The same kind of type, with less in it; also deep inside. */
function* simplerTypes(type: TypeTree, values: readonly ValueTree[]): Generator<Dealt> {
  if (type.kind === 'domain') {
    for (const over of simplerInside(type.over, values)) {
      yield { type: { kind: 'domain', over: over.type }, values: over.values };
    }
  } else if (type.kind === 'array') {
    for (const of of simplerItems(type.of, values)) yield of;
  } else if (type.kind === 'composite') {
    yield* simplerComposites(type, values);
  } else if (type.kind === 'enum') {
    const used = type.labels.filter((label) =>
      values.some((value) => value !== null && 'text' in value && value.text === label),
    );
    if (used.length < type.labels.length && used.length > 0)
      yield { type: { ...type, labels: used }, values };
    if (type.hasCast) yield { type: { ...type, hasCast: false }, values };
  } else if (type.kind !== 'plain' && type.hasCast) {
    yield { type: { ...type, hasCast: false }, values };
  }
}

function* simplerInside(type: TypeTree, values: readonly ValueTree[]): Generator<Dealt> {
  yield* partsOf(type, values);
  yield* simplerTypes(type, values);
}

/** Item types with the same number of values, so that the arrays keep their shape. */
function* simplerItems(of: TypeTree, values: readonly ValueTree[]): Generator<Dealt> {
  const arrays = values.map((value) => (value !== null && 'items' in value ? value : null));
  const items = arrays.flatMap((array) => array?.items ?? []);
  for (const simpler of simplerInside(of, items)) {
    if (simpler.values.length !== items.length || simpler.type.kind === 'array') continue;
    let at = 0;
    const refilled = arrays.map((array) => {
      if (array === null) return null;
      const next = { ...array, items: simpler.values.slice(at, at + array.items.length) };
      at += array.items.length;
      return next;
    });
    yield { type: { kind: 'array', of: simpler.type }, values: refilled };
  }
}

function* simplerComposites(
  type: TypeTree & { kind: 'composite' },
  values: readonly ValueTree[],
): Generator<Dealt> {
  const { attributes, droppedBefore } = type;
  const change = (index: number, ...insert: (readonly [TypeTree, readonly ValueTree[]])[]): Dealt => ({
    type: {
      ...type,
      attributes: attributes.toSpliced(
        index,
        1,
        ...insert.map(([inner]) => ({ name: attributes[index]?.name ?? '', type: inner })),
      ),
    },
    values: values.map((value, row) =>
      value !== null && 'fields' in value
        ? { fields: value.fields.toSpliced(index, 1, ...insert.map(([, inner]) => inner[row] ?? null)) }
        : value,
    ),
  });
  for (const index of attributes.keys()) yield change(index);
  if (droppedBefore.length > 0) yield { type: { ...type, droppedBefore: droppedBefore.slice(1) }, values };
  if (type.isTable) yield { type: { ...type, isTable: false }, values };
  for (const [index, part] of partsOf(type, values).entries()) {
    for (const simpler of simplerInside(part.type, part.values)) {
      if (simpler.values.length === values.length) yield change(index, [simpler.type, simpler.values]);
    }
    const plainName = `a${index + 1}`;
    if (attributes[index]?.name === plainName) continue;
    const renamed = attributes.with(index, { name: plainName, type: part.type });
    yield { type: { ...type, attributes: renamed }, values };
  }
}

function* smallerValues(type: TypeTree, value: ValueTree): Generator<ValueTree> {
  if (value === null) return;
  if ('text' in value) {
    const texts = holdsTimes(withoutDomains(type)) ? simplerTimes(value.text) : smallerTexts(value.text);
    for (const text of texts) yield { text };
  } else if ('fields' in value) yield* smallerRows(type, value.fields);
  else yield* smallerArrays(type, value);
}

/** Of a long text only large parts are taken away: it comes by again when it is shorter. */
function* smallerTexts(text: string): Generator<string> {
  const characters = [...text];
  for (let size = characters.length; size >= 1; size = Math.floor(size / 2)) {
    if (characters.length > 400 && size < characters.length / mostParts) return;
    for (let at = 0; at < characters.length; at += size) yield characters.toSpliced(at, size).join('');
  }
}

function* smallerRows(type: TypeTree, fields: readonly ValueTree[]): Generator<ValueTree> {
  for (const [index, field] of fields.entries()) {
    if (field === null) continue;
    yield { fields: fields.with(index, null) };
    const attribute = type.kind === 'composite' ? type.attributes[index] : undefined;
    if (attribute === undefined) continue;
    for (const smaller of smallerValues(attribute.type, field)) yield { fields: fields.with(index, smaller) };
  }
}

function* smallerArrays(type: TypeTree, { items, dimensions }: ArrayValue): Generator<ValueTree> {
  const flat = (some: readonly ValueTree[]): ArrayValue => ({
    items: some,
    dimensions: some.length === 0 ? [] : [{ from: 1, size: some.length }],
  });
  if (items.length > 0) yield flat([]);
  if (dimensions.length > 1 || dimensions.some(({ from }) => from !== 1)) yield flat(items);
  if (dimensions.some(({ from }) => from !== 1)) {
    yield { items, dimensions: dimensions.map(({ size }) => ({ from: 1, size })) };
  }
  for (const fewer of smallerLists(items)) {
    yield flat(fewer);
    if (fewer.length === 1)
      yield { items: fewer, dimensions: dimensions.map(({ from }) => ({ from, size: 1 })) };
  }
  const itemType = type.kind === 'array' ? type.of : type.kind === 'domain' ? innermost(type) : type;
  for (const [index, item] of items.entries()) {
    if (items.length > 1 && item !== null) yield { items: items.with(index, null), dimensions };
    for (const smaller of smallerValues(itemType, item))
      yield { items: items.with(index, smaller), dimensions };
  }
}

function withoutDomains(type: TypeTree): TypeTree {
  return type.kind === 'domain' ? withoutDomains(type.over) : type;
}

/** The item type of a domain over an array. */
function innermost(type: TypeTree): TypeTree {
  if (type.kind === 'domain') return innermost(type.over);
  return type.kind === 'array' ? type.of : type;
}
