// The encoders of one table's columns, chosen again only when something about types has changed, and what its rows have to
// wait for. Most tables' rows wait for nothing: their types cannot change without a word in the log.

import { isVisible, type Sighting } from '../snapshot.ts';
import { encoderFor, mayWait, type Encode } from './encode.ts';
import { compileShape, type RowShape } from './payload.ts';
import { PayloadTooLarge } from './payload-too-large.ts';
import type { PayloadColumn, Row } from './row.ts';
import type { Types } from './types.ts';

/** Somebody may give a type a cast to json; no more than so many milliseconds later it counts. */
const lookAgainMs = 5_000;

interface WaitingColumn {
  readonly index: number;
  readonly encode: Encode;
}

export interface ChangeToPrint {
  readonly rows: readonly (Row | null)[];
  /** The transaction that made it. */
  readonly xid: number;
  /** The same change as in the call before, after what that had to wait for. */
  readonly isAgain: boolean;
}

export class TableEncoder {
  readonly #columns: readonly PayloadColumn[];
  readonly #types: Types;
  /** What was seen when its types were looked at; null when there is nothing to look at. */
  #seen: Sighting | null = null;
  #lookedAt = 0;
  #generation = -1;
  #shape: RowShape = { columns: [] };
  #waiting: readonly WaitingColumn[] = [];
  #mayGainCast = false;

  private constructor(columns: readonly PayloadColumn[], types: Types) {
    this.#columns = columns;
    this.#types = types;
  }

  /** For a table as the log describes it to transaction `xid`. */
  static async load(columns: readonly PayloadColumn[], types: Types, xid: number): Promise<TableEncoder> {
    const table = new TableEncoder(columns, types);
    await table.#look(xid);
    return table;
  }

  get shape(): RowShape {
    this.#choose();
    return this.#shape;
  }

  /** What has to be asked before the rows of this change can be printed; null for most, and for these once it was asked. */
  prepare({ rows, xid, isAgain }: ChangeToPrint): Promise<void> | null {
    this.#choose();
    if (this.#waiting.length === 0 && !this.#mayGainCast) return null;
    const { catalog } = this.#types;
    if (!isAgain) catalog.forgetCasts();
    if (this.#isOutOfDate(xid)) return this.#look(xid);
    catalog.xid = xid;
    for (const row of rows) {
      if (row !== null) this.#tryToPrint(row);
    }
    return this.#types.cast();
  }

  #tryToPrint(row: Row): void {
    try {
      for (const { index, encode } of this.#waiting) {
        const value = row[index];
        if (typeof value === 'string') encode(value);
      }
    } catch (error) {
      // It will not be printed.
      if (!(error instanceof PayloadTooLarge)) throw error;
    }
  }

  #isOutOfDate(xid: number): boolean {
    if (this.#mayGainCast && this.#types.now() - this.#lookedAt > lookAgainMs) return true;
    return this.#waiting.length > 0 && this.#seen !== null && !isVisible(xid, this.#seen);
  }

  async #look(xid: number): Promise<void> {
    this.#seen = await this.#types.learn(this.#columns, xid);
    this.#lookedAt = this.#types.now();
    this.#choose();
  }

  #choose(): void {
    const { catalog } = this.#types;
    if (this.#generation === catalog.generation) return;
    this.#generation = catalog.generation;
    this.#shape = compileShape(this.#columns, catalog);
    const waits = this.#columns.map(({ typeOid }) => mayWait(typeOid, catalog));
    this.#mayGainCast = waits.includes('cast');
    this.#waiting = this.#columns.flatMap(({ typeOid }, index) =>
      waits[index] === 'row' ? [{ index, encode: encoderFor(typeOid, catalog) }] : [],
    );
  }
}
