// Chooses the encoder of a type, once per column. The rule for a type that nothing here knows: Postgres' own text in a JSON
// string, so that no value is ever wrong, only less structured.

import { builtInArray, builtInScalar } from './built-in-types.ts';
import { array } from './encode-array.ts';
import { composite, type AttributeShape } from './encode-composite.ts';
import { hstore } from './encode-hstore.ts';
import { quote, type Encode } from './encode-scalar.ts';
import type { TypeCatalog } from './type-catalog.ts';
import { isMutable, type Attribute, type TypeEntry } from './type-entry.ts';

export type { Encode } from './encode-scalar.ts';

/** An encoder for this type's text; never throws, whatever the catalog lacks. */
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

/** Whether a row may have to wait for the database before a value of this type can be printed. */
export function mayWait(typeOid: number, catalog: TypeCatalog): boolean {
  const type = builtInArray(typeOid) ?? catalog.get(typeOid);
  if (type === undefined) return false;
  return isMutable(type) || mayWait(type.baseOid, catalog) || mayWait(type.elementOid, catalog);
}

function compositeOf({ oid }: TypeEntry, catalog: TypeCatalog): Encode {
  const shapes = new WeakMap<readonly Attribute[], readonly AttributeShape[]>();
  return composite((count) => {
    const attributes = catalog.attributesOf(oid, count);
    if (attributes === undefined) return undefined;
    let shape = shapes.get(attributes);
    if (shape === undefined) {
      shape = attributes.map(({ name, typeOid }) => ({
        name: JSON.stringify(name),
        encode: encoderFor(typeOid, catalog),
      }));
      shapes.set(attributes, shape);
    }
    return shape;
  });
}

function cast(type: TypeEntry, catalog: TypeCatalog): Encode {
  if (type.jsonCast?.isHstore === true) return hstore;
  if (type.jsonCast?.isTrusted === false) return quote;
  return (text) => catalog.castJson(type, text) ?? quote(text);
}
