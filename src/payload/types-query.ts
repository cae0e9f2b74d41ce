// The statements that tell what types are made of and what their casts print. They need no rights beyond what everybody
// has on the system catalog, and EXECUTE on a cast's function.

import type { TypeEntry } from './type-entry.ts';

/** A role that may see all that the service sees. The owner of `public` is whoever owns the database. */
function isTrusted(owner: string): string {
  return `exists (
    select from pg_catalog.pg_roles r
    where r.oid = case when ${owner} = pg_catalog.to_regrole('pg_database_owner')
                       then (select d.datdba from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
                       else ${owner} end
      and (r.rolsuper
           or coalesce(pg_catalog.pg_has_role(r.oid, pg_catalog.to_regrole('rowhook_dba'), 'member'), false)))`;
}

/** A range is read back through its subtype, and through a function that whoever made the range may have written. */
const isPlainRange = `exists (
  select from pg_catalog.pg_range g
  where t.oid in (g.rngtypid, g.rngmultitypid) and g.rngsubtype < 16384 and g.rngcanonical = 0)`;

const remedies = `
  select coalesce(pg_catalog.json_agg(remedy order by place, remedy), '[]')
  from (
    select 1, case when not ${isTrusted('p.proowner')}
                then pg_catalog.format('alter function %s owner to rowhook_dba;', p.oid::pg_catalog.regprocedure) end
    union
    select 2, case when not ${isTrusted('t.typowner')}
                then pg_catalog.format('alter type %I.%I owner to rowhook_dba;', tn.nspname, t.typname) end
    union
    select 3, case when not ${isTrusted('s.nspowner')}
                then pg_catalog.format('alter schema %I owner to rowhook_dba;', s.nspname) end
    from pg_catalog.pg_namespace s
    where s.oid in (p.pronamespace, t.typnamespace)
    union
    select 4, case when t.typtype in ('r', 'm') and not ${isPlainRange}
                then '-- none: ranges over types that are not built in, or with a canonical function, are read back by code of others' end
  ) given (place, remedy)
  where remedy is not null`;

/**
 * Takes oid[] as $1 and the slot's name as $2; returns one row: `types`, a TypeEntry for each of these types that there is,
 * and `snapshot` and `next`, what the statement saw and the next transaction id. Only arrays proper have an element here: box and name, too, have a typelem. Casts to
 * json count where to_jsonb looks for them: for types that are neither built in (from oid 16384), nor arrays, nor composites.
 */
export const typesQuery = `
  select pg_catalog.pg_current_snapshot()::pg_catalog.text as "snapshot",
         (pg_catalog.age('3'::pg_catalog.xid)::pg_catalog.int8 + 3) & 4294967295 as "next",
         coalesce(pg_catalog.json_agg(entry), '[]') as "types"
  from (
    select
      t.oid::pg_catalog.int8 as "oid",
      t.typtype as "kind",
      pg_catalog.format('%I.%I', tn.nspname, t.typname) as "name",
      t.typbasetype::pg_catalog.int8 as "baseOid",
      case when is_array then t.typelem else 0 end::pg_catalog.int8 as "elementOid",
      t.typdelim as "delimiter",
      attributes.value as "attributes",
      coalesce(attributes.newest_age > (
        select pg_catalog.age(s.catalog_xmin) from pg_catalog.pg_replication_slots s where s.slot_name = $2
      ), false) as "isSettled",
      case when t.oid >= 16384 and t.typtype not in ('c', 'd') and not is_array then (
        select pg_catalog.json_build_object(
                 'functionName', p.oid::pg_catalog.regproc,
                 'isHstore', p.prosrc = 'hstore_to_json' and l.lanname = 'c',
                 'remedies', (${remedies}))
        from pg_catalog.pg_cast c
        join pg_catalog.pg_proc p on p.oid = c.castfunc
        join pg_catalog.pg_language l on l.oid = p.prolang
        where c.castsource = t.oid and c.casttarget = 'pg_catalog.json'::pg_catalog.regtype and c.castmethod = 'f'
          and p.pronargs = 1
      ) end as "jsonCast"
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
    cross join lateral (
      select t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc as is_array
    ) is_array
    left join lateral (
      select pg_catalog.json_build_object(
               'highest', coalesce(pg_catalog.max(a.attnum), 0),
               'alteredBy', coalesce((pg_catalog.array_agg(a.xmin::pg_catalog.text order by pg_catalog.age(a.xmin)))[1]::pg_catalog.int8, 0),
               'list', coalesce(pg_catalog.json_agg(
                 pg_catalog.json_build_object('name', a.attname, 'typeOid', a.atttypid::pg_catalog.int8, 'number', a.attnum)
                 order by a.attnum) filter (where not a.attisdropped), '[]')) as value,
             pg_catalog.min(pg_catalog.age(a.xmin)) as newest_age
      from pg_catalog.pg_attribute a
      where a.attrelid = t.typrelid and a.attnum > 0
    ) attributes on t.typtype = 'c'
    where t.oid = any ($1::pg_catalog.oid[])
  ) entry`;

/**
 * Takes the values' texts as text[] in $1; returns their JSON, in their order, as jsonb prints it: null when the name is another
 * type's by now, or the cast is not trusted any more.
 */
export function castQuery({ oid, name }: TypeEntry): string {
  // By way of to_jsonb: it takes the cast's very function, where a call by name could find another one of that name.
  return `
    select case when pg_catalog.pg_typeof(null::${name})::pg_catalog.oid = ${oid} and (
      select (${remedies})::pg_catalog.text = '[]'
      from pg_catalog.pg_type t
      join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
      join pg_catalog.pg_cast c
        on c.castsource = t.oid and c.casttarget = 'pg_catalog.json'::pg_catalog.regtype and c.castmethod = 'f'
      join pg_catalog.pg_proc p on p.oid = c.castfunc
      where t.oid = ${oid}
    ) then pg_catalog.to_jsonb(value::${name})::pg_catalog.text end as json
    from pg_catalog.unnest($1::pg_catalog.text[]) with ordinality as given (value, place)
    order by place`;
}
