// What is known about types that are not built in. It remembers what the database knew before, because rows written before
// a type was altered or dropped may still be unread, and notes what encoders lack, for types.ts to ask the database.
// Invariant: what is not known is printed as Postgres' own text in a JSON string.

import { builtInOid } from './built-in-types.ts';
import { isMutable, type Attribute, type TypeEntry } from './type-entry.ts';

/** What has to be asked of the database before a row can be printed as it should be. */
export interface Wanted {
  /** Composites with a number of values that no known version has. */
  readonly composites: readonly CompositeCount[];
  /** Texts, by the type whose cast has to print them. */
  readonly casts: ReadonlyMap<TypeEntry, ReadonlySet<string>>;
}

export interface CompositeCount {
  readonly oid: number;
  readonly count: number;
}

export class TypeCatalog {
  /** Grows with every change of what is known: encoders chosen before are out of date then. */
  generation = 0;
  readonly #entries = new Map<number, TypeEntry>();
  /** Earlier versions of composites, newest first. */
  readonly #earlier = new Map<number, readonly TypeEntry[]>();
  /** Asked for, and not known then either; keys of #wantedComposites. */
  readonly #asked = new Set<string>();
  readonly #casts = new Map<string, string | null>();
  #wantedComposites = new Map<string, CompositeCount>();
  #wantedCasts = new Map<TypeEntry, Set<string>>();

  get(oid: number): TypeEntry | undefined {
    return this.#entries.get(oid);
  }

  /** Types whose JSON may change without a word in the log. */
  get mutableOids(): readonly number[] {
    return [...this.#entries.values()].filter(isMutable).map(({ oid }) => oid);
  }

  /** What an earlier answer had and this one lacks is kept: it was dropped. */
  learn(rows: readonly TypeEntry[]): void {
    for (const row of rows) {
      const known = this.#entries.get(row.oid);
      if (known !== undefined && JSON.stringify(known) === JSON.stringify(row)) continue;
      this.#entries.set(row.oid, row);
      this.generation += 1;
      this.#asked.clear();
      if (known?.attributes) this.#earlier.set(row.oid, [known, ...(this.#earlier.get(row.oid) ?? [])]);
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
    this.learn([{ oid, kind, name: `${schema}.${name}`, baseOid, ...rest }]);
  }

  /** What the values of a composite's text are; undefined, and asked for, when no known version has so many. */
  attributesOf(oid: number, count: number): readonly Attribute[] | undefined {
    const attributes = this.#entries.get(oid)?.attributes ?? [];
    // A text without values is also that of one null.
    if (attributes.length === count || (attributes.length === 0 && count === 1)) return attributes;
    const earlier = this.#earlier.get(oid)?.find((version) => version.attributes?.length === count);
    if (earlier?.attributes) return earlier.attributes;
    const key = `${oid}/${count}`;
    if (!this.#asked.has(key)) {
      this.#wantedComposites.set(key, { oid, count });
      return undefined;
    }
    // Written before the last ones were added: none was ever dropped, so the first ones are the same.
    const hadNoneDropped = attributes.at(-1)?.number === attributes.length;
    return hadNoneDropped && count < attributes.length ? attributes.slice(0, count) : undefined;
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

  /** What encoders have asked for since the last call; null when nothing. */
  takeWanted(): Wanted | null {
    if (this.#wantedComposites.size === 0 && this.#wantedCasts.size === 0) return null;
    const wanted = { composites: [...this.#wantedComposites.values()], casts: this.#wantedCasts };
    this.#wantedComposites = new Map();
    this.#wantedCasts = new Map();
    return wanted;
  }

  /** The database was asked, and what it said is learned: what is unknown now stays so. */
  asked({ composites }: Wanted): void {
    for (const { oid, count } of composites) this.#asked.add(`${oid}/${count}`);
  }
}

export function catalogFromRows(rows: readonly TypeEntry[]): TypeCatalog {
  const catalog = new TypeCatalog();
  catalog.learn(rows);
  return catalog;
}
