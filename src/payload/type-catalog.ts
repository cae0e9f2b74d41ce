// What is known about types that are not built in. It remembers what the database said before, because rows written before
// a type was altered or dropped may still be unread, and notes the values that encoders need a cast for.
// Invariant: what is not known is printed as Postgres' own text in a JSON string.

import type { Sighting } from '../snapshot.ts';
import { builtInOid } from './built-in-types.ts';
import { attributesAt, type CompositeVersion, type FoundAttributes } from './composite-versions.ts';
import type { TypeEntry } from './type-entry.ts';

/** Texts, by the type whose cast has to print them. */
export type WantedCasts = ReadonlyMap<TypeEntry, ReadonlySet<string>>;

export class TypeCatalog {
  /** Grows with every change of what is known: encoders chosen before are out of date then. */
  generation = 0;
  readonly #entries = new Map<number, TypeEntry>();
  /** Oldest first. */
  readonly #versions = new Map<number, readonly CompositeVersion[]>();
  readonly #casts = new Map<string, string | null>();
  #wantedCasts = new Map<TypeEntry, Set<string>>();
  #xid = 0;

  get(oid: number): TypeEntry | undefined {
    return this.#entries.get(oid);
  }

  /** The transaction of the row that is printed next: composites are as they were for it. */
  set xid(xid: number) {
    this.#xid = xid;
  }

  /**
   * `seen`: by the statement that these rows come from; null when they hold for every row there may be. What they lack
   * and was known is kept: it was dropped.
   */
  learn(rows: readonly TypeEntry[], seen: Sighting | null): void {
    for (const row of rows) {
      this.#learnVersion(row, seen);
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
    const rest = { elementOid: 0, delimiter: ',', attributes: null, isSettled: false, jsonCast: null };
    this.learn([{ oid, kind, name: `${schema}.${name}`, baseOid, ...rest }], null);
  }

  /** It was dropped: whoever takes its name must not be taken for it. */
  forgetCast(oid: number): void {
    const entry = this.#entries.get(oid);
    if (entry === undefined || entry.jsonCast === null || entry.jsonCast.isHstore) return;
    this.#entries.set(oid, { ...entry, jsonCast: null });
    this.generation += 1;
  }

  /** What so many values of a composite are in the row of {@link xid}; undefined where that is not certain. */
  attributesOf(oid: number, count: number): FoundAttributes | undefined {
    return attributesAt(this.#versions.get(oid) ?? [], this.#xid, count);
  }

  /** The JSON that the type's cast makes of it; null when it makes none; undefined, and asked for, when not there yet. */
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

  /** Whether encoders have asked for casts that are not there yet. */
  get isWanting(): boolean {
    return this.#wantedCasts.size > 0;
  }

  /** What encoders have asked for since the last call. */
  takeWantedCasts(): WantedCasts {
    const wanted = this.#wantedCasts;
    this.#wantedCasts = new Map();
    return wanted;
  }

  #learnVersion({ oid, attributes, isSettled }: TypeEntry, seen: Sighting | null): void {
    if (attributes === null) return;
    const versions = this.#versions.get(oid) ?? [];
    const newest = versions.at(-1);
    if (isSettled) this.#versions.set(oid, [{ attributes, from: null, until: seen }]);
    else if (newest !== undefined && isSame(newest.attributes, attributes)) newest.until = seen;
    else this.#versions.set(oid, [...versions, { attributes, from: seen, until: seen }]);
  }
}

/** As if the database had said so for good. */
export function catalogFromRows(rows: readonly TypeEntry[]): TypeCatalog {
  const catalog = new TypeCatalog();
  catalog.learn(rows, null);
  return catalog;
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
