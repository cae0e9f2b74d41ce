// What is known about types that are not built in. It remembers what the database said before, because rows written before
// a type was altered or dropped may still be unread, and notes the values that encoders need a cast for.
// Invariant: what is not known is printed as Postgres' own text in a JSON string.

import type { Lsn } from '../lsn.ts';
import { builtInOid } from './built-in-types.ts';
import { attributesAt, type CompositeVersion } from './composite-versions.ts';
import type { Attribute, TypeEntry } from './type-entry.ts';

/** Texts, by the type whose cast has to print them. */
export type WantedCasts = ReadonlyMap<TypeEntry, ReadonlySet<string>>;

export class TypeCatalog {
  /** Grows with every change of what is known: encoders chosen before are out of date then. */
  generation = 0;
  /** The commit of the row that is printed next: composites are as they were then. */
  position: Lsn = 0n;
  readonly #entries = new Map<number, TypeEntry>();
  readonly #versions = new Map<number, CompositeVersion[]>();
  readonly #casts = new Map<string, string | null>();
  #wantedCasts = new Map<TypeEntry, Set<string>>();

  get(oid: number): TypeEntry | undefined {
    return this.#entries.get(oid);
  }

  /** `asOf`: everything committed before it is in these rows. What they lack and was known is kept: it was dropped. */
  learn(rows: readonly TypeEntry[], asOf: Lsn): void {
    for (const row of rows) {
      if (row.attributes !== null) this.#learnVersion(row.oid, row.attributes, asOf);
      if (isSame(this.#entries.get(row.oid), row)) continue;
      this.#entries.set(row.oid, row);
      this.generation += 1;
    }
  }

  /**
   * The log's own word on a type, for one that was dropped before anything could be asked about it. The name is the type's
   * or, for a domain, that of the type below it.
   */
  learnName(oid: number, schema: string, name: string): void {
    if (this.#entries.has(oid)) return;
    const baseOid = schema === 'pg_catalog' ? (builtInOid(name) ?? 0) : 0;
    const kind = baseOid === 0 ? 'b' : 'd';
    const rest = { elementOid: 0, delimiter: ',', attributes: null, jsonCast: null };
    this.learn([{ oid, kind, name: `${schema}.${name}`, baseOid, ...rest }], 0n);
  }

  /** What so many values of a composite are, in the row at {@link position}. */
  attributesOf(oid: number, count: number): readonly Attribute[] | undefined {
    return attributesAt(this.#versions.get(oid) ?? [], this.position, count);
  }

  /** The JSON that the type's cast makes of it; null when it fails on this value; undefined, and asked for, when not there yet. */
  castJson(entry: TypeEntry, text: string): string | null | undefined {
    const json = this.#casts.get(`${entry.oid}/${text}`);
    if (json === undefined) {
      this.#wantedCasts.set(entry, (this.#wantedCasts.get(entry) ?? new Set()).add(text));
    }
    return json;
  }

  learnCast({ oid }: TypeEntry, text: string, json: string | null): void {
    this.#casts.set(`${oid}/${text}`, json);
  }

  /** They are kept for one row: the next one is asked for anew, as a cast may print what its function looks up. */
  forgetCasts(): void {
    if (this.#casts.size > 0) this.#casts.clear();
  }

  /** What encoders have asked for since the last call. */
  takeWantedCasts(): WantedCasts {
    const wanted = this.#wantedCasts;
    if (wanted.size > 0) this.#wantedCasts = new Map();
    return wanted;
  }

  #learnVersion(oid: number, attributes: readonly Attribute[], asOf: Lsn): void {
    const versions = this.#versions.get(oid) ?? [];
    const newest = versions.at(-1);
    if (newest !== undefined && isSame(newest.attributes, attributes)) newest.until = asOf;
    else this.#versions.set(oid, [...versions, { attributes, from: asOf, until: asOf }]);
  }
}

export function catalogFromRows(rows: readonly TypeEntry[]): TypeCatalog {
  const catalog = new TypeCatalog();
  catalog.learn(rows, 0n);
  return catalog;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
