/**
 * The promise to the application: its INSERT, UPDATE and DELETE work before, while and after a table of any shape is
 * enabled, disabled and removed, with every replica identity that can be asked for. All writes are the application role's.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from 'pg';
import { uninstall } from '../../src/database/uninstall.ts';
import { type OwnCluster, startOwnCluster } from '../chaos/own-cluster.ts';
import type { InstalledDatabase } from '../support/installed-database.ts';
import { ownMajor } from '../support/test-postgres.ts';
import { type Doors, doorsOf } from './doors.ts';
import { waitUntil } from '../support/wait.ts';
import { refusal } from './refusal.ts';
import { type Shape, shapes } from './table-shapes.ts';

let cluster: OwnCluster;
let database: InstalledDatabase;
let doors: Doors;
// Of its own, because removing rowhook removes roles that belong to the whole cluster.
beforeAll(async () => {
  cluster = await startOwnCluster({ fsync: 'off' });
  database = cluster.database;
  doors = doorsOf(database);
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

/** Two rows in, changed, their key changed, one inserted over another, and out again; leaves the table empty. */
async function write({ relation, value = `'a'`, conflict = true }: Shape): Promise<void> {
  const run = (statement: string): Promise<unknown> => database.app.query(statement);
  await run(`insert into ${relation} ("companyId", id) values (${value}, '1'), (${value}, '2')`);
  await run(`update ${relation} set note = 'x'`);
  await run(`update ${relation} set id = id || 'k' where note = 'x'`);
  await run(`delete from ${relation} where id = '1k'`);
  if (conflict) {
    await run(`insert into ${relation} ("companyId", id) values (${value}, '2k')
      on conflict (id) do update set note = excluded.note, id = 'c'`);
  }
  if (ownMajor >= 15) {
    await run(
      `merge into ${relation} t using (values ('2k'), ('c')) s (id) on t.id = s.id when matched then update set note = 'm'`,
    );
    await run(
      `merge into ${relation} t using (values ('2k'), ('c')) s (id) on t.id = s.id when matched then delete`,
    );
  }
  await run(`delete from ${relation}`);
}

const columns = '("companyId" text not null, id text primary key, note text)';
const created: Shape[] = [];

async function create(shape: Shape): Promise<void> {
  await database.dba.query(shape.create);
  if (shape.adorn !== undefined) await database.admin.query(shape.adorn);
  created.push(shape);
}

async function enable(shape: Shape, replicaIdentity: string): Promise<string> {
  const index = shape.index ?? `${shape.relation}_company`;
  const door = (shape.door ?? shape.relation).replaceAll(`'`, `''`);
  try {
    await doors.call(
      `enable_table('${door}', replica_identity => '${replicaIdentity === 'index' ? index : replicaIdentity}')`,
    );
    return replicaIdentity;
  } catch (error) {
    expect(String(error)).not.toMatch(/syntax|could not write/);
    expect(await doors.isPublished(shape.relation)).toBe(false);
    return '';
  }
}

