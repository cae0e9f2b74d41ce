// Whatever the catalog says a role can reach, tried by a session of another company: what it gets is what it got before the other company had
// anything, to the letter. Relations and functions are those of the catalog, so that a new one is tried, too.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import type { Session } from '../support/queryable.ts';

/** In all that the other company has. */
const mark = 'theirs';
/** In what not even a DBA sees: a URL's path, a body, an answer. */
const secret = 'hidden';

interface Probe {
  readonly what: string;
  readonly sql: string;
}

const scopes = [
  ['another company', `select set_config('rowhook.company_id', 'ours', false)`],
  ['an empty company', `select set_config('rowhook.company_id', '', false)`],
  ['no company', 'select 1'],
] as const;

let database: InstalledDatabase;
let probes: readonly Probe[];
let before: Map<string, readonly string[]>;
let after: Map<string, readonly string[]>;
let theirs: readonly [string, string];

beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item')`);
  await database.admin.query(`select rowhook.make_delivery_partition((now() at time zone 'UTC')::date)`);
  await fill('ours', 'shown');
  probes = await probesOf(database.app.role);
  before = await outcomes();
  await fill(mark, secret);
  const untouched = await everything();
  after = await outcomes();
  theirs = [untouched, await everything()];
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

/** Something of the company in every table that has anything of a company. */
async function fill(company: string, hidden: string): Promise<void> {
  await database.admin.query(`
    insert into rowhook.webhook (id, company_id, name, table_name, url, on_insert, on_update)
      values ('wh_${company}', '${company}', '${company}', 'item', 'https://hooks.example.com/${hidden}', true, true);
    insert into rowhook.webhook (id, all_companies, name, table_name, url, on_insert)
      select 'wh_all_${company}', true, 'all ${company}', 'item', 'https://hooks.example.com/${hidden}', true where '${company}' = '${mark}';
    insert into rowhook.counter (uid, claimed_count, error_count, last_error_at, last_error)
      select uid, 7, 7, now(), 'timeout ${company}' from rowhook.webhook where name like '%${company}' on conflict do nothing;
    insert into rowhook.backlog (uid, epoch, commit_lsn, index, part, webhook_id, company_id, table_name, type, keys, payload)
      select uid, 1, '0/10', 0, 0, id, company_id, 'item', 'INSERT', array['item/6:${company}'], convert_to('${hidden}', 'UTF8')
      from rowhook.webhook where name like '%${company}';
    insert into rowhook.loss (uid, webhook_id, company_id, table_name, reason, count, detail)
      select uid, id, company_id, 'item', 'timeout', 1, '${company}' from rowhook.webhook where name like '%${company}';
    insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome, body, answer)
      select now(), uid, id, company_id, '${company}', 'item', '${company}', 'INSERT', 1, 'delivered', '${hidden}', '${hidden}'
      from rowhook.webhook where name like '%${company}';
    insert into rowhook.config_version (kind, key, epoch, commit_lsn, row)
      select 'webhook', id, 1, '0/10', to_jsonb(w) from rowhook.webhook w where name like '%${company}'`);
}

interface Relation {
  readonly name: string;
  readonly isTable: boolean;
  readonly columns: readonly string[];
  readonly readable: readonly string[];
}

async function relationsFor(role: string): Promise<Relation[]> {
  const rows = await database.admin.query<{
    name: string;
    kind: string;
    columns: string;
    readable: string;
  }>(
    `select format('rowhook.%I', c.relname) as name, c.relkind::text as kind,
            json_agg(quote_ident(a.attname) order by a.attnum)::text as columns,
            coalesce(json_agg(quote_ident(a.attname) order by a.attnum)
              filter (where has_column_privilege($1, c.oid, a.attnum, 'select')), '[]')::text as readable
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'rowhook'::regnamespace and c.relkind not in ('i', 'I', 'c')
     group by c.oid order by 1`,
    [role],
  );
  return rows.map(({ name, kind, columns, readable }) => ({
    name,
    isTable: kind !== 'S',
    columns: JSON.parse(columns) as string[],
    readable: JSON.parse(readable) as string[],
  }));
}

