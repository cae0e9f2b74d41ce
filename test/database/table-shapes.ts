/**
 * The shapes of table that applications have, and what the doors answer to each replica identity asked for. What is not
 * accepted would make the application's own writes fail, or lose the company of a row.
 */

export interface Shape {
  readonly what: string;
  /** As SQL spells it. */
  readonly relation: string;
  /** As the doors are told, where that differs. */
  readonly door?: string;
  readonly create: string;
  /** Run by the superuser afterwards. */
  readonly adorn?: string;
  readonly company?: string;
  /** Which of full, keep and index (the one called `<relation>_company`) are accepted. */
  readonly accepts: string;
  readonly index?: string;
  /** What the application writes into the company column. */
  readonly value?: string;
  readonly conflict?: boolean;
  readonly from?: number;
}

const columns = '("companyId" text not null, id text primary key, note text)';
const withIndex = (table: string, rest = columns): string =>
  `create table ${table} ${rest}; create unique index ${table}_company on ${table} ("companyId", id)`;

function named(what: string, relation: string, door: string): Shape {
  return {
    what: `called ${what}`,
    relation,
    door,
    create: `create table ${relation} ${columns}; create unique index odd_${door.length}_company on ${relation} ("companyId", id)`,
    index: `odd_${door.length}_company`,
    accepts: 'full index',
  };
}

function identity(clause: string, accepts: string): Shape {
  const table = `was_${clause.replace(/ .*/, '')}`;
  const create = `${withIndex(table)}; alter table ${table} replica identity ${clause}`;
  return { what: `with replica identity ${clause} before`, relation: table, create, accepts };
}

const partitions = (table: string): string => `
  create table ${table}_a partition of ${table} for values in ('1', '2');
  create table ${table}_b partition of ${table} for values in ('1k', '2k', 'c') partition by hash ("companyId");
  create table ${table}_b_all partition of ${table}_b for values with (modulus 1, remainder 0)`;

