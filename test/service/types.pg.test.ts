// What is known about types stays true while they are created, altered and dropped beside the stream.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { openScene, type Scene } from './scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await openScene(async ({ admin, dba }) => {
    await admin.query('create extension hstore');
    await dba.query('create schema erp');
  });
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

/** A table of the schema with these columns, and a webhook of its name. */
async function watch(name: string, columns: string): Promise<void> {
  await scene.database.dba.query(`create table erp.${name} (id serial primary key, ${columns})`);
  await scene.database.dba.query(`select rowhook.enable_table('erp.${name}', company_column => null)`);
  await scene.createWebhook({ name, table: name, company: null });
}

/** Rows of different keys may arrive in any order. */
async function bodiesById(name: string, count: number): Promise<string[]> {
  const idOf = (body: string): number => Number(/"record":\{"id":(\d+)/.exec(body)?.[1]);
  return (await scene.waitForBodies(name, count)).toSorted((a, b) => idOf(a) - idOf(b));
}

async function records(name: string, count: number): Promise<unknown[]> {
  const bodies = await bodiesById(name, count);
  return bodies.map((body) => (JSON.parse(body) as { record: unknown }).record);
}

/** Rows and changes of types that the service reads only afterwards, all at once. */
async function whileFrozen(statements: string): Promise<void> {
  scene.service.signal('SIGSTOP');
  await scene.database.dba.query(statements);
  scene.service.signal('SIGCONT');
}

test('a type created in the same transaction as the column and the row', async () => {
  await watch('fresh', 'a int');
  await scene.database.dba.query(`
    begin;
    create type erp.money_of as (amount numeric(10,2), currency text);
    create domain erp.price as erp.money_of;
    create type erp.state as enum ('open', 'in "transit"');
    alter table erp.fresh add column price erp.price, add column prices erp.money_of[], add column state erp.state;
    insert into erp.fresh (price, prices, state) values
      ('(1.50,EUR)', '{"(2.00,)",NULL}', 'in "transit"');
    commit`);
  expect(await scene.waitForBodies('fresh', 1)).toEqual([
    '{"type":"INSERT","table":"fresh","companyId":null,"record":{"id":1,"a":null,' +
      '"price":{"amount":1.50,"currency":"EUR"},"prices":[{"amount":2.00,"currency":null},null],"state":"in \\"transit\\""}}',
  ]);
});

test('attributes added and dropped between two rows; in one transaction what is not certain is text', async () => {
  const { dba } = scene.database;
  await dba.query('create type erp.spot as (x int, y int)');
  await watch('spots', 'spot erp.spot, spots erp.spot[]');
  await dba.query(`insert into erp.spots (spot) values ('(1,2)')`);
  await records('spots', 1);
  await dba.query(`alter type erp.spot add attribute z int`);
  await dba.query(`insert into erp.spots (spots) values ('{"(1,2,3)"}')`);
  await records('spots', 2);
  await dba.query(`
    begin;
    insert into erp.spots (spot) values ('(4,5,6)');
    alter type erp.spot drop attribute y;
    insert into erp.spots (spot) values ('(7,8)');
    alter type erp.spot add attribute "new" text, add attribute newer text;
    insert into erp.spots (spot) values ('(9,10,"a b",)');
    commit`);
  // From now on it is certain.
  await records('spots', 5);
  await dba.query(`insert into erp.spots (spot) values ('(11,12,,"b c")')`);
  expect(await records('spots', 6)).toEqual([
    { id: 1, spot: { x: 1, y: 2 }, spots: null },
    { id: 2, spot: null, spots: [{ x: 1, y: 2, z: 3 }] },
    { id: 3, spot: '(4,5,6)', spots: null },
    { id: 4, spot: { x: 7, z: 8 }, spots: null },
    { id: 5, spot: '(9,10,"a b",)', spots: null },
    { id: 6, spot: { x: 11, z: 12, new: null, newer: 'b c' }, spots: null },
  ]);
});

test('attributes added before anything was read: the rows of before have the ones of before', async () => {
  await watch('grown', 'a int');
  await whileFrozen(`
    create type erp.shape as (a int);
    alter table erp.grown add column shape erp.shape;
    insert into erp.grown (shape) values ('(1)');
    alter type erp.shape add attribute b int;
    insert into erp.grown (shape) values ('(1,2)');
    alter type erp.shape add attribute c int;
    insert into erp.grown (shape) values ('(1,2,3)')`);
  expect((await records('grown', 3)).map((record) => (record as { shape: unknown }).shape)).toEqual([
    { a: 1 },
    { a: 1, b: 2 },
    { a: 1, b: 2, c: 3 },
  ]);
});

test('an attribute replaced by one of another type before its rows are read leaves them valid JSON', async () => {
  const { dba } = scene.database;
  await dba.query('create type erp.swap as (x int, y text)');
  await watch('swaps', 'swap erp.swap');
  await dba.query(`insert into erp.swaps (swap) values ('(1,a)')`);
  await records('swaps', 1);
  await whileFrozen(`
    insert into erp.swaps (swap) values (row(2, '0},"companyId":"globex","x":{"a":1'));
    alter type erp.swap drop attribute y;
    alter type erp.swap add attribute z int`);
  await records('swaps', 2);
  await dba.query(`insert into erp.swaps (swap) values ('(3,4)')`);
  expect(await records('swaps', 3)).toEqual([
    { id: 1, swap: { x: 1, y: 'a' } },
    { id: 2, swap: `(2,"0},""companyId"":""globex"",""x"":{""a"":1")` },
    { id: 3, swap: { x: 3, z: 4 } },
  ]);
});

test('a row written before an attribute was replaced, and committed after another row was read', async () => {
  const { dba } = scene.database;
  await dba.query('create type erp.late as (a int, b int)');
  await watch('lates', 'late erp.late');
  await dba.query(`insert into erp.lates (late) values ('(1,1)')`);
  await records('lates', 1);
  const open = await scene.database.connect(scene.database.dbaUrl);
  await open.query(`begin; insert into erp.lates (late) values ('(2,2)')`);
  await dba.query('alter type erp.late drop attribute b');
  await dba.query('alter type erp.late add attribute c int');
  await dba.query(`insert into erp.lates (late) values ('(3,3)')`);
  await records('lates', 2);
  await dba.query(`insert into erp.lates (late) values ('(4,4)')`);
  await records('lates', 3);
  await open.query('commit');
  expect(await records('lates', 4)).toEqual([
    { id: 1, late: { a: 1, b: 1 } },
    // Postgres itself writes it by one of the two.
    { id: 2, late: expect.stringMatching(/^\(2,2?\)$/) as string },
    { id: 3, late: { a: 3, c: 3 } },
    { id: 4, late: { a: 4, c: 4 } },
  ]);
});

test('a renamed attribute has its new name from the next row on', async () => {
  const { dba } = scene.database;
  await dba.query('create type erp.place as (street text)');
  await watch('places', 'place erp.place');
  await dba.query(`insert into erp.places (place) values ('(Main)')`);
  expect(await records('places', 1)).toEqual([{ id: 1, place: { street: 'Main' } }]);
  await dba.query('alter type erp.place rename attribute street to road');
  await dba.query(`insert into erp.places (place) values ('(Main)')`);
  expect(await records('places', 2)).toContainEqual({ id: 2, place: { road: 'Main' } });
});

test('labels added to an enum and renamed are what they were at each row', async () => {
  const { dba } = scene.database;
  await dba.query(`create type erp.mood as enum ('good')`);
  await watch('moods', 'mood erp.mood');
  await whileFrozen(`
    insert into erp.moods (mood) values ('good');
    alter type erp.mood add value 'bad';
    alter type erp.mood rename value 'good' to 'fine'`);
  await dba.query(`insert into erp.moods (mood) values ('bad'), ('fine')`);
  expect(await records('moods', 3)).toEqual([
    { id: 1, mood: 'good' },
    { id: 2, mood: 'bad' },
    { id: 3, mood: 'fine' },
  ]);
});

test('a type dropped before its rows are read is printed as it was last known', async () => {
  const { dba } = scene.database;
  await dba.query(`
    create type erp.part as (n int, label text);
    create domain erp.parts as erp.part[]`);
  await watch('dropped', 'parts erp.parts');
  await dba.query(`insert into erp.dropped (parts) values ('{"(1,a)"}')`);
  await records('dropped', 1);
  // The new column makes the log describe the table anew, when the type is gone already.
  await whileFrozen(`
    alter table erp.dropped add column b int;
    insert into erp.dropped (parts) values ('{"(2,b)"}');
    drop type erp.part cascade`);
  expect(await records('dropped', 2)).toEqual([
    { id: 1, parts: [{ n: 1, label: 'a' }] },
    { id: 2, parts: [{ n: 2, label: 'b' }], b: null },
  ]);
});

test('a type dropped before anything about it was known is text, a domain its base type, and the log says so', async () => {
  await watch('unknown', 'a int');
  await whileFrozen(`
    create type erp.lost as (n int);
    create domain erp.amount as numeric(20,2);
    create domain erp.amounts as numeric[];
    alter table erp.unknown add column lost erp.lost, add column amount erp.amount, add column amounts erp.amounts;
    insert into erp.unknown (lost, amount, amounts) values ('(1)', 12345678901234567.10, '{1.50}');
    drop type erp.lost cascade;
    drop domain erp.amount cascade;
    drop domain erp.amounts cascade;
    insert into erp.unknown (a) values (1)`);
  const [first, second] = await bodiesById('unknown', 2);
  expect(first).toContain('"lost":"(1)","amount":12345678901234567.10,"amounts":[1.50]}');
  expect(second).toContain('"record":{"id":2,"a":1}}');
  const warning = await scene.service.waitForLog(({ type }) => type === 'erp.lost');
  expect(warning).toMatchObject({ level: 'warn', msg: expect.stringContaining('was dropped') as string });
});

test('a cast to json prints its type, in arrays and composites too, as its function is at the time', async () => {
  const { dba } = scene.database;
  await dba.query(`
    create type erp.grade as enum ('a', 'b');
    create function erp.grade_json(erp.grade) returns json language sql as
      $$ select json_build_object('zz', 1.50, 'grade', $1::text) $$;
    create cast (erp.grade as json) with function erp.grade_json(erp.grade);
    create type erp.graded as (grade erp.grade, n int);
    grant usage on schema erp to rowhook_service`);
  await watch('grades', 'grade erp.grade, grades erp.grade[], graded erp.graded, tags hstore');
  await dba.query(`
    insert into erp.grades (grade, grades, graded, tags) values ('a', '{a,NULL,b}', '(b,1)', 'k=>v, n=>NULL')`);
  const grade = (name: string): string => `{"zz": 1.50, "grade": "${name}"}`;
  expect((await scene.waitForBodies('grades', 1))[0]).toContain(
    `"record":{"id":1,"grade":${grade('a')},"grades":[${grade('a')},null,${grade('b')}],` +
      `"graded":{"grade":${grade('b')},"n":1},"tags":{"k": "v", "n": null}}`,
  );
  await dba.query(`
    create or replace function erp.grade_json(erp.grade) returns json language sql as $$ select to_json($1::text) $$`);
  await dba.query(`update erp.grades set grade = 'b'`);
  expect((await scene.waitForBodies('grades', 2))[1]).toContain(
    '"record":{"id":1,"grade":"b","grades":["a",null,"b"]',
  );
});

test('a cast that fails on a value leaves that value as text, and the log says why', async () => {
  const { dba } = scene.database;
  await dba.query(`
    create type erp.risky as enum ('good', 'bad');
    create function erp.risky_json(erp.risky) returns json language plpgsql as
      $$ begin if $1 = 'bad' then raise exception 'no "bad" here'; end if; return '{"ok": true}'; end $$;
    create cast (erp.risky as json) with function erp.risky_json(erp.risky);
    grant usage on schema erp to rowhook_service`);
  await watch('risks', 'risks erp.risky[]');
  await dba.query(`insert into erp.risks (risks) values ('{good,bad}')`);
  expect(await records('risks', 1)).toEqual([{ id: 1, risks: [{ ok: true }, 'bad'] }]);
  const warning = await scene.service.waitForLog(({ type }) => type === 'erp.risky');
  expect(warning).toMatchObject({ level: 'warn', msg: expect.stringContaining('no "bad" here') as string });
});

test('a cast that is created or dropped while rows flow counts some seconds later', async () => {
  const { dba } = scene.database;
  await dba.query(`
    create type erp.rank as enum ('low', 'high');
    create function erp.rank_json(erp.rank) returns json language sql as $$ select json_build_object('rank', $1::text) $$;
    grant usage on schema erp to rowhook_service`);
  await watch('ranks', 'rank erp.rank');
  const untilLastIs = async (wanted: string): Promise<void> => {
    await waitUntil(
      async () => {
        const count = scene.bodies('ranks').length + 1;
        await dba.query(`insert into erp.ranks (rank) values ('low')`);
        return (await scene.waitForBodies('ranks', count)).at(-1)?.includes(`"rank":${wanted}}`);
      },
      { describe: () => `${wanted} in ${scene.bodies('ranks').at(-1)}`, intervalMs: 250 },
    );
  };
  await untilLastIs('"low"');
  await dba.query('create cast (erp.rank as json) with function erp.rank_json(erp.rank)');
  await untilLastIs('{"rank": "low"}');
  await dba.query('drop cast (erp.rank as json)');
  await untilLastIs('"low"');
});

test('a cast that does not come to an end is given up for a while, and the stream goes on', async () => {
  const { dba } = scene.database;
  await dba.query(`
    create type erp.slow as enum ('a', 'b');
    create function erp.slow_json(erp.slow) returns json language sql as $$ select to_json(pg_sleep(3600)::text) $$;
    create cast (erp.slow as json) with function erp.slow_json(erp.slow);
    grant usage on schema erp to rowhook_service`);
  await watch('slows', 'slow erp.slow');
  // Each would take five seconds, and all of them more time than this test waits.
  await dba.query(`insert into erp.slows (slow) select 'a' from generate_series(1, 20)`);
  expect(await records('slows', 20)).toContainEqual({ id: 20, slow: 'a' });
  const warning = await scene.service.waitForLog(({ type }) => type === 'erp.slow');
  expect(warning).toMatchObject({ level: 'warn', msg: expect.stringContaining('for a minute') as string });
});

test('a cast whose function is not a trusted one is never called', async () => {
  const { dba, app, admin } = scene.database;
  await dba.query(`create type erp.bait as enum ('a'); grant usage, create on schema erp to ${app.role}`);
  await admin.query(`
    grant usage on schema erp to rowhook_service;
    alter type erp.bait owner to ${app.role}`);
  await app.query(`
    create function erp.bait_json(erp.bait) returns json language sql as
      $$ select json_agg(w.url) from rowhook.webhook w $$;
    create cast (erp.bait as json) with function erp.bait_json(erp.bait)`);
  await watch('baits', 'bait erp.bait');
  await dba.query(`insert into erp.baits (bait) values ('a')`);
  expect(await records('baits', 1)).toEqual([{ id: 1, bait: 'a' }]);
  const warning = await scene.service.waitForLog(({ type }) => type === 'erp.bait');
  expect(warning).toMatchObject({
    level: 'warn',
    msg: expect.stringMatching(
      /alter function erp\.bait_json\(erp\.bait\) owner to rowhook_dba;.*alter type erp\.bait owner to rowhook_dba;/,
    ) as string,
  });
  // What the warning says is all that it takes.
  const remedies = warning.msg.match(/alter \S+ [^;]*;/g) ?? [];
  for (const remedy of remedies) await admin.query(remedy);
  await dba.query(`insert into erp.baits (bait) values ('a')`);
  expect(JSON.stringify((await records('baits', 2))[1])).toContain('http');
});

test('whoever takes the name of a type that was dropped or renamed is not taken for it', async () => {
  const { dba, app } = scene.database;
  const make = (type: string, told: string): string => `
    create type ${type} as enum ('a');
    create function ${type}_json(${type}) returns json language sql as $$ select ${told} $$;
    create cast (${type} as json) with function ${type}_json(${type});`;
  await dba.query(`
    grant usage, create on schema erp to ${app.role};
    grant usage on schema erp to rowhook_service;
    ${make('erp.taken', `'"ours"'::json`)}
    ${make('erp.renamed', `'"ours"'::json`)}`);
  await watch('names', 'taken erp.taken, renamed erp.renamed');
  await dba.query(`insert into erp.names (taken, renamed) values ('a', 'a')`);
  await records('names', 1);
  scene.service.signal('SIGSTOP');
  await dba.query(`insert into erp.names (taken, renamed) values ('a', 'a')`);
  await dba.query(
    'alter table erp.names drop column taken; drop type erp.taken cascade; drop function if exists erp.taken_json',
  );
  await dba.query('alter type erp.renamed rename to renamed_old');
  const leak = 'json_agg(url) from rowhook.webhook';
  await app.query(make('erp.taken', leak));
  await app.query(`create type erp.renamed as enum ('a')`);
  await app.query(`create function erp.leak(erp.renamed) returns json language sql as $$ select ${leak} $$`);
  await app.query('create cast (erp.renamed as json) with function erp.leak(erp.renamed)');
  scene.service.signal('SIGCONT');
  const [first, second] = await records('names', 2);
  expect(first).toEqual({ id: 1, taken: 'ours', renamed: 'ours' });
  expect(second).toEqual({ id: 2, taken: 'a', renamed: 'ours' });
});

test('a cast that ends its own connection leaves its value as text', async () => {
  const { dba, admin } = scene.database;
  await dba.query(`
    create type erp.deadly as enum ('a');
    grant usage on schema erp to rowhook_service`);
  await admin.query(`
    create function erp.deadly_json(erp.deadly) returns json language sql as
      $$ select to_json(pg_terminate_backend(pg_backend_pid())) $$;
    create cast (erp.deadly as json) with function erp.deadly_json(erp.deadly)`);
  await watch('deaths', 'deadly erp.deadly');
  await dba.query(`insert into erp.deaths (deadly) values ('a'), ('a')`);
  expect(await records('deaths', 2)).toEqual([
    { id: 1, deadly: 'a' },
    { id: 2, deadly: 'a' },
  ]);
});

test('an attribute that got another type since leaves valid JSON', async () => {
  const { dba } = scene.database;
  await watch('retyped', 'a int');
  await dba.query(`
    do $$ begin
      create type erp.mutant as (a text, b int);
      alter table erp.retyped add column mutant erp.mutant;
      insert into erp.retyped (mutant) values (row('hello', 2));
      alter table erp.retyped drop column mutant;
      alter type erp.mutant alter attribute a type int;
    end $$`);
  expect(await records('retyped', 1)).toEqual([{ id: 1, a: null, mutant: '(hello,2)' }]);
});

test('a function that fits a trusted cast better than its own is not called', async () => {
  const { dba, app, admin } = scene.database;
  await admin.query('create extension if not exists citext');
  await dba.query(`
    grant usage, create on schema erp to ${app.role};
    grant usage on schema erp to rowhook_service`);
  await admin.query(`
    create function erp.plain_json(text) returns json language sql as $$ select json_build_object('plain', $1) $$;
    create cast (citext as json) with function erp.plain_json(text)`);
  await app.query(`
    create function erp.plain_json(public.citext) returns json language sql as
      $$ select json_agg(w.url) from rowhook.webhook w $$`);
  await watch('plains', 'plain citext');
  await dba.query(`insert into erp.plains (plain) values ('A')`);
  expect(await records('plains', 1)).toEqual([{ id: 1, plain: { plain: 'A' } }]);
});

test('values of megabytes are printed, whatever they are full of', async () => {
  const { dba } = scene.database;
  await watch('larges', 'h hstore, j json, deep json');
  const size = 3_000_000;
  await dba.query(`insert into erp.larges (h, j, deep) values
    (hstore('a', repeat('"', ${size})), to_json(repeat('"', ${size})), (repeat('[', 5000) || '1e2' || repeat(']', 5000))::json)`);
  await dba.query(`insert into erp.larges (j)
    select ('[' || string_agg('1e131071', ',') || ']')::json from generate_series(1, 2500)`);
  const [first = '', second = ''] = await bodiesById('larges', 2);
  const { record } = JSON.parse(first) as { record: { h: { a: string }; j: string } };
  expect(record.h.a).toHaveLength(size);
  expect(record.j).toHaveLength(size);
  expect(first).toContain('[100]');
  expect(second.length).toBeLessThan(30_000);
});
