// A key column that Postgres stores out of line, under an index identity: its value stands in the log, so it stands in the payload.
import { expect, test } from 'vitest';
import { openScene } from './scene.ts';

interface Payload {
  readonly type: string;
  readonly record: Readonly<Record<string, string | null>>;
  readonly old?: Readonly<Record<string, string | null>> | null;
  readonly unchanged?: readonly string[];
  readonly partial?: boolean;
}

/** Keeps a failure readable. */
function shortened(body: string): Payload {
  return JSON.parse(
    body.replaceAll(/(\w)\1{1000,}/g, (run, letter: string) => `${run.length} ${letter}`),
  ) as Payload;
}

// An index takes no more than about 2700 bytes, but a row of that size is stored out of line already: Postgres then writes the old
// key with every UPDATE, and the key's value stands there when the new row does not carry it.
test('a key that is stored out of line is whole in old and in record, and never named in unchanged', async () => {
  await using scene = await openScene();
  const { dba, app } = scene.database;
  await dba.query(`
    create table long_key (code text not null, tenant text not null, note text, doc text);
    alter table long_key alter column code set storage external, alter column doc set storage external;
    create unique index long_key_code on long_key (tenant, code)`);
  await dba.query(
    `select rowhook.enable_table('long_key', company_column => 'tenant', replica_identity => 'long_key_code')`,
  );
  await scene.createWebhook({ name: 'long', table: 'long_key', company: 'acme' });
  await app.query(`insert into long_key values (repeat('a', 2600), 'acme', 'first', repeat('x', 100000))`);
  await app.query(`update long_key set note = 'second'`);
  await app.query(`update long_key set code = repeat('b', 2600)`);
  await app.query(`delete from long_key`);

  const [a, b, tenant] = ['2600 a', '2600 b', 'acme'];
  const head = { table: 'long_key', companyId: 'acme' };
  const rest = { unchanged: ['doc'], partial: true };
  expect((await scene.waitForBodies('long', 4)).map(shortened)).toEqual([
    { type: 'INSERT', ...head, record: { code: a, tenant, note: 'first', doc: '100000 x' } },
    {
      type: 'UPDATE',
      ...head,
      record: { code: a, tenant, note: 'second' },
      old: { code: a, tenant },
      ...rest,
    },
    {
      type: 'UPDATE',
      ...head,
      record: { code: b, tenant, note: 'second' },
      old: { code: a, tenant },
      ...rest,
    },
    { type: 'DELETE', ...head, record: { code: b, tenant }, old: { code: b, tenant }, partial: true },
  ]);
});

test('a company that is stored out of line still tells whose row it is', async () => {
  await using scene = await openScene();
  const { dba, app } = scene.database;
  await dba.query(`
    create table long_tenant (tenant text not null, id int not null, note text);
    alter table long_tenant alter column tenant set storage external;
    create unique index long_tenant_id on long_tenant (tenant, id)`);
  await dba.query(
    `select rowhook.enable_table('long_tenant', company_column => 'tenant', replica_identity => 'long_tenant_id')`,
  );
  const tenant = 't'.repeat(2600);
  await scene.createWebhook({ name: 'tenants', table: 'long_tenant', company: tenant, on: ['update'] });
  await app.query(`insert into long_tenant values ($1, 1, 'first')`, [tenant]);
  await app.query(`update long_tenant set note = 'second'`);
  expect((await scene.waitForBodies('tenants', 1)).map(shortened)).toMatchObject([
    { companyId: '2600 t', record: { tenant: '2600 t', id: 1, note: 'second' }, partial: true },
  ]);
});
