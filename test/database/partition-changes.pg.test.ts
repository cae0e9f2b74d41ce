/**
 * What becomes of an enabled partitioned table when its partitions change: the application's writes work on, inspecting
 * says what is not right any more, and enabling again mends it.
 */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { type Doors, doorsOf } from './doors.ts';
import { refusal } from './refusal.ts';

let database: InstalledDatabase;
let doors: Doors;
beforeAll(async () => {
  database = await createInstalledDatabase();
  doors = doorsOf(database);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

async function createPartitioned(name: string): Promise<void> {
  await database.dba.query(`
    create table ${name} ("companyId" text not null, id text not null, year int not null, note text, primary key (id, year))
      partition by list (year);
    create table ${name}_2024 partition of ${name} for values in (2024);
    create table ${name}_2025 partition of ${name} for values in (2025)`);
}

async function write(name: string, year: number): Promise<void> {
  await database.app.query(`
    insert into ${name} ("companyId", id, year) values ('a', '1', ${year});
    update ${name} set note = 'x' where year = ${year}; update ${name} set id = '2' where year = ${year}`);
  expect(await database.app.query(`delete from ${name} where year = ${year} returning id`)).toHaveLength(1);
}

test('a partition created or attached later is named with what it lacks, and mended by enabling again', async () => {
  await createPartitioned('later');
  await doors.call(`enable_table('later')`);
  await database.dba.query(`
    create table later_2026 partition of later for values in (2026);
    create table later_2027 (like later); alter table later attach partition later_2027 for values in (2027)`);
  await write('later', 2026);
  await write('later', 2027);
  const troubles = await doors.troubles(`'later'`);
  expect(troubles).toEqual([
    {
      check: 'replica identity',
      status: 'warn',
      detail:
        'public.later_2026, public.later_2027: default now, and full was asked for; ' +
        'a DELETE there does not tell which company it belongs to, and is not sent',
      remedy: `select rowhook.enable_table('public.later');`,
    },
  ]);
  await doors.paste(troubles[0]?.remedy);
  expect(new Set(Object.values(await doors.identities('later')))).toEqual(new Set(['full']));
  expect(await doors.troubles(`'later'`)).toEqual([]);
  await doors.call(`disable_table('later')`);
  expect(new Set(Object.values(await doors.identities('later')))).toEqual(new Set(['default']));
});

test('where the key holds the company, a later partition loses less, and is told so', async () => {
  await database.dba.query(`
    create table keyed ("companyId" text not null, id text, year int, primary key ("companyId", id, year)) partition by list (year);
    create table keyed_2024 partition of keyed for values in (2024)`);
  await doors.call(`enable_table('keyed')`);
  await database.dba.query('create table keyed_2025 partition of keyed for values in (2025)');
  expect((await doors.troubles(`'keyed'`))[0]?.detail).toBe(
    'public.keyed_2025: default now, and full was asked for; old is not what it should be',
  );
});

test('a partition that came with an identity under which writes fail is a failure, with what mends it', async () => {
  await createPartitioned('broken');
  await doors.call(`enable_table('broken')`);
  await database.dba
    .query(`create table broken_2026 (like broken); alter table broken_2026 replica identity nothing;
    alter table broken attach partition broken_2026 for values in (2026)`);
  expect((await refusal(write('broken', 2026))).message).toContain('does not have a replica identity');
  const [trouble] = await doors.troubles(`'broken'`);
  expect(trouble).toMatchObject({
    status: 'fail',
    detail: expect.stringContaining('every UPDATE and DELETE of the application fails there') as string,
  });
  await database.dba.query('truncate broken');
  await doors.paste(trouble?.remedy);
  await write('broken', 2026);
});

test('a partition whose identity another publication of the whole table does not carry is a failure', async ({
  skip,
}) => {
  skip(inject('postgresMajor') < 15, 'column lists of publications came with Postgres 15');
  await createPartitioned('listed');
  await database.dba.query('create unique index listed_company on listed ("companyId", id, year)');
  await database.admin.query(
    'create publication other for table listed ("companyId", id, year) with (publish_via_partition_root)',
  );
  await doors.call(`enable_table('listed', replica_identity => 'listed_company')`);
  await write('listed', 2024);
  await database.dba.query('alter table listed_2024 replica identity full');
  await refusal(write('listed', 2024));
  const trouble = (await doors.troubles(`'listed'`)).find(({ status }) => status === 'fail');
  expect(trouble?.detail).toContain('public.listed_2024: full now, and index:');
  await database.dba.query('truncate listed');
  await doors.paste(trouble?.remedy);
  await write('listed', 2024);
});

test('a detached partition is named, keeps working, and gets its identity back', async () => {
  await createPartitioned('shed');
  await doors.call(`enable_table('shed')`);
  await database.dba
    .query(`alter table shed detach partition shed_2024; alter table shed detach partition shed_2025;
    alter table shed_2025 rename to archive_2025`);
  await write('shed_2024', 2024);
  const [trouble] = await doors.troubles(`'shed'`);
  expect(trouble).toMatchObject({
    check: 'left behind',
    status: 'warn',
    remedy: `select rowhook.enable_table('public.shed');`,
  });
  expect(trouble?.detail).toContain('archive_2025');
  expect(trouble?.detail).toContain('public.shed_2024');
  await doors.paste(trouble?.remedy);
  expect([await doors.identity('shed_2024'), await doors.identity('archive_2025')]).toEqual([
    'default',
    'default',
  ]);
  expect(await doors.troubles(`'shed'`)).toEqual([]);
  await write('archive_2025', 2025);
});

test('disabling reaches partitions detached since, and passes over those that were dropped', async () => {
  await createPartitioned('cut');
  await doors.call(`enable_table('cut')`);
  await database.dba.query('alter table cut detach partition cut_2024; drop table cut_2025');
  await doors.call(`disable_table('cut')`);
  expect(await doors.identity('cut_2024')).toBe('default');
  expect(await database.query(`select from rowhook.enabled_relation where table_name = 'cut'`)).toEqual([]);
});

test('a detached partition can be enabled by itself, and still remembers the identity it had first', async () => {
  await createPartitioned('leave');
  await doors.call(`enable_table('leave')`);
  await database.dba.query('alter table leave detach partition leave_2024');
  await doors.call(`enable_table('leave_2024')`);
  await doors.call(`disable_table('leave')`);
  expect(await doors.identity('leave_2024')).toBe('full');
  await write('leave_2024', 2024);
  await doors.call(`disable_table('leave_2024')`);
  expect(await doors.identity('leave_2024')).toBe('default');
});

test('a table enabled by itself and attached later is told apart, and handed over', async () => {
  await createPartitioned('whole');
  await database.dba.query('create table single (like whole including all)');
  await doors.call(`enable_table('single')`);
  await database.dba.query('alter table whole attach partition single for values in (2030)');
  await write('whole', 2030);
  expect((await doors.finding(`'single'`, 'registered'))?.detail).toContain(
    'enabled as "single" before it became a partition',
  );
  const refused = await refusal(doors.call(`enable_table('whole')`));
  expect(refused.message).toBe(
    'public.single, a partition of public.whole, is enabled by itself as "single": its changes would be sent as those of public.whole only',
  );
  await doors.paste(refused.hint);
  expect(await doors.identity('single')).toBe('full');
  await write('whole', 2030);
  await doors.call(`disable_table('whole')`);
  expect(await doors.identity('single')).toBe('default');
});

test('an enabled table attached to an enabled one is handed over when it is disabled', async () => {
  await createPartitioned('taker');
  await database.dba.query('create table given (like taker including all)');
  await doors.call(`enable_table('taker')`);
  await doors.call(`enable_table('given')`);
  await database.dba.query('alter table taker attach partition given for values in (2030)');
  expect((await doors.troubles(`'taker'`))[0]).toMatchObject({
    check: 'partitions',
    status: 'fail',
    remedy: `select rowhook.disable_table('public.given'); select rowhook.enable_table('public.taker');`,
  });
  await doors.call(`disable_table('given')`);
  expect([await doors.identity('given'), await doors.isPublished('given')]).toEqual(['full', false]);
  await write('taker', 2030);
  await doors.call(`disable_table('taker')`);
  expect(await doors.identity('given')).toBe('default');
});

test('partitions that the log cannot hold, or of another owner, are refused by name', async () => {
  await createPartitioned('mixed');
  await database.dba.query('create unlogged table mixed_fast partition of mixed for values in (2031)');
  const unlogged = await refusal(doors.call(`enable_table('mixed')`));
  expect(unlogged.message).toContain('public.mixed_fast, a partition of public.mixed, is unlogged');
  await doors.paste(unlogged.hint);

  const other = await database.createLogin({ name: 'other', memberOf: ['rowhook_dba'] });
  await database.admin.query(`alter table mixed_2025 owner to ${other.role}`);
  const owned = await refusal(doors.call(`enable_table('mixed')`));
  expect(owned).toMatchObject({ code: '42501', hint: `grant ${other.role} to ${database.dba.role};` });
  expect(owned.message).toContain('the partition public.mixed_2025 belongs to role');
  await database.admin.query(owned.hint);
  await doors.call(`enable_table('mixed')`);

  await database.admin.query(`revoke ${other.role} from ${database.dba.role}`);
  await doors.call(`disable_table('mixed')`);
  expect([await doors.identity('mixed'), await doors.identity('mixed_2025')]).toEqual(['default', 'full']);
  await write('mixed', 2025);
});

test('a foreign partition is refused by name before a key is asked for', async () => {
  await database.admin
    .query(`create foreign data wrapper nowhere; create server elsewhere foreign data wrapper nowhere;
    grant usage on foreign server elsewhere to ${database.dba.role}`);
  await database.dba.query(`
    create table spread ("companyId" text not null, id text, year int) partition by list (year);
    create foreign table spread_far partition of spread for values in (2020) server elsewhere`);
  const refused = await refusal(doors.call(`enable_table('spread')`));
  expect(refused.message).toContain('public.spread_far, a partition of public.spread, is a foreign table');
  expect(refused.hint).toBe('alter table public.spread detach partition public.spread_far;');
  await doors.paste(refused.hint);
  expect((await refusal(doors.call(`enable_table('spread')`))).hint).toBe(
    'alter table public.spread add primary key (id, year);',
  );
});

test('partitioned by an expression, it can have no key, and is told so', async () => {
  await database.dba.query(`
    create table computed ("companyId" text not null, id text, at date) partition by range ((extract(year from at)))`);
  expect((await refusal(doors.call(`enable_table('computed')`))).message).toContain(
    'has no primary key, and Postgres allows none, because it is partitioned by an expression',
  );
});