/** What somebody who looks for the other company would give. */
const candidates: Readonly<Record<string, readonly string[]>> = {
  text: [`'item'`, `'erp.item'`, `'wh_${mark}'`, `'${mark}'`, `'https://hooks.example.com/${secret}'`],
  'text[]': [`array['${mark}']`],
  oid: [`'erp.item'::regclass`, `'rowhook.webhook'::regclass`],
  'oid[]': [`array['erp.item'::regclass::oid]`],
  jsonb: [`'{}'`],
  boolean: ['true', 'false'],
  integer: ['1'],
  date: [`'2026-01-01'`],
  'rowhook.subscribable_table': [`(select t from rowhook.subscribable_table t limit 1)`],
};

/** Every function of the schema, with each fitting argument in each place. */
async function callsFor(role: string): Promise<(Probe & { readonly isAllowed: boolean })[]> {
  const rows = await database.admin.query<{ name: string; types: string; is_allowed: string }>(
    `select format('rowhook.%I', p.proname) as name, has_function_privilege($1, p.oid, 'execute')::text as is_allowed,
            coalesce((select json_agg(format_type(t, null) order by n) from unnest(p.proargtypes) with ordinality u (t, n)), '[]')::text as types
     from pg_proc p where p.pronamespace = 'rowhook'::regnamespace order by 1, p.oid`,
    [role],
  );
  return rows.flatMap(({ name, types, is_allowed: isAllowed }) => {
    const fitting = (JSON.parse(types) as string[]).map((type) => {
      const values = candidates[type];
      if (values === undefined) throw new Error(`${name} takes a ${type}: say what fits`);
      return values.map((value) => `${value}::${type}`);
    });
    const most = Math.max(1, ...fitting.map(({ length }) => length));
    return Array.from({ length: most }, (_, turn) => {
      const values = fitting.map((each, place) => each[(turn + place) % each.length] ?? '');
      const call = `${name}(${values.join(', ')})`;
      return { what: call, sql: `select to_json(x)::text from ${call} x`, isAllowed: isAllowed === 'true' };
    });
  });
}

async function probesOf(role: string): Promise<Probe[]> {
  const relations = await relationsFor(role);
  const own = relations.flatMap(({ name, isTable, columns, readable }): Probe[] => [
    { what: `read ${name}`, sql: `select ${readable.join(', ') || '*'} from ${name} order by 1` },
    { what: `read all of ${name}`, sql: `select * from ${name} order by 1` },
    { what: `count ${name}`, sql: `select count(*) from ${name}` },
    ...(isTable
      ? [
          ...columns.map((column) => ({
            what: `write ${name}.${column}`,
            sql: `with w as (update ${name} set ${column} = ${column} returning 1) select count(*) from w`,
          })),
          {
            what: `empty ${name}`,
            sql: `with w as (delete from ${name} returning 1) select count(*) from w`,
          },
          { what: `truncate ${name}`, sql: `truncate ${name}` },
          {
            what: `move ${name}`,
            sql: `with w as (update ${name} set ${columns.includes('company_id') ? 'company_id' : columns[0]} = '${mark}' returning 1) select count(*) from w`,
          },
          { what: `insert into ${name}`, sql: `insert into ${name} default values` },
        ]
      : [{ what: `advance ${name}`, sql: `select nextval('${name}')` }]),
  ]);
  const webhook = `insert into rowhook.webhook (company_id, name, table_name, url, on_insert) values`;
  return [
    ...own,
    ...(await callsFor(role)),
    {
      what: 'a webhook of theirs',
      sql: `${webhook} ('${mark}', '${mark}', 'item', 'https://a.example/', true)`,
    },
    { what: 'a webhook of nobody', sql: `${webhook} (null, '${mark}', 'item', 'https://a.example/', true)` },
    { what: 'a name of theirs', sql: `${webhook} ('ours', '${mark}', 'item', 'https://a.example/', true)` },
    {
      what: 'a webhook by its id',
      sql: `select id, url from rowhook.webhook where id in ('wh_${mark}', 'wh_all_${mark}')`,
    },
    {
      what: 'a value that would show',
      sql: `select 1 / (length(name) - length(name)) from rowhook.webhook where name ~ '${mark}'`,
    },
  ];
}

function tells(text: string): boolean {
  return text.includes(mark) || text.includes(secret);
}

