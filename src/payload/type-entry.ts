// What the database says of one type that is not built in.

export interface TypeEntry {
  readonly oid: number;
  /** pg_type.typtype: base, domain, enum, composite, range, multirange, pseudo. */
  readonly kind: 'b' | 'd' | 'e' | 'c' | 'r' | 'm' | 'p';
  /** Schema and name, quoted where SQL needs it. */
  readonly name: string;
  /** The type a domain is defined over; 0 for every other kind. */
  readonly baseOid: number;
  /** The type of a true array's items; 0 for every other type. */
  readonly elementOid: number;
  /** What stands between the items in an array of this type (for an array type: between its own). */
  readonly delimiter: string;
  /** A composite's, in their order, without dropped ones; null for every other kind. */
  readonly attributes: readonly Attribute[] | null;
  /** The function that to_jsonb prints this type with; null for most types. */
  readonly jsonCast: JsonCast | null;
}

export interface Attribute {
  readonly name: string;
  readonly typeOid: number;
  /** pg_attribute.attnum: never given twice, so a gap is a dropped attribute. */
  readonly number: number;
}

export interface JsonCast {
  /** Schema and name, quoted where SQL needs it. */
  readonly functionName: string;
  /** hstore's own, which needs no database. */
  readonly isHstore: boolean;
  /** A superuser or a member of rowhook_dba owns it: nobody else's code runs with the service's rights. */
  readonly isTrusted: boolean;
}

/** The types that it is made of: 0 and built-in ones among them. */
export function partsOf({ baseOid, elementOid, attributes }: TypeEntry): readonly number[] {
  return [baseOid, elementOid, ...(attributes ?? []).map(({ typeOid }) => typeOid)];
}

/** Whether what is printed for it may change without a word in the log. */
export function isMutable({ kind, jsonCast }: TypeEntry): boolean {
  return kind === 'c' || (jsonCast !== null && !jsonCast.isHstore);
}
