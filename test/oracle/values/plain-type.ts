// What the oracle knows of one type that is simply there: its name, its edge values, and how to draw more.

import type { Arbitrary } from 'fast-check';

export interface PlainTypeEntry {
  /** As written in SQL, and known by in a case. */
  readonly name: string;
  /** Texts that the type's input function reads; all of them are dealt in every run. */
  readonly edges: readonly string[];
  readonly random?: Arbitrary<string>;
  /** The first Postgres that has the type. */
  readonly since?: number;
  /** Edge values of later servers, by the first that reads them. */
  readonly later?: Readonly<Record<number, readonly string[]>>;
  /** The schema of an extension's type, and its extension. */
  readonly extension?: string;
}

export type Rest = Omit<PlainTypeEntry, 'name' | 'edges' | 'random'>;

export function plainType(
  name: string,
  edges: readonly string[],
  random?: Arbitrary<string>,
  rest: Rest = {},
): PlainTypeEntry {
  return random === undefined ? { name, edges, ...rest } : { name, edges, random, ...rest };
}
