// One case: a table's columns with the values that its rows get. Drawn at random from types and values of types.

import fc, { type Arbitrary } from 'fast-check';
import type { Alteration, AlterStep } from './alter.ts';
import { plainTexts, plainTypeNames } from './plain-types.ts';
import type { ArrayValue, CompositeType, RangeType, TypeTree, ValueTree } from './type-tree.ts';
import { largeColumn } from './values/large.ts';
import { multirangeTexts, rangeTexts, subtypes } from './values/ranges.ts';
import { anyLabel, anyName } from './values/texts.ts';

export interface TestCase {
  /** The replica identity: every column, or only the key. */
  readonly identity: 'full' | 'key';
  /** At least one; names are unique. */
  readonly columns: readonly CaseColumn[];
  readonly alteration?: Alteration | undefined;
}

export interface CaseColumn {
  readonly name: string;
  readonly type: TypeTree;
  /** One for each row; where another column has more, the rest is NULL. */
  readonly values: readonly ValueTree[];
}

/** Names that a column cannot have: the system's, and those of the key. */
const takenNames = ['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'row', 'version'];

export const columnName = anyName.filter((name) => !takenNames.includes(name));

/** Drawn more often: their values have the most ways to go wrong. */
const intricate = ['json', 'hstore', 'text', 'numeric', 'real', 'double precision', 'timestamptz'];

const addedTypes = ['text', 'integer', 'json', 'hstore', 'timestamptz', 'numeric'];

const nullRate = 6;
const mostItems = 8;

export class CaseArbitraries {
  readonly #major: number;

  constructor(major: number) {
    this.#major = major;
  }

  case(): Arbitrary<TestCase> {
    const columns = fc.oneof(
      { weight: 100, arbitrary: this.#columns() },
      { weight: 1, arbitrary: largeColumn.map((column) => [column]) },
    );
    return fc.record({
      identity: fc.constantFrom('full', 'full', 'key'),
      columns,
      alteration: fc.option(this.#alteration(), { nil: undefined, freq: 2 }),
    });
  }

  #columns(): Arbitrary<readonly CaseColumn[]> {
    return fc.uniqueArray(this.#column(), { minLength: 1, maxLength: 8, selector: ({ name }) => name });
  }

  #alteration(): Arbitrary<Alteration> {
    const index = fc.nat(7);
    const added = fc.constantFrom(...addedTypes).chain((name) =>
      fc.tuple(columnName, plainTexts(name, this.#major)).map(([attribute, text]): AlterStep => ({
        kind: 'add',
        name: attribute,
        type: { kind: 'plain', name },
        text,
      })),
    );
    const renamed = fc
      .tuple(index, columnName)
      .map(([at, name]): AlterStep => ({ kind: 'rename', index: at, name }));
    const step = fc.oneof(
      added,
      renamed,
      index.map((at): AlterStep => ({ kind: 'drop', index: at })),
    );
    const before = fc.array(fc.array(step, { maxLength: 2 }), { minLength: 3, maxLength: 3 });
    return fc.record({ composite: index, before });
  }

  #column(): Arbitrary<CaseColumn> {
    return fc
      .tuple(columnName, this.type(3))
      .chain(([name, type]) =>
        fc
          .array(this.value(type), { minLength: 1, maxLength: 24, size: 'max' })
          .map((values) => ({ name, type, values })),
      );
  }

  type(depth: number): Arbitrary<TypeTree> {
    const flat = [
      { weight: 8, arbitrary: this.#plainType() },
      { weight: 1, arbitrary: enumType },
      { weight: 1, arbitrary: rangeType },
    ];
    if (depth === 0) return fc.oneof(...flat);
    const inner = this.type(depth - 1);
    const item = inner.filter(({ kind }) => kind !== 'array');
    return fc.oneof(
      ...flat,
      { weight: 4, arbitrary: item.map((of): TypeTree => ({ kind: 'array', of })) },
      { weight: 3, arbitrary: inner.map((over): TypeTree => ({ kind: 'domain', over })) },
      { weight: 4, arbitrary: compositeOf(inner) },
    );
  }

  /** NULL now and then. */
  value(type: TypeTree): Arbitrary<ValueTree> {
    return fc.option(this.filled(type), { freq: nullRate });
  }

  filled(type: TypeTree): Arbitrary<NonNullable<ValueTree>> {
    switch (type.kind) {
      case 'plain':
        return plainTexts(type.name, this.#major).map((text) => ({ text }));
      case 'enum':
        return fc.constantFrom(...type.labels).map((text) => ({ text }));
      case 'range':
        return rangeTexts(type.over).map((text) => ({ text }));
      case 'multirange':
        return multirangeTexts(type.over).map((text) => ({ text }));
      case 'domain':
        return this.filled(type.over);
      case 'composite':
        return fc
          .tuple(...type.attributes.map((attribute) => this.value(attribute.type)))
          .map((fields) => ({ fields }));
      case 'array':
        return this.#array(type.of);
    }
  }

  #plainType(): Arbitrary<TypeTree> {
    const names = fc.constantFrom(...plainTypeNames(this.#major));
    return fc
      .oneof({ weight: 5, arbitrary: names }, { weight: 1, arbitrary: fc.constantFrom(...intricate) })
      .map((name) => ({ kind: 'plain', name }));
  }

  #array(itemType: TypeTree): Arbitrary<ArrayValue> {
    const dimension = fc.record({
      from: fc.oneof({ weight: 3, arbitrary: fc.constant(1) }, fc.integer({ min: -5, max: 5 })),
      size: fc.integer({ min: 1, max: 4 }),
    });
    return fc
      .array(dimension, { maxLength: 4 })
      .map(keepSmall)
      .chain((dimensions) => {
        const count = dimensions.length === 0 ? 0 : sizeOf(dimensions);
        return fc
          .array(this.value(itemType), { minLength: count, maxLength: count })
          .map((items) => ({ items, dimensions }));
      });
  }
}

function compositeOf(inner: Arbitrary<TypeTree>): Arbitrary<CompositeType> {
  return fc.record({
    kind: fc.constant('composite'),
    isTable: fc.boolean(),
    attributes: fc.uniqueArray(fc.record({ name: columnName, type: inner }), {
      maxLength: 4,
      selector: ({ name }) => name,
    }),
    droppedBefore: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
  });
}

const enumType: Arbitrary<TypeTree> = fc.record({
  kind: fc.constant('enum'),
  labels: fc.uniqueArray(anyLabel, { minLength: 1, maxLength: 5 }),
  hasCast: fc.boolean(),
});

const rangeType: Arbitrary<RangeType> = fc.record({
  kind: fc.constantFrom('range', 'multirange'),
  over: fc.constantFrom(...Object.keys(subtypes)),
  hasCast: fc.boolean(),
});

type Dimensions = ArrayValue['dimensions'];

function sizeOf(dimensions: Dimensions): number {
  return dimensions.reduce((product, { size }) => product * size, 1);
}

/** Later dimensions become one item long where there would be too many items. */
function keepSmall(dimensions: Dimensions): Dimensions {
  const kept: ArrayValue['dimensions'][number][] = [];
  for (const { from, size } of dimensions) {
    kept.push({ from, size: sizeOf(kept) * size > mostItems ? 1 : size });
  }
  return kept;
}
