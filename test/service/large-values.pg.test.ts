// Values of 100 kB that Postgres stores out of line, under each replica identity: the payload holds them wherever the log does,
// and names exactly those that it does not. What is expected comes from to_jsonb, asked right after each statement.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ dba, admin }) => {
    await admin.query('create extension if not exists citext');
    await dba.query(`
      create schema erp;
      create domain erp.slogan as text;
      create type erp.parcel as (sender text, content text);`);
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

const size = 100_000;

/** Type and value of each large column; $1 is a letter, so that every version of a row is another. */
const large: Readonly<Record<string, readonly [type: string, value: string]>> = {
  doc: ['text', `repeat($1, ${size})`],
  data: ['jsonb', `jsonb_build_object('k', repeat($1, ${size}), 'n', 1.10)`],
  raw: ['json', `json_build_object('k', repeat($1, ${size}), 'n', 1.10)`],
  page: ['xml', `('<a>' || repeat($1, ${size}) || '</a>')::xml`],
  image: ['bytea', `convert_to(repeat($1, ${size}), 'UTF8')`],
  tags: ['text[]', `array_fill($1 || ' "quoted", {braced} and back\\slash', array[${size / 40}])`],
  amounts: ['numeric[]', `array_fill((ascii($1) || '.50')::numeric, array[2, ${size / 20}])`],
  slogan: ['erp.slogan', `repeat($1, ${size})`],
  parcel: ['erp.parcel', `row('a "b"', repeat($1, ${size}))::erp.parcel`],
  parcels: ['erp.parcel[]', `array[null, row('a', repeat($1, ${size}))::erp.parcel]`],
  caseless: ['citext', `repeat($1, ${size})::citext`],
};
const largeNames = Object.keys(large);

function valueOf(column: string, letter: string): string {
  return (large[column]?.[1] ?? '').replaceAll('$1', `'${letter}'`);
}

async function createLargeTable(name: string, enable: string): Promise<void> {
  const columns = Object.entries(large).map(([column, [type]]) => `${column} ${type}`);
  const external = largeNames.map((column) => `alter column ${column} set storage external`);
  const { dba } = scene.database;
  await dba.query(`
    create table erp.${name} (tenant text, id int, code text not null, note text, ${columns.join(', ')},
                              primary key (tenant, id));
    create unique index ${name}_code on erp.${name} (tenant, code);
    alter table erp.${name} ${external.join(', ')}`);
  await dba.query(`select rowhook.enable_table('erp.${name}', company_column => 'tenant'${enable})`);
  await scene.createWebhook({ name, table: name, company: 'acme' });
}

/** Column to length and digest of its JSON, so that a failure can be read. */
type Prints = Readonly<Record<string, string>>;

async function printsOf(json: string): Promise<Prints> {
  const rows = await scene.database.app.query(
    `select key, length(value::text) || ' ' || md5(value::text) as print from jsonb_each($1::jsonb)`,
    [json],
  );
  return Object.fromEntries(rows.map(({ key, print }) => [key ?? '', print ?? '']));
}

/** Runs the statements one by one; the row after each of them, null when there is none. */
async function versionsAfter(table: string, statements: readonly string[]): Promise<(Prints | null)[]> {
  const session = await scene.connect();
  const versions: (Prints | null)[] = [];
  for (const statement of statements) {
    await session.query('begin');
    await session.query(statement);
    const [row] = await session.query(`select to_jsonb(t)::text as json from erp.${table} t`);
    await session.query('commit');
    versions.push(row === undefined ? null : await printsOf(row['json'] ?? ''));
  }
  return versions;
}

interface Seen {
  readonly type: unknown;
  readonly record: Prints;
  readonly old: Prints | null | undefined;
  readonly unchanged: unknown;
  readonly partial: unknown;
}

async function seenIn(body: string): Promise<Seen> {
  const payload = JSON.parse(body) as Record<string, unknown>;
  const [texts = {}] = await scene.database.app.query(
    `select $1::json ->> 'record' as record, $1::json ->> 'old' as old`,
    [body],
  );
  const old = payload['old'];
  return {
    type: payload['type'],
    record: await printsOf(texts['record'] ?? ''),
    old: old === null || old === undefined ? old : await printsOf(texts['old'] ?? ''),
    unchanged: payload['unchanged'],
    partial: payload['partial'],
  };
}

function only(columns: readonly string[], prints: Prints | null | undefined): Prints {
  return Object.fromEntries(Object.entries(prints ?? {}).filter(([name]) => columns.includes(name)));
}

function without(columns: readonly string[], prints: Prints | null | undefined): Prints {
  return Object.fromEntries(Object.entries(prints ?? {}).filter(([name]) => !columns.includes(name)));
}

