// What the payload is built from: one row's values as the log carries them, and the columns they belong to.

/**
 * A row's values in the relation's column order: Postgres' own text, null, or undefined where the log does not
 * carry the value (large and unchanged, or not part of the replica identity).
 */
export type Row = readonly (string | null | undefined)[];

export interface PayloadColumn {
  readonly name: string;
  /** The column's own type: for a domain, the domain's oid. */
  readonly typeOid: number;
}
