// The types every Postgres has under the same oid, with their arrays: src/include/catalog/pg_type.dat. Later servers add
// to this list and take nothing away; what it lacks is looked up in the type catalog like a type of the user's.

import { json, jsonb } from './encode-json.ts';
import {
  bool,
  float,
  integer,
  numeric,
  quote,
  quotePlain,
  timestamp,
  timestamptz,
  vector,
  type Encode,
} from './encode-scalar.ts';
import type { TypeEntry } from './type-entry.ts';

/** Name, oid, oid of its array type, encoder. The oid family is text, as in to_jsonb, and so are ranges. */
const builtInTypes: readonly (readonly [string, number, number, Encode])[] = [
  ['bool', 16, 1000, bool],
  ['bytea', 17, 1001, quote],
  ['char', 18, 1002, quote],
  ['name', 19, 1003, quote],
  ['int8', 20, 1016, integer],
  ['int2', 21, 1005, integer],
  ['int2vector', 22, 1006, vector(integer)],
  ['int4', 23, 1007, integer],
  ['regproc', 24, 1008, quote],
  ['text', 25, 1009, quote],
  ['oid', 26, 1028, quotePlain],
  ['tid', 27, 1010, quotePlain],
  ['xid', 28, 1011, quotePlain],
  ['cid', 29, 1012, quotePlain],
  ['oidvector', 30, 1013, vector(quotePlain)],
  ['json', 114, 199, json],
  ['xml', 142, 143, quote],
  ['point', 600, 1017, quotePlain],
  ['lseg', 601, 1018, quotePlain],
  ['path', 602, 1019, quotePlain],
  ['box', 603, 1020, quotePlain],
  ['polygon', 604, 1027, quotePlain],
  ['line', 628, 629, quotePlain],
  ['cidr', 650, 651, quotePlain],
  ['float4', 700, 1021, float],
  ['float8', 701, 1022, float],
  ['circle', 718, 719, quotePlain],
  ['macaddr8', 774, 775, quotePlain],
  ['money', 790, 791, quote],
  ['macaddr', 829, 1040, quotePlain],
  ['inet', 869, 1041, quotePlain],
  ['aclitem', 1033, 1034, quote],
  ['bpchar', 1042, 1014, quote],
  ['varchar', 1043, 1015, quote],
  ['date', 1082, 1182, quotePlain],
  ['time', 1083, 1183, quotePlain],
  ['timestamp', 1114, 1115, timestamp],
  ['timestamptz', 1184, 1185, timestamptz],
  ['interval', 1186, 1187, quotePlain],
  ['timetz', 1266, 1270, quotePlain],
  ['bit', 1560, 1561, quotePlain],
  ['varbit', 1562, 1563, quotePlain],
  ['numeric', 1700, 1231, numeric],
  ['refcursor', 1790, 2201, quote],
  ['regprocedure', 2202, 2207, quote],
  ['regoper', 2203, 2208, quote],
  ['regoperator', 2204, 2209, quote],
  ['regclass', 2205, 2210, quote],
  ['regtype', 2206, 2211, quote],
  ['uuid', 2950, 2951, quotePlain],
  ['txid_snapshot', 2970, 2949, quote],
  ['pg_lsn', 3220, 3221, quotePlain],
  ['tsvector', 3614, 3643, quote],
  ['tsquery', 3615, 3645, quote],
  ['gtsvector', 3642, 3644, quote],
  ['regconfig', 3734, 3735, quote],
  ['regdictionary', 3769, 3770, quote],
  ['jsonb', 3802, 3807, jsonb],
  ['int4range', 3904, 3905, quote],
  ['numrange', 3906, 3907, quote],
  ['tsrange', 3908, 3909, quote],
  ['tstzrange', 3910, 3911, quote],
  ['daterange', 3912, 3913, quote],
  ['int8range', 3926, 3927, quote],
  ['jsonpath', 4072, 4073, quote],
  ['regnamespace', 4089, 4090, quote],
  ['regrole', 4096, 4097, quote],
  ['regcollation', 4191, 4192, quote],
  ['int4multirange', 4451, 6150, quote],
  ['nummultirange', 4532, 6151, quote],
  ['tsmultirange', 4533, 6152, quote],
  ['tstzmultirange', 4534, 6153, quote],
  ['datemultirange', 4535, 6155, quote],
  ['int8multirange', 4536, 6157, quote],
  ['pg_snapshot', 5038, 5039, quote],
  ['xid8', 5069, 271, quotePlain],
];

const scalars = new Map(builtInTypes.map(([, oid, , encode]) => [oid, encode]));
const arrays = new Map(
  builtInTypes.map(([name, oid, arrayOid]) => [arrayOid, arrayEntry(name, oid, arrayOid)]),
);
const oids = new Map(
  builtInTypes.flatMap(([name, oid, arrayOid]) => [
    [name, oid],
    [`_${name}`, arrayOid],
  ]),
);

export function builtInScalar(typeOid: number): Encode | undefined {
  return scalars.get(typeOid);
}

export function builtInArray(typeOid: number): TypeEntry | undefined {
  return arrays.get(typeOid);
}

/** False: the type has to be looked up in the catalog of the database. */
export function isBuiltIn(typeOid: number): boolean {
  return scalars.has(typeOid) || arrays.has(typeOid);
}

/** By pg_type.typname; an array's begins with an underscore. */
export function builtInOid(name: string): number | undefined {
  return oids.get(name);
}

/** box is the only type whose arrays do not use the comma. */
function arrayEntry(name: string, elementOid: number, oid: number): TypeEntry {
  const delimiter = name === 'box' ? ';' : ',';
  const rest = { baseOid: 0, attributes: null, isSettled: true, jsonCast: null };
  return { oid, kind: 'b', name: `pg_catalog._${name}`, elementOid, delimiter, ...rest };
}