/** The statements of every case, and which large columns each gives a new value. */
function changesOf(table: string): { readonly statement: string; readonly changed: readonly string[] }[] {
  const set = (columns: readonly string[], letter: string): string =>
    columns.map((column) => `${column} = ${valueOf(column, letter)}`).join(', ');
  const values = largeNames.map((column) => valueOf(column, 'a')).join(', ');
  const some = largeNames.filter((_, index) => index % 2 === 0);
  return [
    {
      statement: `insert into erp.${table} values ('acme', 1, 'p1', 'first', ${values})`,
      changed: largeNames,
    },
    { statement: `update erp.${table} set note = 'second'`, changed: [] },
    { statement: `update erp.${table} set ${set(largeNames, 'b')}`, changed: largeNames },
    { statement: `update erp.${table} set id = 2, code = 'p2'`, changed: [] },
    { statement: `update erp.${table} set id = 3, code = 'p3', ${set(some, 'c')}`, changed: some },
    { statement: `delete from erp.${table}`, changed: [] },
  ];
}

test('with full identity record and old are whole, whether the large values changed or not', async () => {
  await createLargeTable('whole', '');
  const changes = changesOf('whole');
  const versions = await versionsAfter(
    'whole',
    changes.map(({ statement }) => statement),
  );
  const bodies = await scene.waitForBodies('whole', changes.length);
  expect(Object.keys(versions[0] ?? {})).toHaveLength(4 + largeNames.length);
  for (const [index, body] of bodies.entries()) {
    const [now, before] = [versions[index], versions[index - 1]];
    expect(await seenIn(body)).toEqual({
      type: index === 0 ? 'INSERT' : now === null ? 'DELETE' : 'UPDATE',
      record: now ?? before,
      old: before,
      unchanged: undefined,
      partial: undefined,
    });
  }
});

test.each([
  ['the primary key', 'by_key', `, replica_identity => 'keep'`, ['tenant', 'id']],
  ['an index', 'by_index', `, replica_identity => 'by_index_code'`, ['tenant', 'code']],
])(
  'with %s as identity exactly the large values that did not change are left out and named',
  async (_case, table, enable, key) => {
    await createLargeTable(table, enable);
    const changes = changesOf(table);
    const versions = await versionsAfter(
      table,
      changes.map(({ statement }) => statement),
    );
    const bodies = await scene.waitForBodies(table, changes.length);
    for (const [index, body] of bodies.entries()) {
      const [now, before] = [versions[index], versions[index - 1]];
      const changed = changes[index]?.changed ?? [];
      const left = largeNames.filter((name) => !changed.includes(name));
      const oldKey = only(key, before);
      const isDelete = now === null;
      const hasNewKey = index > 0 && (isDelete || key.some((name) => now?.[name] !== before?.[name]));
      expect(await seenIn(body)).toEqual({
        type: index === 0 ? 'INSERT' : isDelete ? 'DELETE' : 'UPDATE',
        record: isDelete ? oldKey : without(left, now),
        old: index === 0 ? undefined : hasNewKey ? oldKey : null,
        unchanged: isDelete || left.length === 0 ? undefined : left,
        partial: hasNewKey ? true : undefined,
      });
    }
  },
);

test('an insert is whole under identity nothing, which Postgres lets no application update', async () => {
  await createLargeTable('nothing', '');
  await scene.database.dba.query('alter table erp.nothing replica identity nothing');
  const [insert, update] = changesOf('nothing');
  const [row] = await versionsAfter('nothing', [insert?.statement ?? '']);
  const [body = ''] = await scene.waitForBodies('nothing', 1);
  expect(await seenIn(body)).toEqual({ type: 'INSERT', record: row });
  await expect(scene.database.app.query(update?.statement ?? '')).rejects.toThrow('replica identity');
});

test('a row that moves to another company with large values: its own key to the one, what is known to the other', async () => {
  await createLargeTable('moving', `, replica_identity => 'keep'`);
  await scene.createWebhook({ name: 'moved', table: 'moving', company: 'globex' });
  const [insert] = changesOf('moving');
  const move = `update erp.moving set tenant = 'globex', doc = ${valueOf('doc', 'z')}`;
  const [before, now] = await versionsAfter('moving', [insert?.statement ?? '', move]);
  const [, left = ''] = await scene.waitForBodies('moving', 2);
  const [joined = ''] = await scene.waitForBodies('moved', 1);
  const oldKey = only(['tenant', 'id'], before);
  const unchanged = largeNames.filter((name) => name !== 'doc');
  expect(await seenIn(left)).toEqual({ type: 'DELETE', record: oldKey, old: oldKey, partial: true });
  expect(await seenIn(joined)).toEqual({ type: 'INSERT', record: without(unchanged, now), unchanged });
});
