// A composite that is altered between the statements of a case: attributes added, renamed and dropped. The types and values
// of the case as they are from then on, so that the next statement writes, and the comparison expects, what there is now.

import { plainTypeSql } from './plain-types.ts';
import type { TestCase } from './test-case.ts';
import { quoteName, type CompositeType, type PlainType, type TypeTree, type ValueTree } from './type-tree.ts';

export interface Alteration {
  /** Which of the case's composites, counted round and round. */
  readonly composite: number;
  /** For each statement but the first, what is altered before it. */
  readonly before: readonly (readonly AlterStep[])[];
}

/** `index` counts round and round; a step that is not possible is left out. */
export type AlterStep =
  | { readonly kind: 'add'; readonly name: string; readonly type: PlainType; readonly text: string }
  | { readonly kind: 'rename'; readonly index: number; readonly name: string }
  | { readonly kind: 'drop'; readonly index: number };

export interface Stage {
  /** What is altered before the statement; mostly nothing. */
  readonly statements: readonly string[];
  /** The case as it is in the statement. */
  readonly testCase: TestCase;
}

/** From a column to a type inside of it: an attribute's index, or into an array or domain. */
export type Place = readonly (number | 'inside')[];

/** Places of a case as keys, under which {@link Declarations} keeps the names of composites. */
export function placeKey(place: Place): string {
  return place.join('/');
}

/** One for each of the case's statements. `nameAt`: the SQL name of the composite at that place. */
export function stagesOf(testCase: TestCase, statements: number, nameAt: (key: string) => string): Stage[] {
  const stages: Stage[] = [{ statements: [], testCase }];
  const { composite = 0, before = [] } = testCase.alteration ?? {};
  const places = testCase.columns.flatMap(({ type }, index) => compositesIn(type, [index]));
  const place = places[composite % places.length];
  let current = testCase;
  for (let index = 0; stages.length < statements; index += 1) {
    const altered: string[] = [];
    for (const step of place === undefined ? [] : (before[index] ?? [])) {
      const next = alter(current, place ?? [], step, nameAt);
      if (next === undefined) continue;
      current = next.testCase;
      altered.push(next.statement);
    }
    stages.push({ statements: altered, testCase: current });
  }
  return stages;
}

function compositesIn(type: TypeTree, place: Place): Place[] {
  if (type.kind === 'array') return compositesIn(type.of, [...place, 'inside']);
  if (type.kind === 'domain') return compositesIn(type.over, [...place, 'inside']);
  if (type.kind !== 'composite') return [];
  return [
    place,
    ...type.attributes.flatMap((attribute, index) => compositesIn(attribute.type, [...place, index])),
  ];
}

function alter(
  testCase: TestCase,
  place: Place,
  step: AlterStep,
  nameAt: (key: string) => string,
): { testCase: TestCase; statement: string } | undefined {
  const [column = 0, ...inside] = place;
  const { columns } = testCase;
  const found = columns[Number(column)];
  const composite = found && typeAt(found.type, inside);
  if (found === undefined || composite?.kind !== 'composite') return undefined;
  const effect = effectOf(composite, step);
  if (effect === undefined) return undefined;
  const type = withType(found.type, inside, effect.type);
  const values = found.values.map((value) => withFields(found.type, value, inside, effect.fields));
  return {
    testCase: { ...testCase, columns: columns.with(Number(column), { ...found, type, values }) },
    statement: `alter ${composite.isTable ? 'table' : 'type'} ${nameAt(placeKey(place))} ${effect.statement}`,
  };
}

type Fields = readonly ValueTree[];

interface Effect {
  readonly statement: string;
  readonly type: CompositeType;
  fields(fields: Fields): Fields;
}

function effectOf(type: CompositeType, step: AlterStep): Effect | undefined {
  const { attributes } = type;
  const word = type.isTable ? 'column' : 'attribute';
  if (step.kind !== 'drop' && attributes.some(({ name }) => name === step.name)) return undefined;
  if (step.kind === 'add') {
    const { name, type: added, text } = step;
    return {
      statement: `add ${word} ${quoteName(name)} ${plainTypeSql(added.name)}`,
      type: { ...type, attributes: [...attributes, { name, type: added }] },
      fields: (fields) => [...fields, { text }],
    };
  }
  const index = step.index % attributes.length;
  const attribute = attributes[index];
  if (attribute === undefined) return undefined;
  if (step.kind === 'rename') {
    return {
      statement: `rename ${word} ${quoteName(attribute.name)} to ${quoteName(step.name)}`,
      type: { ...type, attributes: attributes.with(index, { ...attribute, name: step.name }) },
      fields: (fields) => fields,
    };
  }
  return {
    statement: `drop ${word} ${quoteName(attribute.name)}`,
    type: { ...type, attributes: attributes.toSpliced(index, 1) },
    fields: (fields) => fields.toSpliced(index, 1),
  };
}

function typeAt(type: TypeTree, [step, ...rest]: Place): TypeTree | undefined {
  if (step === undefined) return type;
  if (type.kind === 'array') return typeAt(type.of, rest);
  if (type.kind === 'domain') return typeAt(type.over, rest);
  const inner = type.kind === 'composite' ? type.attributes[Number(step)] : undefined;
  return inner && typeAt(inner.type, rest);
}

function withType(type: TypeTree, [step, ...rest]: Place, changed: CompositeType): TypeTree {
  if (step === undefined) return changed;
  if (type.kind === 'array') return { ...type, of: withType(type.of, rest, changed) };
  if (type.kind === 'domain') return { ...type, over: withType(type.over, rest, changed) };
  if (type.kind !== 'composite') return type;
  const attributes = type.attributes.map((attribute, index) =>
    index === step ? { ...attribute, type: withType(attribute.type, rest, changed) } : attribute,
  );
  return { ...type, attributes };
}

function withFields(
  type: TypeTree,
  value: ValueTree,
  [step, ...rest]: Place,
  change: (fields: Fields) => Fields,
): ValueTree {
  if (value === null || 'text' in value) return value;
  if (type.kind === 'domain') return withFields(type.over, value, rest, change);
  if (type.kind === 'array' && 'items' in value) {
    return { ...value, items: value.items.map((item) => withFields(type.of, item, rest, change)) };
  }
  if (type.kind !== 'composite' || !('fields' in value)) return value;
  if (step === undefined) return { fields: change(value.fields) };
  const inner = type.attributes[Number(step)]?.type;
  const fields = value.fields.map((field, index) =>
    index === step && inner !== undefined ? withFields(inner, field, rest, change) : field,
  );
  return { fields };
}
