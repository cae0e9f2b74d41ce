// Every type that is simply there: built in, or of an extension that openScene creates. Left out are those without an
// input function (gtsvector and the like).

import fc, { type Arbitrary } from 'fast-check';
import { jsonTypes } from './values/json-texts.ts';
import { numberTypes } from './values/numbers.ts';
import type { PlainTypeEntry } from './values/plain-type.ts';
import { rangeTypes } from './values/ranges.ts';
import { searchTypes } from './values/searches.ts';
import { shapeTypes } from './values/shapes.ts';
import { systemTypes } from './values/system.ts';
import { textTypes } from './values/texts.ts';
import { timeTypes } from './values/times.ts';

const entries: ReadonlyMap<string, PlainTypeEntry> = new Map(
  [
    ...numberTypes,
    ...textTypes,
    ...timeTypes,
    ...jsonTypes,
    ...rangeTypes,
    ...shapeTypes,
    ...searchTypes,
    ...systemTypes,
  ].map((entry) => [entry.name, entry]),
);

export const extensions: readonly string[] = [
  ...new Set([...entries.values()].flatMap(({ extension }) => (extension === undefined ? [] : [extension]))),
];

/** The names of those that this major version of Postgres has. */
export function plainTypeNames(major: number): string[] {
  return [...entries.values()].filter(({ since = 0 }) => since <= major).map(({ name }) => name);
}

export function plainTypeSql(name: string): string {
  return entries.get(name)?.extension === undefined ? name : `public.${name}`;
}

/** Whether the JSON of its values has an order of keys and a spacing of its own, which are Postgres'. */
export function isJson(name: string): boolean {
  return ['json', 'jsonb', 'hstore'].includes(name);
}

export function edgesOf(name: string, major: number): string[] {
  const entry = entries.get(name);
  const later = Object.entries(entry?.later ?? {}).filter(([since]) => Number(since) <= major);
  return [...(entry?.edges ?? []), ...later.flatMap(([, edges]) => edges)];
}

/** An edge value or any other. */
export function plainTexts(name: string, major: number): Arbitrary<string> {
  const edges = fc.constantFrom(...edgesOf(name, major));
  const random = entries.get(name)?.random;
  return random === undefined
    ? edges
    : fc.oneof({ weight: 1, arbitrary: edges }, { weight: 3, arbitrary: random });
}
