// What the connected database says about types that are not built in: what a domain stands on, what an array holds.
// Built-in types (built-in-types.ts) need no entry. A type without an entry is sent as Postgres' own text.

export interface TypeEntry {
  readonly oid: number;
  /** pg_type.typtype: base, domain, enum, composite, range, multirange, pseudo. */
  readonly kind: 'b' | 'd' | 'e' | 'c' | 'r' | 'm' | 'p';
  /** The type a domain is defined over; 0 for every other kind. */
  readonly baseOid: number;
  /** The type of a true array's items; 0 for every other type. */
  readonly elementOid: number;
  /** What stands between the items in an array of this type (for an array type: between its own). */
  readonly delimiter: string;
}

export type TypeCatalog = ReadonlyMap<number, TypeEntry>;

/**
 * Takes oid[] as $1; returns a TypeEntry for each of these types and for everything they are made of. Needs no rights
 * beyond what everybody has on pg_type. Only arrays proper have an element here: box and name, too, have a typelem.
 */
export const typesQuery = `
  with recursive entry as not materialized (
    select
      oid as "oid",
      typtype::pg_catalog.text as "kind",
      typbasetype as "baseOid",
      case
        when typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc then typelem
        else 0::pg_catalog.oid
      end as "elementOid",
      typdelim::pg_catalog.text as "delimiter"
    from pg_catalog.pg_type
  ),
  part as (
    select entry.* from entry where entry."oid" = any ($1::pg_catalog.oid[])
    union
    select entry.* from part join entry on entry."oid" in (part."baseOid", part."elementOid")
  )
  select * from part`;

/** Keyed by oid. `rows` are those of {@link typesQuery}, of one answer or of several: a later row replaces an earlier one. */
export function catalogFromRows(rows: readonly TypeEntry[]): TypeCatalog {
  return new Map(rows.map((row) => [row.oid, row]));
}
