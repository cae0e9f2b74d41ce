/** The sample ERP and the activity in it, in a database of its own; no service is involved. */
import { expect, test } from 'vitest';
import { activitySteps } from '../../src/cli/demo/activity.ts';
import { createRandom } from '../../src/cli/demo/random.ts';
import { createSampleErp, openDemoDatabase } from '../../src/database/demo-database.ts';
import type { DemoDatabase } from '../../src/database/demo-database.ts';
import { createDatabase } from '../support/database.ts';

const subscribed = [
  'customer',
  'employee',
  'item',
  'job',
  'purchaseInvoice',
  'purchaseOrder',
  'quote',
  'receipt',
  'salesInvoice',
  'salesOrder',
  'salesRfq',
  'supplier',
  'supplierQuote',
];

/** The tests watch with triggers, which the sample ERP itself has none of. */
async function watch(database: DemoDatabase): Promise<void> {
  await database.query(`
    create table public.seen (n bigint generated always as identity, "table" text, operation text, "companyId" text, "readableId" text);
    create function public.watch() returns trigger language plpgsql as $$
    declare changed record := case tg_op when 'DELETE' then old else new end;
    begin
      insert into public.seen ("table", operation, "companyId", "readableId")
      values (tg_table_name, tg_op, changed."companyId", changed."readableId");
      return null;
    end $$;`);
  for (const table of subscribed) {
    await database.query(`create trigger watch after insert or update or delete on erp."${table}"
      for each row execute function public.watch()`);
  }
}

async function erp(url: string): Promise<DemoDatabase> {
  const database = await openDemoDatabase(url);
  await createSampleErp(database);
  await watch(database);
  return database;
}

async function run(
  database: DemoDatabase,
  { seed, steps }: { seed: number; steps: number },
): Promise<string[]> {
  const troubles: string[] = [];
  const generator = activitySteps({
    database,
    random: createRandom(seed),
    onTrouble: (activity, error) => troubles.push(`${activity}: ${error.message}`),
  });
  for (let n = 0; n < steps; n++) await generator.next();
  return troubles;
}

async function seen(database: DemoDatabase): Promise<string[]> {
  const rows = await database.query(
    `select distinct "table" || ' ' || operation as what from public.seen order by what`,
  );
  return rows.map((row) => String(row['what']));
}

const everything = subscribed.flatMap((table) =>
  ['DELETE', 'INSERT', 'UPDATE'].map((operation) => `${table} ${operation}`),
);

test.each([1, 2, 3])(
  'inserts, updates and deletes in all 13 tables within 500 steps (seed %i)',
  async (seed) => {
    await using testDatabase = await createDatabase();
    await using database = await erp(testDatabase.url);

    expect(await run(database, { seed, steps: 500 })).toEqual([]);

    expect(await seen(database)).toEqual(everything);
  },
);

test('shows an insert, an update and a delete within the first four steps', async () => {
  await using testDatabase = await createDatabase();
  await using database = await erp(testDatabase.url);

  await run(database, { seed: 7, steps: 4 });

  expect(await seen(database)).toEqual(['salesRfq DELETE', 'salesRfq INSERT', 'salesRfq UPDATE']);
});

test('does the same again for the same seed', async () => {
  const history = async (): Promise<unknown> => {
    await using testDatabase = await createDatabase();
    await using database = await erp(testDatabase.url);
    await run(database, { seed: 11, steps: 120 });
    return await database.query(
      'select "table", operation, "companyId", "readableId" from public.seen order by n',
    );
  };

  expect(await history()).toEqual(await history());
});

test('numbers documents without a gap or a double in each company', async () => {
  await using testDatabase = await createDatabase();
  await using database = await erp(testDatabase.url);

  await run(database, { seed: 5, steps: 200 });

  const [gaps] = await database.query(`
    with inserted as (
      select "table", "companyId", regexp_replace("readableId", '.*-', '')::bigint as number
      from public.seen where operation = 'INSERT')
    select count(*)::int as groups, count(distinct "companyId")::int as companies,
      count(*) filter (where highest - lowest + 1 <> documents or numbers <> documents)::int as wrong
    from (select "table", "companyId", min(number) as lowest, max(number) as highest, count(*) as documents,
            count(distinct number) as numbers from inserted group by 1, 2) as per_company`);
  expect(gaps).toMatchObject({ companies: 3, wrong: 0 });
  expect(Number(gaps?.['groups'])).toBeGreaterThan(20);
});

test('keeps every document and its lines inside one company', async () => {
  await using testDatabase = await createDatabase();
  await using database = await erp(testDatabase.url);
  await run(database, { seed: 6, steps: 300 });
  const keys = await database.query(`
    select key.conrelid::regclass::text as "table", key.confrelid::regclass::text as parent, attribute.attname as "column"
    from pg_constraint as key
    join pg_attribute as attribute on attribute.attrelid = key.conrelid and attribute.attnum = key.conkey[1]
    where key.contype = 'f' and key.connamespace = 'erp'::regnamespace and key.confrelid <> 'erp.company'::regclass`);

  const strays = [];
  for (const { table, parent, column } of keys) {
    strays.push(
      ...(await database.query(`select child.id from ${String(table)} as child
        join ${String(parent)} as parent on parent.id = child."${String(column)}"
        where parent."companyId" <> child."companyId"`)),
    );
  }

  expect(keys.length).toBeGreaterThan(40);
  expect(strays).toEqual([]);
});

test('creates the sample ERP once, without triggers and with a comment on every table', async () => {
  await using testDatabase = await createDatabase();
  await using database = await openDemoDatabase(testDatabase.url);

  expect(await createSampleErp(database)).toBe(true);
  expect(await createSampleErp(database)).toBe(false);

  const tables = await database.query(`
    select relname as name, obj_description(oid, 'pg_class') is not null as "hasComment",
      (select count(*)::int from pg_trigger where tgrelid = pg_class.oid and not tgisinternal) as triggers
    from pg_class where relnamespace = 'erp'::regnamespace and relkind = 'r'`);
  expect(tables.map(({ name }) => name)).toEqual(expect.arrayContaining(subscribed));
  expect(tables.filter(({ hasComment, triggers }) => hasComment !== true || triggers !== 0)).toEqual([]);
});

test('goes on when a transaction fails, and says which', async () => {
  await using testDatabase = await createDatabase();
  await using database = await erp(testDatabase.url);
  await database.query('drop table erp."salesRfqLine"');

  const troubles = await run(database, { seed: 1, steps: 20 });

  expect(troubles[0]).toMatch(/^request for quote received: relation "erp.salesRfqLine" does not exist/);
  expect(await seen(database)).toContain('item UPDATE');
});
