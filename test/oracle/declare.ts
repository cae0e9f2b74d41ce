// The statements that make a case's types, in a schema that goes away with all of them.

import { placeKey, type Place } from './alter.ts';
import { plainTypeSql } from './plain-types.ts';
import type { CaseColumn } from './test-case.ts';
import { quoteLiteral, quoteName, type CompositeType, type RangeType, type TypeTree } from './type-tree.ts';

export class Declarations {
  readonly statements: string[] = [];
  /** The composites' names in SQL, by where in the case they are. */
  readonly composites = new Map<string, string>();
  readonly #schema: string;
  #count = 0;

  constructor(schema: string) {
    this.#schema = schema;
  }

  /** The names in SQL of the columns' types, after what they need was added to the statements. */
  namesOf(columns: readonly CaseColumn[]): string[] {
    return columns.map(({ type }, index) => this.#nameOf(type, [index]));
  }

  #nameOf(type: TypeTree, place: Place): string {
    switch (type.kind) {
      case 'plain':
        return plainTypeSql(type.name);
      case 'array':
        return `${this.#nameOf(type.of, [...place, 'inside'])}[]`;
      case 'domain':
        return this.#create((name) => [
          `create domain ${name} as ${this.#nameOf(type.over, [...place, 'inside'])}`,
        ]);
      case 'composite':
        return this.#composite(type, place);
      case 'enum': {
        const labels = type.labels.map((label) => quoteLiteral(label)).join(', ');
        return this.#create((name) => [
          `create type ${name} as enum (${labels})`,
          ...castTo(name, type.hasCast),
        ]);
      }
      case 'range':
      case 'multirange':
        return this.#range(type);
    }
  }

  #composite({ isTable, attributes, droppedBefore }: CompositeType, place: Place): string {
    const attribute = isTable ? 'column' : 'attribute';
    const dropped = droppedBefore.map((_, index) => `dropped attribute ${index}`);
    const definitions = [...attributes, null].flatMap((each, at) => [
      ...dropped
        .filter((_, index) => Math.min(droppedBefore[index] ?? 0, attributes.length) === at)
        .map((name) => `${quoteName(name)} text`),
      ...(each === null ? [] : [`${quoteName(each.name)} ${this.#nameOf(each.type, [...place, at])}`]),
    ]);
    const created = this.#create((name) => [
      `create ${isTable ? 'table' : 'type'} ${name} ${isTable ? '' : 'as '}(${definitions.join(', ')})`,
      ...dropped.map(
        (each) => `alter ${isTable ? 'table' : 'type'} ${name} drop ${attribute} ${quoteName(each)}`,
      ),
    ]);
    this.composites.set(placeKey(place), created);
    return created;
  }

  #range({ kind, over, hasCast }: RangeType): string {
    const name = this.#create((range) => [
      `create type ${range} as range (subtype = ${plainTypeSql(over)}, multirange_type_name = ${range}_multi)`,
      ...castTo(kind === 'multirange' ? `${range}_multi` : range, hasCast),
    ]);
    return kind === 'multirange' ? `${name}_multi` : name;
  }

  #create(statementsFor: (name: string) => string[]): string {
    this.#count += 1;
    const name = `${this.#schema}.type_${this.#count}`;
    this.statements.push(...statementsFor(name));
    return name;
  }
}

/** A cast to json that to_jsonb uses, with a result that to_jsonb rewrites: spacing, order of keys, a key given twice. */
function castTo(type: string, hasCast: boolean): string[] {
  if (!hasCast) return [];
  const made = String.raw`'{"longer" : 1.50, "b": 1e2,"b" :' || pg_catalog.to_json($1::pg_catalog.text)::pg_catalog.text || '}'`;
  return [
    `create function ${type}_json(${type}) returns json language sql immutable as $$ select (${made})::pg_catalog.json $$`,
    `create cast (${type} as json) with function ${type}_json(${type})`,
  ];
}
