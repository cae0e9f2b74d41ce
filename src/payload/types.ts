// Keeps the catalog of types true to the database: asks what a table's columns are made of and, before a row is printed, what
// cannot be known from the log: whether types were altered before it was committed, and what a cast makes of its values.

import type { Lsn } from '../lsn.ts';
import { isBuiltIn } from './built-in-types.ts';
import { encoderFor, mayWait, type Encode } from './encode.ts';
import { compileShape, type RowShape } from './payload.ts';
import type { PayloadColumn, Row } from './row.ts';
import { TypeCatalog, type WantedCasts } from './type-catalog.ts';
import type { TypeEntry } from './type-entry.ts';

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
  #asOf: Lsn = 0n;
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

  /** For a row committed there: whether types were altered before it. null when they are known up to there. */
  refresh(position: Lsn): Promise<void> | null {
    this.catalog.position = position;
    if (!this.#isSameRow) this.catalog.forgetCasts();
    this.#isSameRow = false;
    return position <= this.#asOf ? null : this.#refresh();
  }

  /** The casts that encoders lacked for the row that was tried; null: none. */
  cast(): Promise<void> | null {
    const wanted = this.catalog.takeWantedCasts();
    return wanted.size === 0 ? null : this.#cast(wanted);
  }

  async #refresh(): Promise<void> {
    await this.#learn([]);
    this.#isSameRow = true;
  }

  async #cast(wanted: WantedCasts): Promise<void> {
    for (const [type, texts] of wanted) {
      const asked = [...texts];
      const answers = await this.#parts.cast(type, asked);
      for (const [index, text] of asked.entries()) this.catalog.learnCast(type, text, answers[index] ?? null);
    }
    this.#isSameRow = true;
  }

  async #learn(oids: readonly number[]): Promise<void> {
    const { types, asOf } = await this.#parts.read([...oids, ...this.catalog.mutableOids]);
    this.catalog.learn(types, asOf);
    this.#asOf = asOf;
    const found = new Set(types.map(({ oid }) => oid));
    for (const oid of oids) {
      const entry = this.catalog.get(oid);
      if (entry !== undefined && !found.has(oid) && isText(entry)) this.#printAsText(entry, 'dropped');
    }
    for (const entry of types) {
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

  /** What has to be asked before the rows of this change can be printed; null for most, and for these once it was asked. */
  prepare(rows: readonly (Row | null)[], position: Lsn): Promise<void> | null {
    this.#choose();
    if (this.#waiting.length === 0) return null;
    const refreshing = this.#types.refresh(position);
    if (refreshing !== null) return refreshing;
    for (const row of rows) {
      for (const { index, encode } of this.#waiting) {
        const value = row?.[index];
        if (typeof value === 'string') encode(value);
      }
    }
    return this.#types.cast();
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
