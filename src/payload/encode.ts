// Chooses the encoder of a type, once per column. The rule for a type that nothing here knows: Postgres' own text in a JSON
// string, so that no value is ever wrong, only less structured.

import { builtInArray, builtInScalar } from './built-in-types.ts';
import { array } from './encode-array.ts';
import { composite, type AttributeShape } from './encode-composite.ts';
import { hstore } from './encode-hstore.ts';
import { quote, type Encode } from './encode-scalar.ts';
import type { TypeCatalog } from './type-catalog.ts';
import { isMutable, mayGainCast, type Attribute, type TypeEntry } from './type-entry.ts';

export type { Encode } from './encode-scalar.ts';

/** An encoder for this type's text, whatever the catalog lacks; it throws PayloadTooLarge for JSON that grows beyond any payload. */
export function encoderFor(typeOid: number, catalog: TypeCatalog): Encode {
  const scalar = builtInScalar(typeOid);
  if (scalar !== undefined) return scalar;
  const type = builtInArray(typeOid) ?? catalog.get(typeOid);
  if (type === undefined) return quote;
  if (type.baseOid !== 0) return encoderFor(type.baseOid, catalog);
  if (type.elementOid !== 0) return array(encoderFor(type.elementOid, catalog), type.delimiter);
  if (type.kind === 'c') return compositeOf(type, catalog);
  return type.jsonCast === null ? quote : cast(type, catalog);
}

/**
 * What has to be asked before a value of this type can be printed: something for each transaction or each row, whether the
 * type has a cast by now, or nothing.
 */
export function mayWait(typeOid: number, catalog: TypeCatalog): 'row' | 'cast' | null {
  const type = builtInArray(typeOid) ?? catalog.get(typeOid);
  if (type === undefined) return null;
  if (isMutable(type)) return 'row';
  if (type.baseOid !== 0) return mayWait(type.baseOid, catalog);
  if (type.elementOid !== 0) return mayWait(type.elementOid, catalog);
  return mayGainCast(type) ? 'cast' : null;
}

function compositeOf({ oid }: TypeEntry, catalog: TypeCatalog): Encode {
  const shapes = new WeakMap<readonly Attribute[], readonly AttributeShape[]>();
  return composite((count) => {
    const found = catalog.attributesOf(oid, count);
    if (found === undefined) return undefined;
    const { list, isProven } = found;
    let attributes = shapes.get(list);
    if (attributes === undefined) {
      attributes = list.map(({ name, typeOid }) => ({
        name: quote(name),
        encode: encoderFor(typeOid, catalog),
      }));
      shapes.set(list, attributes);
    }
    return { attributes, isProven };
  });
}

function cast(type: TypeEntry, catalog: TypeCatalog): Encode {
  if (type.jsonCast?.isHstore === true) return hstore;
  if (type.jsonCast?.remedies.length !== 0) return quote;
  return (text) => catalog.castJson(type, text) ?? quote(text);
}
