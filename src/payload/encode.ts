// Chooses the encoder of a type, once per column. The rule for a type that nothing here knows (composites and what
// extensions bring, for now): Postgres' own text in a JSON string, so that no value is ever wrong, only less structured.

import { builtInArray, builtInScalar } from './built-in-types.ts';
import { array } from './encode-array.ts';
import { quote, type Encode } from './encode-scalar.ts';
import type { TypeCatalog } from './type-catalog.ts';

export type { Encode } from './encode-scalar.ts';

/** An encoder for this type's text; never throws, whatever the catalog lacks. */
export function encoderFor(typeOid: number, catalog: TypeCatalog): Encode {
  const scalar = builtInScalar(typeOid);
  if (scalar !== undefined) return scalar;
  const type = builtInArray(typeOid) ?? catalog.get(typeOid);
  if (type === undefined) return quote;
  if (type.baseOid !== 0) return encoderFor(type.baseOid, catalog);
  if (type.elementOid !== 0) return array(encoderFor(type.elementOid, catalog), type.delimiter);
  return quote;
}
