/**
 * docs/dba.md, followed from the first line to the last on a cluster of its own: each command prints what the page shows, each
 * statement runs as the role it is for, and the figures of the replica identity are those that are measured.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { install } from '../../src/database/install.ts';
import type { EmbeddedPostgres } from '../../src/embedded-postgres.ts';
import { runHere } from '../cli/cli-here.ts';
import { connect, QueryPool, type Session } from '../support/queryable.ts';
import { startService } from '../support/service-process.ts';
import { startTestPostgres } from '../support/test-postgres.ts';
import { waitUntil } from '../support/wait.ts';
import { blocksOf } from './blocks.ts';

const page = readFileSync(new URL('../../docs/dba.md', import.meta.url), 'utf8');
const open = new AsyncDisposableStack();
let postgres: EmbeddedPostgres;
let admin: Session;
let owner: QueryPool;

function urlOf(user: string, password: string): string {
  const url = new URL(postgres.url);
  [url.username, url.password, url.pathname] = [user, password, '/erp'];
  return url.href;
}

/** Page images depend on where the last checkpoint was. */
beforeAll(async () => {
  postgres = open.use(
    await startTestPostgres({ settings: { full_page_writes: 'off', autovacuum: 'off', fsync: 'off' } }),
  );
  await using server = await connect(postgres.url);
  await server.query(`create role erp_owner login createrole password 'owner'`);
  await server.query(`create role erp_app login password 'app'`);
  await server.query('create database erp owner erp_owner');
  const { username, password } = new URL(postgres.url);
  admin = open.use(await connect(urlOf(username, password)));
  await install({ databaseUrl: urlOf('erp_owner', 'owner'), log: () => undefined });
  await admin.query(`create role rowhook login replication password 'service' in role rowhook_service`);
  await admin.query('grant rowhook_app to erp_app');
  owner = open.use(new QueryPool(urlOf('erp_owner', 'owner')));
  await owner.query(`
    create table "salesOrder" (id text primary key, "companyId" text not null, status text, total numeric(12,2), note text);
    insert into "salesOrder" select 'so' || i, 'abc123', 'open', i, 'n' from generate_series(1, 1000) i;
    grant select, insert, update, delete on "salesOrder" to erp_app;
    create table invoice (id text primary key, tenant_id text)`);
  await owner.query('analyze "salesOrder"');
});
afterAll(async () => {
  await open.disposeAsync();
});

/** What differs from run to run, and from major to major. */
function withoutNumbers(text: string): string {
  return text
    .replaceAll(/pid \d+|backend\(\d+\)/g, 'pid …')
    .replace(/\d+ updates? and \d+ deletes? seen.*/, '… seen')
    .replace(/; a virtual generated column, added later, would make every UPDATE fail/, '');
}

const blocks = blocksOf(page);
/** Those of the page that follow a heading, up to the next one. */
function blocksBelow(heading: string): typeof blocks {
  const [, text] = page.split(`\n## ${heading}\n`);
  return blocksOf(text?.split('\n## ')[0] ?? '');
}

/** Runs a section's blocks in their order; the text after commands is what they print. */
async function follow(heading: string): Promise<void> {
  const section = blocksBelow(heading);
  expect(section.length).toBeGreaterThan(0);
  for (const [at, block] of section.entries()) {
    if (block.language === 'sql') await runStatements(block.label, block.text);
    if (block.language !== 'sh') continue;
    const shown = section[at + 1];
    const { stdout, stderr } = await run(block.text.trim());
    expect(shown?.language).toBe('text');
    expect(withoutNumbers(stdout + stderr)).toBe(withoutNumbers(shown?.text ?? ''));
  }
}

async function run(line: string): ReturnType<typeof runHere> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
  return await runHere(words.slice(1), { DATABASE_URL: urlOf('erp_owner', 'owner') });
}

async function runStatements(role: string, text: string): Promise<void> {
  await using service = await connect(urlOf('rowhook', 'service'));
  await using own = await connect(urlOf('erp_owner', 'owner'));
  const session = { superuser: admin, owner: own, service }[role];
  if (session === undefined) throw new Error(`whose are the statements in "sql ${role}"?`);
  for (const statement of text.split(';').filter((each) => each.trim() !== ''))
    await session.query(statement);
}

test('every block is of a kind that is run or compared here', () => {
  expect(new Set(blocks.map(({ language, label }) => `${language} ${label}`.trim()))).toEqual(
    new Set(['sh', 'text', 'text held', 'sql superuser', 'sql owner', 'sql service']),
  );
});

test('there is no trigger of ours outside the schema rowhook', async () => {
  const [block] = blocksBelow('What it adds, and what it does not');
  expect(await admin.query(block?.text ?? '')).toEqual([]);
});

test('a lock that somebody holds is waited for briefly, and its holder named', async () => {
  const url = new URL(urlOf('erp_app', 'app'));
  url.searchParams.set('application_name', 'erp');
  await using app = await connect(url.href);
  await app.query('begin');
  await app.query(`update "salesOrder" set status = 'paid' where id = 'so1'`);
  const shown = blocks.find(({ label }) => label === 'held');
  const { exitCode, stderr } = await run('rowhook enable salesOrder');
  await app.query('rollback');
  expect(exitCode).toBe(1);
  expect(withoutNumbers(stderr)).toBe(withoutNumbers(shown?.text ?? ''));
});

