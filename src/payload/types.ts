// Keeps the catalog of types true to the database: asks what a table's columns are made of and, before a row is printed, what
// cannot be known from the log: whether types were altered before it was committed, and what a cast makes of its values.

import type { Lsn } from '../lsn.ts';
import { isBuiltIn } from './built-in-types.ts';
import { encoderFor, mayWait, type Encode } from './encode.ts';
import { compileShape, type RowShape } from './payload.ts';
import type { PayloadColumn, Row } from './row.ts';
import { TypeCatalog, type WantedCasts } from './type-catalog.ts';
import { partsOf, type TypeEntry } from './type-entry.ts';

export interface TypesParts {
  read(typeOids: readonly number[]): Promise<TypesAnswer>;
  /** What {@link castQuery} says of these texts; null for each that the cast's function fails on. */
  cast(type: TypeEntry, texts: readonly string[]): Promise<readonly (string | null)[]>;
  /** Values go out as text that to_jsonb prints with more structure. Said once for each type. */
  onPrintedAsText(type: TypeEntry, reason: 'dropped' | 'untrusted cast'): void;
}

export interface TypesAnswer {
  /** What {@link typesQuery} says of these types. */
  readonly types: readonly TypeEntry[];
  /** Where the log stood before it was asked. */
  readonly asOf: Lsn;
}

export class Types {
  readonly catalog = new TypeCatalog();
  readonly #parts: TypesParts;
  readonly #printedAsText = new Set<number>();
  #isSameRow = false;

  constructor(parts: TypesParts) {
    this.#parts = parts;
  }

  /** A table's columns, as the log describes them anew. */
  async load(columns: readonly PayloadColumn[]): Promise<TableEncoder> {
    const asOf = await this.learn(columns.map(({ typeOid }) => typeOid));
    return new TableEncoder(columns, this, asOf);
  }

  /**
   * Asks for these types and for all that they are made of. Resolves with a position: what was altered by transactions
   * committed before it is known.
   */
  async learn(typeOids: readonly number[]): Promise<Lsn> {
    const asked = new Set<number>();
    let asOf: Lsn | undefined;
    let next = typeOids;
    for (;;) {
      const oids = this.#closure(next).filter((oid) => !asked.has(oid));
      if (oids.length === 0) return asOf ?? 0n;
      const answer = await this.#parts.read(oids);
      asOf ??= answer.asOf;
      this.catalog.learn(answer.types, answer.asOf);
      for (const oid of oids) asked.add(oid);
      this.#tellWhatIsText(oids, answer.types);
      next = answer.types.flatMap(partsOf);
    }
  }

  /** Before a row that was committed there is tried. */
  begin(position: Lsn): void {
    this.catalog.position = position;
    if (!this.#isSameRow) this.catalog.forgetCasts();
    this.#isSameRow = false;
  }

  /** The casts that encoders lacked for the row that was tried; null: none. */
  cast(): Promise<void> | null {
    const wanted = this.catalog.takeWantedCasts();
    return wanted.size === 0 ? null : this.#cast(wanted);
  }

  async #cast(wanted: WantedCasts): Promise<void> {
    for (const [type, texts] of wanted) {
      const asked = [...texts];
      const answers = await this.#parts.cast(type, asked);
      for (const [index, text] of asked.entries()) this.catalog.learnCast(type, text, answers[index] ?? null);
    }
    this.#isSameRow = true;
  }

  /** These and what is known of what they are made of, so that one question is enough most of the time. */
  #closure(typeOids: readonly number[]): readonly number[] {
    const oids = new Set(typeOids.filter((oid) => oid !== 0 && !isBuiltIn(oid)));
    for (const oid of oids) {
      const entry = this.catalog.get(oid);
      if (entry === undefined) continue;
      for (const part of partsOf(entry)) if (part !== 0 && !isBuiltIn(part)) oids.add(part);
    }
    return [...oids];
  }

  #tellWhatIsText(oids: readonly number[], found: readonly TypeEntry[]): void {
    const foundOids = new Set(found.map(({ oid }) => oid));
    for (const oid of oids) {
      const entry = this.catalog.get(oid);
      if (entry === undefined) continue;
      // Nothing is known of what it was made of, or it was made of nothing.
      const isText = entry.kind === 'b' && entry.elementOid === 0;
      if (!foundOids.has(oid) && isText) this.#printAsText(entry, 'dropped');
      if (entry.jsonCast?.isTrusted === false) this.#printAsText(entry, 'untrusted cast');
    }
  }

  #printAsText(entry: TypeEntry, reason: 'dropped' | 'untrusted cast'): void {
    if (this.#printedAsText.has(entry.oid)) return;
    this.#printedAsText.add(entry.oid);
    this.#parts.onPrintedAsText(entry, reason);
  }
}

/** The encoders of one table's columns, chosen again only when something about types has changed. */
export class TableEncoder {
  readonly #columns: readonly PayloadColumn[];
  readonly #types: Types;
  #asOf: Lsn;
  #generation = -1;
  #shape: RowShape = { columns: [] };
  #waiting: readonly { readonly index: number; readonly typeOid: number; readonly encode: Encode }[] = [];

  constructor(columns: readonly PayloadColumn[], types: Types, asOf: Lsn) {
    this.#columns = columns;
    this.#types = types;
    this.#asOf = asOf;
    this.#choose();
  }

  get shape(): RowShape {
    this.#choose();
    return this.#shape;
  }

  /** What has to be asked before the rows of this change can be printed; null for most, and for these once it was asked. */
  prepare(rows: readonly (Row | null)[], position: Lsn): Promise<void> | null {
    this.#choose();
    if (this.#waiting.length === 0) return null;
    if (position > this.#asOf) return this.#refresh();
    this.#types.begin(position);
    for (const row of rows) {
      for (const { index, encode } of this.#waiting) {
        const value = row?.[index];
        if (typeof value === 'string') encode(value);
      }
    }
    return this.#types.cast();
  }

  async #refresh(): Promise<void> {
    this.#asOf = await this.#types.learn(this.#waiting.map(({ typeOid }) => typeOid));
  }

  #choose(): void {
    const { catalog } = this.#types;
    if (this.#generation === catalog.generation) return;
    this.#generation = catalog.generation;
    this.#shape = compileShape(this.#columns, catalog);
    this.#waiting = this.#columns.flatMap(({ typeOid }, index) =>
      mayWait(typeOid, catalog) ? [{ index, typeOid, encode: encoderFor(typeOid, catalog) }] : [],
    );
  }
}