describe.each(shapes)('a table $what', (shape) => {
  test(`takes the application’s writes before, after and after giving it back (accepts: ${shape.accepts || 'nothing'})`, async ({
    skip,
  }) => {
    skip(ownMajor < (shape.from ?? 0), `it needs Postgres ${shape.from ?? 0}`);
    await create(shape);
    await write(shape);
    const identities = await doors.identities(shape.relation);
    const accepted: string[] = [];
    for (const replicaIdentity of ['full', 'keep', 'index']) {
      const answer = await enable(shape, replicaIdentity);
      await write(shape);
      if (answer === '') {
        expect(await doors.identities(shape.relation)).toEqual(identities);
        continue;
      }
      accepted.push(answer);
      await doors.call(`disable_table('${(shape.door ?? shape.relation).replaceAll(`'`, `''`)}')`);
      expect(await doors.identities(shape.relation)).toEqual(identities);
      await write(shape);
    }
    expect(accepted.join(' ')).toBe(shape.accepts);
    // Left enabled for the day when everything is removed.
    for (const answer of accepted.slice(0, 1)) await enable(shape, answer);
    await write(shape);
  });
});

/** The application writes without a pause, each time in a transaction of its own, until told to stop. */
async function writeOnAndOn(relations: readonly string[], isOver: () => boolean): Promise<number> {
  const session = await database.connect(database.app.url);
  await session.query(`prepare change(text) as update ${relations[0] ?? ''} set note = $1`);
  for (let written = 0; ; written += 1) {
    if (isOver()) return written;
    for (const relation of relations) {
      await session.query(`begin; insert into ${relation} ("companyId", id) values ('a', '1'), ('a', '2');
        update ${relation} set note = 'x'; execute change('y'); update ${relation} set id = id || 'k'; delete from ${relation}; commit`);
    }
  }
}

async function waitUntilBlocked(pid: number): Promise<void> {
  await waitUntil(
    async () => (await database.query(`select from pg_locks where pid = ${pid} and not granted`)).length > 0,
    { describe: `session ${pid} to wait for a lock`, intervalMs: 5 },
  );
}

const parted = (name: string): string => `
  create table ${name} ("companyId" text not null, id text, note text, primary key (id)) partition by list (id);
  create table ${name}_1 partition of ${name} for values in ('1', '1k');
  create table ${name}_2 partition of ${name} for values in ('2', '2k')`;

test('an application that writes without a pause has no write fail while tables are enabled and disabled', async () => {
  await database.dba.query(`create table busy ${columns}; ${parted('busy_parts')}`);
  let isOver = false;
  const writers = [0, 1].map(() => writeOnAndOn(['busy', 'busy_parts'], () => isOver));
  try {
    for (let round = 0; round < 5; round += 1) {
      for (const door of ['enable', 'disable']) {
        for (const relation of ['busy', 'busy_parts']) await doors.call(`${door}_table('${relation}')`);
      }
    }
  } finally {
    isOver = true;
  }
  for (const written of await Promise.all(writers)) expect(written).toBeGreaterThan(0);
});

test('a transaction that has written one partition goes on writing while the doors give up beside it, naming it', async () => {
  await database.dba.query(parted('slow'));
  const application = await database.connect(database.app.url);
  for (const door of ['enable', 'disable']) {
    await application.query(`begin; delete from slow_2`);
    const startedAt = performance.now();
    const refused = await refusal(doors.call(`${door}_table('slow')`));
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(refused.code).toBe('55P03');
    expect(refused.detail).toContain(`pid ${application.pid}, role ${database.app.role}`);
    expect(refused.detail).toContain('(on public.slow_2)');
    await application.query(`insert into slow values ('a', '1'); update slow set note = 'x'; update slow set id = '2';
      delete from slow; commit`);
    await doors.call(`${door}_table('slow')`);
  }
});

test('where partitions are locked in another order, it is never the application that is rolled back', async () => {
  await database.dba.query(parted('crossed'));
  const [dba, holder, application] = [
    await database.connect(database.dba.url),
    await database.connect(database.app.url),
    await database.connect(database.app.url),
  ];
  await holder.query('begin; delete from crossed_1');
  await application.query('begin; delete from crossed_2');
  const enabling = dba.query(`select rowhook.enable_table('crossed')`).then(
    () => 'enabled',
    (error: unknown) => String(error),
  );
  await waitUntilBlocked(dba.pid);
  // Waits for the whole table, which is locked, and holds the partition that will be locked last.
  const writing = application.query(`insert into crossed values ('a', '2k')`);
  await waitUntilBlocked(application.pid);
  await holder.query('commit');
  await writing;
  await application.query('commit');
  expect(await enabling).toMatch(/^enabled$|somebody else has held a lock/);
});

test('after everything is removed every table is as it was and takes writes', async () => {
  expect(created.length).toBeGreaterThan(20);
  const operator = new Client({ connectionString: database.dba.url });
  await operator.connect();
  await uninstall(operator);
  await operator.end();
  const [left] = await database.query<{ schema: string | null; publications: string }>(
    `select to_regnamespace('rowhook') as schema, count(*) as publications from pg_publication where pubname = 'rowhook'`,
  );
  expect(left).toEqual({ schema: null, publications: '0' });
  for (const shape of created) await write(shape);
});