/** Rows, or the error's words; nothing of it stays. */
async function outcomeOf(session: Session, { what, sql }: Probe): Promise<string> {
  await session.query('begin');
  try {
    return `${what}: ${JSON.stringify(await session.query(sql))}`;
  } catch (error) {
    const { message, detail, hint, code } = error as Error & {
      detail?: string;
      hint?: string;
      code?: string;
    };
    return `${what}: ${[code, message, detail, hint].join(' | ')}`;
  } finally {
    await session.query('rollback');
  }
}

async function outcomes(): Promise<Map<string, readonly string[]>> {
  const all = new Map<string, readonly string[]>();
  for (const [scope, enter] of scopes) {
    const session = await database.connect(database.appUrl);
    await session.query(enter);
    const each: string[] = [];
    for (const probe of probes) each.push(await outcomeOf(session, probe));
    all.set(scope, each);
  }
  return all;
}

/** Every row of every table, as one text. */
async function everything(): Promise<string> {
  const tables = (await relationsFor(database.app.role)).filter(({ isTable }) => isTable);
  const texts: string[] = [];
  for (const { name } of tables) {
    texts.push(JSON.stringify(await database.admin.query(`select t::text from ${name} t order by 1`)));
  }
  return texts.join('\n');
}

test.each(scopes)('a session of %s gets what it got before there was anything of theirs', (scope) => {
  expect(before.get(scope)?.length).toBe(probes.length);
  expect(after.get(scope)).toEqual(before.get(scope));
});

test('no row and no error holds a word of theirs that was not asked for', () => {
  for (const [scope] of scopes) {
    const unasked = (after.get(scope) ?? []).filter((_, at) => !tells(probes[at]?.sql ?? ''));
    expect(unasked.length).toBeGreaterThan(100);
    expect(unasked.filter(tells)).toEqual([]);
  }
});

test('nothing of theirs was changed', () => {
  expect(theirs[0]).toContain(mark);
  expect(theirs[1]).toBe(theirs[0]);
});

test('the company itself gets more than others did', async () => {
  await using session = await database.connect(database.appUrl);
  await session.query(`select set_config('rowhook.company_id', '${mark}', false)`);
  for (const relation of ['webhook', 'webhook_counter', 'webhook_health', 'backlog', 'loss', 'delivery']) {
    const [row] = await session.query(`select count(*) as n from rowhook.${relation}`);
    expect([relation, row?.['n']]).toEqual([relation, '1']);
  }
  const [first] = await session.query(`select url from rowhook.webhook`);
  expect(first?.['url']).toContain(secret);
});

test('a login that is a member of nothing reaches nothing', async () => {
  const stranger = await database.createLogin({ name: 'stranger' });
  await using session = await database.connect(database.loginUrl(stranger.role));
  const denied = (await probesOf(stranger.role)).filter(({ sql }) => !/nextval/.test(sql));
  for (const probe of denied) expect(await outcomeOf(session, probe)).toMatch(/: 42501 \| permission denied/);
});

test('a member of rowhook_dba reads everything but what is secret', async () => {
  const reader = await database.createLogin({ name: 'reader', memberOf: ['rowhook_dba'] });
  await using session = await database.connect(database.loginUrl(reader.role));
  const hex = Buffer.from(secret).toString('hex');
  const shown: string[] = [];
  for (const { name, readable } of await relationsFor(reader.role)) {
    if (readable.length > 0)
      shown.push(await outcomeOf(session, { what: name, sql: `select ${readable.join(', ')} from ${name}` }));
  }
  for (const probe of await callsFor(reader.role)) {
    if (probe.isAllowed && !probe.sql.includes(secret)) shown.push(await outcomeOf(session, probe));
  }
  expect(shown.filter((text) => text.includes(secret) || text.includes(hex))).toEqual([]);
  expect(shown.filter((text) => text.includes(mark)).length).toBeGreaterThan(5);
  for (const column of [
    'webhook.url',
    'delivery.body',
    'delivery.answer',
    'backlog.payload',
    'config_version.row',
  ]) {
    const [relation = '', name = ''] = column.split('.');
    const sql = `select ${name} from rowhook.${relation}`;
    expect(await outcomeOf(session, { what: column, sql })).toContain(`${column}: 42501 |`);
  }
});