export const shapes: readonly Shape[] = [
  identity('default', 'full index'),
  identity('nothing', 'full index'),
  identity('full', 'full keep index'),
  identity('using index was_using_company', 'full keep index'),
  {
    what: 'with the company in its primary key',
    relation: 'company_key',
    create: `create table company_key ("companyId" text, id text, note text, primary key ("companyId", id))`,
    index: 'company_key_pkey',
    conflict: false,
    accepts: 'full keep index',
  },
  {
    what: 'without any key',
    relation: 'keyless',
    create: 'create table keyless ("companyId" text not null, id text, note text)',
    conflict: false,
    accepts: 'full',
  },
  {
    what: 'with a deferrable primary key',
    relation: 'late_key',
    create: `create table late_key ("companyId" text not null, id text, note text, primary key (id) deferrable,
      constraint late_key_company unique ("companyId", id) deferrable initially deferred)`,
    conflict: false,
    accepts: 'full',
  },
  {
    what: 'with a company that may be null',
    relation: 'nullable',
    create: withIndex('nullable', '("companyId" text, id text primary key, note text)'),
    value: 'null',
    accepts: 'full',
  },
  {
    what: 'with a uuid as company',
    relation: 'by_uuid',
    create: withIndex('by_uuid', '("companyId" uuid not null, id text primary key, note text)'),
    value: `'5f2f8a54-2f3c-4d3a-9a43-0c2a3d0d8c11'`,
    accepts: 'full index',
  },
  {
    what: 'with a number as company',
    relation: 'by_int',
    create: withIndex('by_int', '("companyId" int not null, id text primary key, note text)'),
    value: '7',
    accepts: 'full index',
  },
  {
    what: 'with domains, an identity column and a dropped column',
    relation: 'domains',
    create: `create domain company as text not null check (value <> ''); create domain key_text as text;
      create table domains (number int generated always as identity, gone text, "companyId" company, id key_text primary key, note text);
      alter table domains drop column gone`,
    accepts: 'full',
  },
  named('"Order Details"', '"Order Details"', 'Order Details'),
  named('__proto__', '__proto__', '__proto__'),
  named('🧾📦', '"🧾📦"', '🧾📦'),
  named('with dots and quotes', '"a.b ""c"" d\'e"', `a.b "c" d'e`),
  named('with 63 bytes', `"${'é'.repeat(31)}x"`, `${'é'.repeat(31)}x`),
  {
    what: 'in a schema with a dot',
    relation: '"my.erp"."order"',
    door: 'my.erp.order',
    create: `create schema "my.erp"; create table "my.erp"."order" ${columns}`,
    accepts: 'full',
  },
  {
    what: 'of a name that a dotted one is mistaken for',
    relation: 'my."erp.order"',
    door: 'my."erp.order"',
    create: `create schema my; create table my."erp.order" ${columns}`,
    accepts: 'full',
  },
  {
    what: 'with row-level security',
    relation: 'guarded',
    create: `${withIndex('guarded')}; alter table guarded enable row level security; alter table guarded force row level security;
      create policy everybody on guarded using (true)`,
    accepts: 'full index',
  },
  {
    what: 'with child tables',
    relation: 'parent',
    create: `${withIndex('parent')}; create table child (extra text, primary key (id)) inherits (parent)`,
    accepts: 'full index',
  },
  {
    what: 'inherited from another',
    relation: 'heir',
    create: `create table ancestor ${columns}; create table heir (primary key (id)) inherits (ancestor);
      create unique index heir_company on heir ("companyId", id)`,
    accepts: 'full index',
  },
  {
    what: 'of another owner',
    relation: 'foreign_owner',
    create: withIndex('foreign_owner'),
    adorn: 'alter table foreign_owner owner to postgres',
    accepts: '',
  },
  {
    what: 'in another publication',
    relation: 'shared',
    create: withIndex('shared'),
    adorn: 'create publication other_table for table shared',
    accepts: 'full index',
  },
  {
    what: 'in another publication with a column list',
    relation: 'listed',
    create: withIndex('listed'),
    adorn: 'create publication other_list for table listed ("companyId", id)',
    from: 15,
    accepts: 'index',
  },
  {
    what: 'in another publication of its schema',
    relation: 'published.all_of_it',
    create: `create schema published; create table published.all_of_it ${columns}`,
    adorn: 'create publication other_schema for tables in schema published',
    from: 15,
    accepts: 'full',
  },
  {
    what: 'with a stored generated column',
    relation: 'stored',
    create: withIndex(
      'stored',
      '("companyId" text not null, id text primary key, note text, twice text generated always as (id || id) stored)',
    ),
    accepts: 'full index',
  },
  {
    what: 'with a stored generated column and in another publication',
    relation: 'stored_shared',
    create: withIndex(
      'stored_shared',
      '("companyId" text not null, id text primary key, note text, twice text generated always as (id || id) stored)',
    ),
    adorn: 'create publication other_stored for table stored_shared',
    from: 18,
    accepts: 'index',
  },
  {
    what: 'with a virtual generated column',
    relation: 'virtual',
    create: withIndex(
      'virtual',
      '("companyId" text not null, id text primary key, note text, twice text generated always as (id || id) virtual)',
    ),
    from: 18,
    accepts: 'index',
  },
  {
    what: 'partitioned on two levels',
    relation: 'parted',
    create: `create table parted ("companyId" text not null, id text, note text, primary key (id, "companyId")) partition by list (id);
      create unique index parted_company on parted ("companyId", id); ${partitions('parted')}`,
    conflict: false,
    accepts: 'full keep index',
  },
  {
    what: 'partitioned, with identities that differ',
    relation: 'uneven',
    create: `create table uneven ("companyId" text not null, id text, note text, primary key (id, "companyId")) partition by list (id);
      ${partitions('uneven')}; alter table uneven_a replica identity nothing; alter table uneven_b_all replica identity full`,
    conflict: false,
    accepts: 'full',
  },
  {
    what: 'partitioned without a key',
    relation: 'parted_keyless',
    create: `create table parted_keyless ("companyId" text not null, id text, note text) partition by list (id);
      ${partitions('parted_keyless')}`,
    conflict: false,
    accepts: '',
  },
  {
    what: 'partitioned, in a publication that names partitions',
    relation: 'parted_shared',
    create: `create table parted_shared ("companyId" text not null, id text, note text, primary key (id, "companyId")) partition by list (id);
      ${partitions('parted_shared')}`,
    adorn: `create publication other_parts for table parted_shared with (publish_via_partition_root = false);
      create publication other_part for table parted_shared_a ("companyId", id)`,
    from: 15,
    conflict: false,
    accepts: 'keep',
  },
];
