// What has to be known about a table before its first change can be handed on: its key and its types, from the catalog,
// kept as long as the log's description of the table is the same.
import type { Delivery, Payload } from './delivery/delivery.ts';
import type { Row } from './payload/row.ts';
import type { BuiltPayload } from './payload/too-large.ts';
import type { ChangeToPrint } from './payload/table-encoder.ts';
import type { PayloadRequest, PreparedRelation } from './pipeline.ts';
import type { RelationMessage, RowMessage } from './replication/pgoutput.ts';
import type { ReadWhen } from './replication/reader.ts';

export interface PreparedRelationsParts {
  keyColumns(relationOid: number): Promise<readonly string[]>;
  /** Chooses encoders for the columns; loads what is not known about their types. */
  encoder(relation: RelationMessage, xid: number): Promise<PayloadEncoder>;
  orderKeys(
    relationOid: number,
    keyColumns: readonly number[],
    rows: readonly (Row | null)[],
  ): Delivery['keys'];
}

export interface PayloadEncoder {
  build(request: PayloadRequest): BuiltPayload;
  /** What has to be loaded before the rows of this change can be printed; null: nothing. */
  prepare(change: ChangeToPrint): Promise<void> | null;
}

interface Prepared extends PreparedRelation {
  readonly encoder: PayloadEncoder;
}

export class PreparedRelations {
  readonly #parts: PreparedRelationsParts;
  readonly #prepared = new WeakMap<RelationMessage, Prepared>();

  constructor(parts: PreparedRelationsParts) {
    this.#parts = parts;
  }

  /** null when it is there already. */
  prepare(relation: RelationMessage, xid: number): Promise<void> | null {
    return this.#prepared.has(relation) ? null : this.#load(relation, xid);
  }

  /** null when nothing is lacking to print this row. The relation has been prepared. */
  prepareRow(
    relation: RelationMessage,
    { record, old, omitted }: RowMessage,
    when: ReadWhen,
  ): Promise<void> | null {
    // A row without its large values is never printed.
    const rows = [omitted?.record.size ? null : record, omitted?.old.size ? null : old];
    return this.#get(relation).encoder.prepare({ rows, ...when });
  }

  get(relation: RelationMessage): PreparedRelation {
    return this.#get(relation);
  }

  #get(relation: RelationMessage): Prepared {
    const prepared = this.#prepared.get(relation);
    if (prepared === undefined) throw new Error(`${relation.schema}.${relation.name} was not prepared`);
    return prepared;
  }

  // Under full identity the log marks every column, so only the catalog tells the key. Under any other a DELETE carries the
  // marked columns and nothing else: what came before it has to be known by the same ones.
  async #keyNames({ oid, identity, columns }: RelationMessage): Promise<readonly string[]> {
    const marked = columns.filter(({ isKey }) => isKey).map(({ name }) => name);
    return identity === 'f' || marked.length === 0 ? await this.#parts.keyColumns(oid) : marked;
  }

  async #load(relation: RelationMessage, xid: number): Promise<void> {
    const { orderKeys } = this.#parts;
    const names = relation.columns.map(({ name }) => name);
    const keys = (await this.#keyNames(relation)).map((name) => names.indexOf(name));
    // A key column that the log does not have yet or any more: then nothing tells the rows apart.
    const keyIndexes = keys.includes(-1) ? [] : keys;
    const encoder = await this.#parts.encoder(relation, xid);
    const companies = new Map<string, number>();
    this.#prepared.set(relation, {
      encoder,
      companyIndex: (column) => {
        if (column === null) return -1;
        let index = companies.get(column);
        if (index === undefined) {
          const found = names.indexOf(column);
          // Past the last column: a value that no row carries.
          index = found === -1 ? names.length : found;
          companies.set(column, index);
        }
        return index;
      },
      orderKeys: (rows) => orderKeys(relation.oid, keyIndexes, rows),
      payload: (request) => encoder.build(request),
    });
  }
}

export function measuredPayload(text: string): Payload {
  return { body: text, bytes: Buffer.byteLength(text) };
}