test('the page is followed: look, enable, change the identity, measure', async () => {
  await follow('Look first');
  await follow('Enable');
  await follow('The replica identity, and what it costs');
});

test('the figures of the identity are those that are measured', async () => {
  const rows = [
    ...page.matchAll(/^\| (.+) \| (UPDATE|DELETE)[^|]* \| ([\d ]+) \| ([\d ]+) \| ([\d ]+) \|$/gm),
  ];
  expect(rows).toHaveLength(6);
  const texts = [`'x'`, `repeat(md5(i::text), 32)`, 'large.text'];
  for (const [at, [, row = '', operation = '', ...figures]] of rows.entries()) {
    await createMeasured(texts[Math.floor(at / 2)] ?? '');
    for (const [i, identity] of ['default', 'using index measured_key', 'full'].entries()) {
      const told = Number(figures[i]?.replaceAll(' ', ''));
      const measured = await bytesPerRow(identity, operation);
      const what = `${row}, ${operation}, ${identity}: ${told}`;
      expect(measured, what).toBeGreaterThan(told * 0.93);
      expect(measured, what).toBeLessThan(told * 1.07);
    }
  }
});

const measuredRows = 1_000;

async function createMeasured(text: string): Promise<void> {
  await owner.query(`
    drop table if exists measured;
    create table measured (id bigint primary key, "companyId" text not null, status text, total numeric(12,2), doc text);
    insert into measured
      select i, 'abc123', 'open', i, ${text} from generate_series(1, ${measuredRows}) i,
        lateral (select string_agg(md5(i::text || n), '') as text from generate_series(1, 625) n) large;
    create unique index measured_key on measured ("companyId", id)`);
}

async function bytesPerRow(identity: string, operation: string): Promise<number> {
  await using session = await connect(urlOf('erp_owner', 'owner'));
  await session.query(`alter table measured replica identity ${identity}`);
  await session.query('begin');
  const statement = operation === 'UPDATE' ? `update measured set status = 'paid'` : 'delete from measured';
  const plan = await session.query(`explain (analyze, wal, costs off, timing off, summary off) ${statement}`);
  await session.query('rollback');
  await session.query('vacuum measured');
  const [bytes = ''] = plan.flatMap((row) => /WAL: .*bytes=(\d+)/.exec(row['QUERY PLAN'] ?? '')?.[1] ?? []);
  return Number(bytes) / measuredRows;
}

/** With what Postgres makes of the service's connection. */
const standbySettings = [
  ['*', 'sync'],
  ['ANY 1 (standby1, "Rowhook/rowhook/STREAM")', 'quorum'],
  ['FIRST 1 ("*", standby1)', 'sync'],
  ['FIRST 1 ("rowhook/rowhook/stream2", rowhook)', 'async'],
  ['', 'async'],
] as const;

test('a service that runs adds no wait to a commit, unless it counts as a standby, and then status warns', async () => {
  await using service = startService({
    databaseUrl: urlOf('rowhook', 'service'),
    env: { ROWHOOK_SLOT: 'rowhook' },
  });
  await service.ready();
  const state = async (): Promise<string> => {
    const [row] = await admin.query(
      `select sync_state from pg_stat_replication where application_name = 'rowhook/rowhook/stream'`,
    );
    return row?.['sync_state'] ?? '';
  };
  const synchronousLine = async (): Promise<string | undefined> => {
    const { stdout } = await runHere(['status'], { DATABASE_URL: urlOf('rowhook', 'service') });
    return stdout.split('\n').find((each) => each.includes('synchronous_standby_names '));
  };
  expect(await state()).toBe('async');
  for (const [names, expected] of standbySettings) {
    await admin.query(`alter system set synchronous_standby_names = '${names}'`);
    await admin.query('select pg_reload_conf()');
    await waitUntil(async () => (await state()) === expected, {
      describe: `the service to be ${expected} with ${names}`,
    });
    const line =
      expected === 'async' ? /^ok {4}synchronous_standby_names / : /^warn {2}synchronous_standby_names /;
    expect(await synchronousLine()).toMatch(line);
  }
  await service.kill('SIGTERM');
});

test('all of it is taken back, and the table is as it was', async () => {
  await follow('Take it back');
  const [table] = await admin.query(`select relreplident from pg_class where relname = 'salesOrder'`);
  expect(table).toEqual({ relreplident: 'd' });
  const left = await admin.query(`
    select 'role ' || rolname as what from pg_roles where rolname like 'rowhook%'
    union all select 'slot ' || slot_name from pg_replication_slots
    union all select 'publication ' || pubname from pg_publication
    union all select 'schema ' || nspname from pg_namespace where nspname = 'rowhook'`);
  expect(left).toEqual([{ what: 'role rowhook' }]);
});
