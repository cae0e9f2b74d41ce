// Keeps the catalog of types true to the database: asks for what a table's columns are made of, for what an encoder lacks
// before a row can be printed, and once a second whether types that may be altered without a word in the log were.

import { isBuiltIn } from './built-in-types.ts';
import { encoderFor, mayWait, type Encode } from './encode.ts';
import { compileShape, type RowShape } from './payload.ts';
import type { PayloadColumn, Row } from './row.ts';
import { TypeCatalog, type Wanted } from './type-catalog.ts';
import type { TypeEntry } from './type-entry.ts';

export interface TypesParts {
  /** What {@link typesQuery} says of these types. */
  read(typeOids: readonly number[]): Promise<readonly TypeEntry[]>;
  /** What {@link castQuery} says of these texts; null for each that the cast's function fails on. */
  cast(type: TypeEntry, texts: readonly string[]): Promise<readonly (string | null)[]>;
  /** Values go out as text that to_jsonb prints with more structure. Said once for each type. */
  onPrintedAsText(type: TypeEntry, reason: 'dropped' | 'untrusted cast'): void;
  /** Milliseconds. */
  now(): number;
}

const refreshAfterMs = 1_000;

export class Types {
  readonly catalog = new TypeCatalog();
  readonly #parts: TypesParts;
  readonly #printedAsText = new Set<number>();
  #refreshedAt = 0;
  #isSameRow = false;

  constructor(parts: TypesParts) {
    this.#parts = parts;
  }

  /** A table's columns, as the log describes them anew. */
  async load(columns: readonly PayloadColumn[]): Promise<TableEncoder> {
    const oids = columns.map(({ typeOid }) => typeOid).filter((oid) => !isBuiltIn(oid));
    if (oids.length > 0) await this.#learn(oids);
    return new TableEncoder(columns, this);
  }

  /** What encoders may have to wait for, before a row is tried; null when all is known. */
  refresh(): Promise<void> | null {
    if (!this.#isSameRow) this.catalog.forgetCasts();
    this.#isSameRow = false;
    return this.#parts.now() - this.#refreshedAt < refreshAfterMs ? null : this.#refresh();
  }

  /** What they lacked for the row that was tried; null: nothing. */
  ask(): Promise<void> | null {
    const wanted = this.catalog.takeWanted();
    return wanted === null ? null : this.#ask(wanted);
  }

  async #refresh(): Promise<void> {
    this.catalog.learn(await this.#parts.read(this.catalog.mutableOids));
    this.#refreshedAt = this.#parts.now();
    this.#isSameRow = true;
  }

  async #ask(wanted: Wanted): Promise<void> {
    if (wanted.composites.length > 0) {
      this.catalog.learn(await this.#parts.read(wanted.composites.map(({ oid }) => oid)));
      this.catalog.asked(wanted);
    }
    for (const [type, texts] of wanted.casts) {
      const asked = [...texts];
      const answers = await this.#parts.cast(type, asked);
      for (const [index, text] of asked.entries()) this.catalog.learnCast(type, text, answers[index] ?? null);
    }
    this.#isSameRow = true;
  }

  async #learn(oids: readonly number[]): Promise<void> {
    const rows = await this.#parts.read(oids);
    this.catalog.learn(rows);
    const found = new Set(rows.map(({ oid }) => oid));
    for (const oid of oids) {
      const entry = this.catalog.get(oid);
      if (entry !== undefined && !found.has(oid) && isText(entry)) this.#printAsText(entry, 'dropped');
    }
    for (const entry of rows) {
      if (entry.jsonCast?.isTrusted === false) this.#printAsText(entry, 'untrusted cast');
    }
  }

  #printAsText(entry: TypeEntry, reason: 'dropped' | 'untrusted cast'): void {
    if (this.#printedAsText.has(entry.oid)) return;
    this.#printedAsText.add(entry.oid);
    this.#parts.onPrintedAsText(entry, reason);
  }
}

/** Nothing is known of what it is made of, or it is made of nothing. */
function isText({ kind, elementOid }: TypeEntry): boolean {
  return kind === 'b' && elementOid === 0;
}

/** The encoders of one table's columns, chosen again only when something about types has changed. */
export class TableEncoder {
  readonly #columns: readonly PayloadColumn[];
  readonly #types: Types;
  #generation = -1;
  #shape: RowShape = { columns: [] };
  #waiting: readonly { readonly index: number; readonly encode: Encode }[] = [];

  constructor(columns: readonly PayloadColumn[], types: Types) {
    this.#columns = columns;
    this.#types = types;
    this.#choose();
  }

  get shape(): RowShape {
    this.#choose();
    return this.#shape;
  }

  /** What has to be asked before these rows can be printed; null for most, and for these once it was asked. */
  prepare(rows: readonly (Row | null)[]): Promise<void> | null {
    this.#choose();
    if (this.#waiting.length === 0) return null;
    const refreshing = this.#types.refresh();
    if (refreshing !== null) return refreshing;
    for (const row of rows) {
      for (const { index, encode } of this.#waiting) {
        const value = row?.[index];
        if (typeof value === 'string') encode(value);
      }
    }
    return this.#types.ask();
  }

  #choose(): void {
    const { catalog } = this.#types;
    if (this.#generation === catalog.generation) return;
    this.#generation = catalog.generation;
    this.#shape = compileShape(this.#columns, catalog);
    this.#waiting = this.#columns.flatMap(({ typeOid }, index) =>
      mayWait(typeOid, catalog) ? [{ index, encode: encoderFor(typeOid, catalog) }] : [],
    );
  }
}
