// The statements that tell what types are made of and what their casts print. They need no rights beyond what everybody
// has on the system catalog, and EXECUTE on a cast's function.

import type { TypeEntry } from './type-entry.ts';

/**
 * Takes oid[] as $1; returns a TypeEntry for each of these types that there is. Only arrays proper have an element here: box
 * and name, too, have a typelem. Casts to json count where to_jsonb looks for them: for types that are neither built in
 * (from oid 16384), nor arrays, nor composites.
 */
export const typesQuery = `
  select
    t.oid as "oid",
    t.typtype::pg_catalog.text as "kind",
    pg_catalog.format('%I.%I', n.nspname, t.typname) as "name",
    t.typbasetype as "baseOid",
    case when is_array then t.typelem else 0::pg_catalog.oid end as "elementOid",
    t.typdelim::pg_catalog.text as "delimiter",
    case when t.typtype = 'c' then (
      select coalesce(pg_catalog.json_agg(
               pg_catalog.json_build_object('name', a.attname, 'typeOid', a.atttypid::pg_catalog.int8, 'number', a.attnum)
               order by a.attnum), '[]')
      from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    ) end as "attributes",
    case when t.oid >= 16384 and t.typtype not in ('c', 'd') and not is_array then (
      select pg_catalog.json_build_object(
               'functionName', pg_catalog.format('%I.%I', n.nspname, p.proname),
               'isHstore', p.prosrc = 'hstore_to_json' and l.lanname = 'c',
               'isTrusted', r.rolsuper
                 or coalesce(pg_catalog.pg_has_role(p.proowner, pg_catalog.to_regrole('rowhook_dba'), 'member'), false)
             )
      from pg_catalog.pg_cast c
      join pg_catalog.pg_proc p on p.oid = c.castfunc
      join pg_catalog.pg_language l on l.oid = p.prolang
      join pg_catalog.pg_namespace n on n.oid = p.pronamespace
      join pg_catalog.pg_roles r on r.oid = p.proowner
      where c.castsource = t.oid and c.casttarget = 'pg_catalog.json'::pg_catalog.regtype and c.castmethod = 'f'
        and p.pronargs = 1
    ) end as "jsonCast"
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  cross join lateral (
    select t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc as is_array
  ) s
  where t.oid = any ($1::pg_catalog.oid[])`;

/** Takes the values' texts as text[] in $1; returns their JSON, in their order, as jsonb prints it. */
export function castQuery({ name, jsonCast }: TypeEntry): string {
  if (jsonCast === null) throw new Error(`${name} has no cast to json`);
  return `
    select pg_catalog.to_jsonb(${jsonCast.functionName}(value::${name}))::pg_catalog.text as json
    from unnest($1::pg_catalog.text[]) with ordinality as given (value, place)
    order by place`;
}
