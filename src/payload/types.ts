// Keeps the catalog of types true to the database: asks what a table's columns are made of and, before a row is printed, what
// cannot be known from the log: whether types were altered before it was committed, and what a cast makes of its values.

import { isVisible, type Sighting } from '../snapshot.ts';
import { isBuiltIn } from './built-in-types.ts';
import type { PayloadColumn } from './row.ts';
import { TypeCatalog } from './type-catalog.ts';
import { partsOf, type TypeEntry } from './type-entry.ts';

export type PrintedAsText = 'dropped' | 'untrusted cast' | 'slow cast';

export interface TypesParts {
  /** What {@link typesQuery} says of these types. */
  read(typeOids: readonly number[]): Promise<TypesAnswer>;
  /** What {@link castQuery} says of these texts, null for each that it fails on; null when it takes too long. */
  cast(type: TypeEntry, texts: readonly string[]): Promise<readonly (string | null)[] | null>;
  /** Values go out as text that to_jsonb prints with more structure. */
  onPrintedAsText(type: TypeEntry, reason: PrintedAsText): void;
  /** Milliseconds. */
  now(): number;
  pause(ms: number): Promise<void>;
}

export interface TypesAnswer {
  readonly types: readonly TypeEntry[];
  readonly sighting: Sighting;
}

/** How long a type whose cast takes too long goes out as text before it is tried again. */
const restMs = 60_000;
/** Until a transaction that the log tells of can be seen. */
const lookAgainMs = 20;

export class Types {
  readonly catalog = new TypeCatalog();
  readonly #parts: TypesParts;
  readonly #told = new Set<string>();
  readonly #restingUntil = new Map<number, number>();

  constructor(parts: TypesParts) {
    this.#parts = parts;
  }

  now(): number {
    return this.#parts.now();
  }

  /** Asks for the columns' types and for all that they are made of, once transaction `xid` can be seen. */
  async learn(columns: readonly PayloadColumn[], xid: number): Promise<Sighting | null> {
    const asked = new Set<number>();
    let first: Sighting | null = null;
    let next = columns.map(({ typeOid }) => typeOid);
    for (;;) {
      const oids = this.#closure(next).filter((oid) => !asked.has(oid));
      if (oids.length === 0) return first;
      const { types, sighting } = await this.#parts.read(oids);
      if (!isVisible(xid, sighting)) {
        await this.#parts.pause(lookAgainMs);
        continue;
      }
      first ??= sighting;
      this.catalog.learn(types, sighting);
      for (const oid of oids) asked.add(oid);
      this.#settle(oids, types);
      next = types.flatMap(partsOf);
    }
  }

  /** The casts that encoders lacked for the row that was tried; null: none. */
  cast(): Promise<void> | null {
    return this.catalog.isWanting ? this.#cast() : null;
  }

  async #cast(): Promise<void> {
    for (const [type, texts] of this.catalog.takeWantedCasts()) {
      const asked = [...texts];
      const answers = await this.#castOrRest(type, asked);
      for (const [index, text] of asked.entries()) {
        this.catalog.learnCast(type, text, answers?.[index] ?? null);
      }
    }
  }

  async #castOrRest(type: TypeEntry, texts: readonly string[]): Promise<readonly (string | null)[] | null> {
    if (this.#parts.now() < (this.#restingUntil.get(type.oid) ?? 0)) return null;
    const answers = await this.#parts.cast(type, texts);
    if (answers === null) {
      this.#restingUntil.set(type.oid, this.#parts.now() + restMs);
      this.#parts.onPrintedAsText(type, 'slow cast');
    }
    return answers;
  }

  /** These and what is known of what they are made of, so that one question is enough most of the time. */
  #closure(typeOids: readonly number[]): readonly number[] {
    const oids = new Set(typeOids.filter(isOfTheirs));
    for (const oid of oids) {
      const entry = this.catalog.get(oid);
      if (entry !== undefined) for (const part of partsOf(entry).filter(isOfTheirs)) oids.add(part);
    }
    return [...oids];
  }

  #settle(oids: readonly number[], found: readonly TypeEntry[]): void {
    const foundOids = new Set(found.map(({ oid }) => oid));
    for (const oid of oids) {
      const entry = this.catalog.get(oid);
      if (entry === undefined) continue;
      // Nothing is known of what it was made of, or it was made of nothing.
      const isText = entry.kind === 'b' && entry.elementOid === 0;
      if (!foundOids.has(oid)) this.catalog.forgetCast(oid);
      if (!foundOids.has(oid) && isText) this.#tellOnce(entry, 'dropped');
      const { jsonCast } = entry;
      if (jsonCast !== null && !jsonCast.isHstore && jsonCast.remedies.length > 0) {
        this.#tellOnce(entry, 'untrusted cast');
      }
    }
  }

  /** Once, until something about it changes. */
  #tellOnce(entry: TypeEntry, reason: PrintedAsText): void {
    const key = `${reason} ${JSON.stringify(entry)}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#parts.onPrintedAsText(entry, reason);
  }
}

function isOfTheirs(oid: number): boolean {
  return oid !== 0 && !isBuiltIn(oid);
}
