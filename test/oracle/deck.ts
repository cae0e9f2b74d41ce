// The cases that every run begins with: every type with all its edge values, and every type inside an array, a composite
// and a domain. Only the order, and so which columns share a table, is random.

import fc, { type Arbitrary } from 'fast-check';
import { edgesOf, plainTypeNames } from './plain-types.ts';
import type { CaseArbitraries, CaseColumn, TestCase } from './test-case.ts';
import type { ArrayValue, CompositeType, TypeTree, ValueTree } from './type-tree.ts';
import { subtypes } from './values/ranges.ts';

const columnsPerCase = 10;
const attributesPerComposite = 4;

type Dealt = Omit<CaseColumn, 'name'>;

export function deckOf(major: number, arbitraries: CaseArbitraries): Arbitrary<TestCase[]> {
  const singles = plainTypeNames(major).map((name) => single(name, major));
  const composites = chunksOf(singles, attributesPerComposite).map((parts) => composite(parts));
  const fixed = [
    ...singles,
    ...singles.map((dealt) => arrayOf(dealt)),
    ...composites,
    ...composites.map((dealt) => arrayOf(dealt)),
    ...singles.map((dealt, index) => wrapped(dealt, index)),
  ];
  return fc
    .tuple(...madeTypes.map((type) => withRandomValues(type, arbitraries)))
    .map((made) => [...fixed, ...made, ...made.map((dealt) => arrayOf(dealt))])
    .chain((all) => fc.shuffledSubarray(all, { minLength: all.length }))
    .map((all) => chunksOf(all, columnsPerCase).map((dealt, index) => caseOf(dealt, index)));
}

function caseOf(dealt: readonly Dealt[], index: number): TestCase {
  return {
    identity: index % 4 === 3 ? 'key' : 'full',
    columns: dealt.map((each, place) => ({ name: `c${place}`, ...each })),
  };
}

const madeTypes: readonly TypeTree[] = [
  ...Object.keys(subtypes).map((over): TypeTree => ({ kind: 'range', over, hasCast: false })),
  { kind: 'multirange', over: 'numeric', hasCast: false },
  { kind: 'multirange', over: 'text', hasCast: false },
  { kind: 'range', over: 'integer', hasCast: true },
  { kind: 'multirange', over: 'text', hasCast: true },
  { kind: 'enum', labels: ['open', 'say "done"', 'a,b', '{\\}', '😀', "it's"], hasCast: false },
  { kind: 'enum', labels: ['open', 'say "done"', '\\'], hasCast: true },
  { kind: 'composite', isTable: false, attributes: [], droppedBefore: [0] },
];

function withRandomValues(type: TypeTree, arbitraries: CaseArbitraries): Arbitrary<Dealt> {
  const values = fc.array(arbitraries.filled(type), { minLength: 6, maxLength: 6 });
  return values.map((drawn) => ({ type, values: [...drawn, null] }));
}

function single(name: string, major: number): Dealt {
  return { type: { kind: 'plain', name }, values: [...edgesOf(name, major).map((text) => ({ text })), null] };
}

function arrayOf({ type, values }: Dealt): Dealt {
  const [first = null, second = first] = values;
  const line = (items: readonly ValueTree[], from = 1): ArrayValue => ({
    items,
    dimensions: [{ from, size: items.length }],
  });
  const square = [first, null, second, first];
  const arrays: ArrayValue[] = [
    line(values),
    line([first], -3),
    { items: [], dimensions: [] },
    { items: square, dimensions: [1, 0].map((from) => ({ from, size: 2 })) },
    { items: square.slice(2), dimensions: [1, 1, 2].map((size) => ({ from: 1, size })) },
  ];
  return { type: { kind: 'array', of: type }, values: [...arrays, null] };
}

/** Each row takes one value of each part. */
function composite(parts: readonly Dealt[]): Dealt {
  const type: CompositeType = {
    kind: 'composite',
    isTable: parts.length % 2 === 0,
    attributes: parts.map((part, index) => ({
      name: ['b', 'long name', '__proto__', 'a'][index] ?? '',
      type: part.type,
    })),
    droppedBefore: [1],
  };
  const rows = Math.max(...parts.map(({ values }) => values.length));
  return {
    type,
    values: Array.from({ length: rows }, (_, row) => ({
      fields: parts.map(({ values }) => values[row % values.length] ?? null),
    })),
  };
}

/** A domain, an array of a domain, or a domain over an array, in turn. */
function wrapped(dealt: Dealt, index: number): Dealt {
  const domain = ({ type, values }: Dealt): Dealt => ({ type: { kind: 'domain', over: type }, values });
  if (index % 3 === 0) return domain(dealt);
  return index % 3 === 1 ? arrayOf(domain(dealt)) : domain(arrayOf(dealt));
}

function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
