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
  /** A composite's; null for every other kind. */
  readonly attributes: Attributes | null;
  /** A composite that was not altered since the oldest change that the slot may still hand out. */
  readonly isSettled: boolean;
  /** The function that to_jsonb prints this type with; null for most types. */
  readonly jsonCast: JsonCast | null;
}

export interface Attributes {
  /** In their order, without dropped ones. */
  readonly list: readonly Attribute[];
  /** The highest number that was ever given. */
  readonly highest: number;
  /** The transaction that altered it last, or made it. */
  readonly alteredBy: number;
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
  /**
   * Statements that would make it trusted; empty when it is. Trusted is what only superusers and members of rowhook_dba can
   * alter: nobody else's code runs with the service's rights.
   */
  readonly remedies: readonly string[];
}

/** The types that it is made of: 0 and built-in ones among them. */
export function partsOf({ baseOid, elementOid, attributes }: TypeEntry): readonly number[] {
  return [baseOid, elementOid, ...(attributes?.list ?? []).map(({ typeOid }) => typeOid)];
}

/** Whether what is printed for it may change without a word in the log. */
export function isMutable({ kind, jsonCast }: TypeEntry): boolean {
  return kind === 'c' || (jsonCast !== null && !jsonCast.isHstore);
}

/** Whether somebody may give it a cast to json. */
export function mayGainCast({ kind, elementOid, jsonCast }: TypeEntry): boolean {
  return jsonCast === null && elementOid === 0 && ['b', 'e', 'r', 'm'].includes(kind);
}
