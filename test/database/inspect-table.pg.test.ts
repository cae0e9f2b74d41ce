/** What the DBA is told before a table is enabled, and afterwards. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { waitUntil } from '../support/wait.ts';

let database: InstalledDatabase;
beforeAll(async () => {
  database = await createInstalledDatabase();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

interface Finding {
  readonly status: string | null;
  readonly detail: string | null;
  readonly remedy: string | null;
}

async function inspect(parameters: string): Promise<Map<string, Finding>> {
  const rows = await database.dba.query<Finding & { check: string }>(
    `select "check", status, detail, remedy from rowhook.inspect_table(${parameters})`,
  );
  return new Map(rows.map(({ check, ...finding }) => [check, finding]));
}

test('a table that is fit to be enabled has nothing but ok', async () => {
  await database.dba.query('create table fit ("companyId" text not null, id text primary key)');
  const findings = await inspect(`'fit'`);
  expect([...findings.values()].map((finding) => finding.status)).toEqual(
    [...findings.keys()].map(() => 'ok'),
  );
  expect([...findings.keys()]).toEqual([
    'relation',
    'registered',
    'owner',
    'company column',
    'replica identity',
    'primary key',
    'publication',
    'published',
    'wal_level',
    'cost of full',
  ]);
  expect(findings.get('replica identity')?.detail).toContain(
    'default now, full once enabled (an exclusive lock for a moment)',
  );
  await database.dba.query(`select rowhook.enable_table('fit')`);
  expect((await inspect(`'fit'`)).get('replica identity')?.detail).toContain('full, and stays so');
});

test('tells the cost of full: row size, updates seen, large columns', async () => {
  await database.dba.query(
    `
    create table heavy ("companyId" text not null, id text primary key, doc text);
    alter table heavy alter column doc set storage external;
    insert into heavy select 'a', n, repeat('x', 20000) from generate_series(1, 50) n;
    update heavy set id = id || 'b';
    vacuum analyze heavy`.replace('vacuum analyze', 'analyze'),
  );
  await database.dba.query('vacuum heavy');
  const findings = await waitUntil(
    async () => {
      const found = await inspect(`'heavy'`);
      return found.get('cost of full')?.status === 'warn' ? found : null;
    },
    { describe: 'the statistics of 50 updates' },
  );
  expect(findings.get('cost of full')?.detail).toMatch(
    /about \d+ (kB|bytes); 50 updates and 0 deletes seen since /,
  );
  expect(findings.get('large columns')?.detail).toContain('doc (text');
});

test('warns of what a payload will expose, lack or never be sent for', async () => {
  await database.dba.query(`
    create table strange ("companyId" text, id text, twice text);
    alter table strange enable row level security`);
  const findings = await inspect(`'strange'`);
  expect(findings.get('row-level security')).toMatchObject({ status: 'warn' });
  expect(findings.get('company column')).toMatchObject({
    status: 'warn',
    remedy: 'alter table public.strange alter column "companyId" set not null;',
  });
  expect(findings.get('primary key')).toMatchObject({ status: 'warn' });
});

test('fails, with the remedy, where enabling would be refused', async () => {
  await database.dba.query('create unlogged table fast (id text primary key, company_id text not null)');
  const findings = await inspect(`'fast'`);
  expect(findings.get('relation')).toMatchObject({
    status: 'fail',
    remedy: 'alter table public.fast set logged;',
  });
  expect(findings.get('company column')).toMatchObject({
    status: 'fail',
    remedy: `select rowhook.enable_table('public.fast', company_column => 'company_id');`,
  });
  expect((await inspect(`'nowhere'`)).get('relation')).toMatchObject({ status: 'fail' });
});

test('without a company column names one that could be meant, else a place for it and what none means; the identity only follows', async () => {
  await database.dba.query(`
    create table tenants (id text primary key, parent_company text);
    create table parcel (id text primary key, place text, "companyName" text)`);
  const offer = (relation: string, column: string): string =>
    `select rowhook.enable_table('public.${relation}', company_column => '${column}');\n` +
    '-- or, if its rows belong to no company, so that only webhooks for all companies get them: ' +
    `select rowhook.enable_table('public.${relation}', company_column => NULL);`;
  for (const [relation, column] of [
    ['parcel', '<column>'],
    ['tenants', 'id'],
  ] as const) {
    const findings = await inspect(`'${relation}'`);
    expect(findings.get('company column')).toMatchObject({ status: 'fail', remedy: offer(relation, column) });
    expect(findings.get('replica identity')).toMatchObject({
      status: 'fail',
      detail: expect.stringMatching(/^follows from the company column/) as string,
      remedy: null,
    });
  }
  await database.dba.query(offer('tenants', 'id'));
  expect((await inspect(`'tenants'`)).get('company column')?.detail).toBe('"id" (text), never NULL');
});

test('an identity that names no index has no remedy while the company column is missing', async () => {
  await database.dba.query(`
    create table moved ("companyId" text not null, id text primary key);
    create unique index moved_key on moved ("companyId", id);
    select rowhook.enable_table('moved', replica_identity => 'moved_key');
    alter table moved drop column "companyId"`);
  const findings = await inspect(`'moved'`);
  expect(findings.get('replica identity')).toMatchObject({ status: 'fail', remedy: null });
  expect(findings.get('large values')).toMatchObject({ status: 'warn', remedy: null });
});

test('says since when updates and deletes were counted', async () => {
  await database.dba.query('create table counted ("companyId" text not null, id text primary key)');
  const seen = async (): Promise<string> => (await inspect(`'counted'`)).get('cost of full')?.detail ?? '';
  // Postgres 14 knows it from the beginning, others after a reset.
  expect(await seen()).toMatch(/seen since (the statistics began|\d{4}-\d\d-\d\d )/);
  await database.admin.query('select pg_stat_reset()');
  await waitUntil(async () => /seen since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]/.test(await seen()), {
    describe: 'the time of the reset to be told',
  });
});

test('names both tables of one name, and asks nothing more of what is no table', async () => {
  await database.dba.query(`create schema a; create schema b;
    create table a.twin (id text primary key); create table b.twin (id text primary key);
    create view a.seen as select * from a.twin`);
  expect((await inspect(`'twin'`)).get('relation')).toMatchObject({
    status: 'fail',
    detail: 'more than one table is called "twin". There are a.twin, b.twin.',
  });
  expect([...(await inspect(`'a.seen'`)).keys()]).toEqual(['relation']);
});

test('names the table that has the name already, and the statement with another name works as it stands', async () => {
  await database.dba
    .query(`create schema c; create table c.pair ("companyId" text not null, id text primary key);
    create table public.pair ("companyId" text not null, id text primary key); select rowhook.enable_table('c.pair')`);
  const found = (await inspect(`'public.pair'`)).get('registered');
  expect(found).toMatchObject({ status: 'warn', detail: 'not yet; its own name is taken by table c.pair' });
  await database.dba.query(found?.remedy ?? '');
  expect((await inspect(`'public.pair'`)).get('registered')?.detail).toMatch(/^enabled as "public_pair"/);
  expect((await inspect(`'"pair"'`)).get('relation')?.detail).toMatch(
    /^more than one table is called "pair"\. /,
  );
});

test('counts one update as one', async () => {
  await database.dba.query(`create table single ("companyId" text not null, id text primary key);
    insert into single values ('a', '1'); update single set id = '2'`);
  const detail = await waitUntil(
    async () => {
      const found = (await inspect(`'single'`)).get('cost of full')?.detail;
      return found?.includes('1 update') === true ? found : null;
    },
    { describe: 'the statistics of one update' },
  );
  expect(detail).toContain('1 update and 0 deletes seen');
});

test('knows with which column and identity a table was enabled', async () => {
  await database.dba.query('create table rented (tenant text not null, id text primary key)');
  await database.dba.query(`create unique index rented_key on rented (tenant, id)`);
  await database.dba.query(
    `select rowhook.enable_table('rented', company_column => 'tenant', replica_identity => 'rented_key')`,
  );
  const findings = await inspect(`'rented'`);
  expect(findings.get('company column')).toMatchObject({
    status: 'ok',
    detail: '"tenant" (text), never NULL',
  });
  expect(findings.get('replica identity')).toMatchObject({
    status: 'ok',
    detail: 'index:rented_key, and stays so',
  });
  await database.dba.query(
    'drop table rented; create table rented (tenant text not null, id text primary key)',
  );
  expect((await inspect(`'rented'`)).get('published')).toMatchObject({
    status: 'warn',
    remedy: `select rowhook.enable_table('public.rented', company_column => 'tenant', replica_identity => 'rented_key');`,
  });
});

test('a company that the log fills up with blanks is told, also below a domain', async () => {
  await database.dba.query(`create domain short_code as char(4);
    create table padded ("companyId" char(8) not null, code short_code not null, id text primary key)`);
  expect((await inspect(`'padded'`)).get('company column')).toMatchObject({
    status: 'warn',
    remedy: 'alter table public.padded alter column "companyId" type text;',
  });
  expect((await inspect(`'padded', 'code'`)).get('company column')?.status).toBe('warn');
  await database.dba.query('alter table public.padded alter column "companyId" type text');
  expect((await inspect(`'padded'`)).get('company column')?.status).toBe('ok');
});

test('a table without a column can be enabled', async () => {
  await database.dba.query(`create table bare (); select rowhook.enable_table('bare', null)`);
  await database.app.query('insert into bare default values; delete from bare');
});
