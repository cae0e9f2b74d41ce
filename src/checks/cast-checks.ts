// Judges the types of enabled tables that a cast to json prints: whether it is trusted, and may be called
// (docs/decisions/0009). Values of the others go out as Postgres' text.
import type { Queries } from '../database/queries.ts';
import { readTypes } from '../database/relation-catalog.ts';
import { readCastRights, readColumnTypes } from '../database/status/tables.ts';
import { isBuiltIn } from '../payload/built-in-types.ts';
import { partsOf, type TypeEntry } from '../payload/type-entry.ts';
import { typesQuery } from '../payload/types-query.ts';
import { ok, warn, type Check } from './check.ts';

export async function checkCasts(db: Queries, slot: string): Promise<Check[]> {
  const columns = await readColumnTypes(db);
  const types = await readAll(
    db,
    slot,
    columns.flatMap(({ typeOids }) => typeOids),
  );
  const casting = types.filter(({ jsonCast }) => jsonCast !== null && !jsonCast.isHstore);
  if (casting.length === 0) return [];
  const rights = await readCastRights(
    db,
    casting.map(({ oid }) => oid),
  );
  const problems = casting.flatMap((type) => castProblem(type, rights.get(type.oid) ?? []) ?? []);
  if (problems.length > 0) return problems;
  return [ok('casts to json', `used for ${casting.map(({ name }) => name).join(', ')}`)];
}

async function readAll(db: Queries, slot: string, typeOids: readonly number[]): Promise<TypeEntry[]> {
  const found: TypeEntry[] = [];
  const asked = new Set<number>([0]);
  const unknown = (oids: readonly number[]): number[] =>
    [...new Set(oids)].filter((oid) => !asked.has(oid) && !isBuiltIn(oid));
  for (let next = unknown(typeOids); next.length > 0;) {
    for (const oid of next) asked.add(oid);
    const { types } = await readTypes<TypeEntry>({ session: db, query: typesQuery, typeOids: next, slot });
    found.push(...types);
    next = unknown(types.flatMap(partsOf));
  }
  return found;
}

export function castProblem({ name, jsonCast }: TypeEntry, missingRights: readonly string[]): Check | null {
  if (jsonCast === null) return null;
  const check = `type ${name}`;
  const asText = `its values go out as Postgres' text`;
  if (jsonCast.remedies.length > 0) {
    return warn(
      check,
      `the cast to json by ${jsonCast.functionName} is not used, and ${asText}: others than superusers and members of rowhook_dba can change what it runs`,
      `${jsonCast.remedies.join(' ')}\nFirst read that function and what it calls: it will run with the service's rights.`,
    );
  }
  if (missingRights.length === 0) return null;
  const detail = `the service may not call ${jsonCast.functionName}, the cast to json, and ${asText}`;
  return warn(check, detail, missingRights.join(' '));
}
