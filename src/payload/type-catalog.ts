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
 * beyond what everybody has on pg_type. A true array is what Postgres calls one: other types have typelem as well.
 */
export const typesQuery = `
  with recursive part (oid) as (
    select asked.oid from pg_catalog.unnest($1::pg_catalog.oid[]) as asked (oid)
    union
    select inner_type.oid
    from part
      join pg_catalog.pg_type as outer_type on outer_type.oid = part.oid
      cross join lateral (values (outer_type.typbasetype), (outer_type.typelem)) as inner_type (oid)
    where inner_type.oid <> 0
  )
  select
    type.oid as "oid",
    type.typtype::pg_catalog.text as "kind",
    type.typbasetype as "baseOid",
    case
      when type.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc then type.typelem
      else 0::pg_catalog.oid
    end as "elementOid",
    type.typdelim::pg_catalog.text as "delimiter"
  from part
    join pg_catalog.pg_type as type on type.oid = part.oid`;

/** Keyed by oid. `rows` are those of {@link typesQuery}, of one answer or of several: a later row replaces an earlier one. */
export function catalogFromRows(rows: readonly TypeEntry[]): TypeCatalog {
  return new Map(rows.map((row) => [row.oid, row]));
}
