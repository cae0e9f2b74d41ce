/** rowhook.delivery: who sees which row, how rows and partitions get into it and leave it, and what a record's rows forget. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  DeliveryLogTable,
  deliveryLogSettings,
  dropPartitions,
  makePartitions,
  type DeliveryRow,
} from '../../src/database/delivery-log.ts';
import { Session } from '../../src/database/session.ts';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import type { Queryable } from '../support/queryable.ts';
import { refusal } from './refusal.ts';

let database: InstalledDatabase;
let session: Session;
let table: DeliveryLogTable;
const stop = new AbortController();

function sessionOf({ serviceUrl }: InstalledDatabase): Session {
  return new Session({
    databaseUrl: serviceUrl,
    applicationName: 'rowhook/test/log',
    settings: deliveryLogSettings,
    mayLoseCommits: true,
    stop: stop.signal,
    onTrouble: () => undefined,
  });
}

beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.dba.query('create table "salesOrder" ("companyId" text not null, id text primary key)');
  await database.dba.query(`select rowhook.enable_table('salesOrder')`);
  session = sessionOf(database);
  table = new DeliveryLogTable(session);
});
afterAll(async () => {
  stop.abort();
  await session[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await database.admin.query('delete from rowhook.delivery; delete from rowhook.delivery_gap');
});

let lastUs = 0;
function row(change: Partial<DeliveryRow> = {}): DeliveryRow {
  lastUs = Math.max(lastUs + 1, Date.now() * 1000);
  return {
    atUs: lastUs,
    uid: 7n,
    webhookId: 'wh_1',
    companyId: 'acme',
    changeId: '1-0000000001A2B3C4-0',
    table: 'salesOrder',
    key: 'so1',
    oldKey: null,
    type: 'UPDATE',
    outcome: 'rejected',
    class: null,
    status: 503,
    detail: null,
    dnsMs: null,
    connectMs: 1.5,
    tlsMs: null,
    firstByteMs: 0.25,
    totalMs: 12,
    bodyBytes: 13,
    answer: 'busy',
    body: '{"record":{}}',
    ...change,
  };
}

async function keysSeenBy(who: Queryable): Promise<unknown[]> {
  return (await who.query('select key from rowhook.delivery order by at')).map(({ key }) => key);
}

async function partitions(): Promise<string[]> {
  const rows = await database.admin.query<{ name: string }>(
    `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'rowhook.delivery'::regclass order by 1`,
  );
  return rows.map(({ name }) => name.replace('rowhook.', ''));
}

function nameOf(daysFromNow: number): string {
  const day = new Date(Date.now() + daysFromNow * 86_400_000).toISOString().slice(0, 10);
  return `delivery_${day.replaceAll('-', '')}`;
}

test('a row comes back as it was written', async () => {
  const text = 'tab\t "quoted" \\ new\nline, Ünïcödé 𝄞';
  const written = row({ body: Buffer.from(`{"a":${JSON.stringify(text)}}`), answer: text, detail: text });
  expect(await table.write([written])).toEqual({ result: 'written', count: 1 });
  const [found] = await database.admin.query(
    `select *, (extract(epoch from at) * 1000000)::int8 as us from rowhook.delivery`,
  );
  expect(found).toMatchObject({
    us: String(written.atUs),
    uid: '7',
    webhook_id: 'wh_1',
    company_id: 'acme',
    change_id: '1-0000000001A2B3C4-0',
    table_name: 'salesOrder',
    key: 'so1',
    old_key: null,
    type: 'UPDATE',
    attempt: '1',
    outcome: 'rejected',
    class: null,
    status: '503',
    detail: text,
    dns_ms: null,
    connect_ms: '1.5',
    first_byte_ms: '0.25',
    total_ms: '12',
    body_bytes: '13',
    answer: text,
    body: `{"a":${JSON.stringify(text)}}`,
  });
});

test('today’s and tomorrow’s partitions are made ahead, and a row finds its own where that is missing', async () => {
  await makePartitions(session, Date.now() * 1000);
  await makePartitions(session, Date.now() * 1000);
  expect(await partitions()).toEqual([nameOf(0), nameOf(1)]);
  await database.admin.query(`drop table rowhook.${nameOf(0)}`);
  const rows = [row({ key: 'yesterday', atUs: (Date.now() - 86_400_000) * 1000 }), row({ key: 'today' })];
  expect(await table.write(rows)).toEqual({ result: 'written', count: 2 });
  expect(await partitions()).toEqual([nameOf(-1), nameOf(0), nameOf(1)]);
  expect(await keysSeenBy(database.service)).toEqual(['yesterday', 'today']);
});

test('nobody makes partitions of other days, or drops any that are not old', async () => {
  const far = session.query({ text: `select rowhook.make_delivery_partition('2020-01-01')` });
  expect(await refusal(far)).toMatchObject({ code: '22023' });
  const all = session.query({ text: 'select rowhook.drop_delivery_partition(0)' });
  expect(await refusal(all)).toMatchObject({ code: '22023' });
  for (const login of [database.app, database.appAs('acme')]) {
    const made = login.query('select rowhook.make_delivery_partition(current_date)');
    expect(await refusal(made)).toMatchObject({ code: '42501' });
    const dropped = login.query('select rowhook.drop_delivery_partition(1)');
    expect(await refusal(dropped)).toMatchObject({ code: '42501' });
  }
  expect(await refusal(database.service.query('delete from rowhook.delivery'))).toMatchObject({
    code: '42501',
  });
});

async function addOldPartition(daysAgo: number): Promise<string> {
  const name = nameOf(-daysAgo);
  await database.admin.query(
    `create table rowhook.${name} partition of rowhook.delivery
     for values from (${sqlDay(-daysAgo)}) to (${sqlDay(1 - daysAgo)})`,
  );
  return name;
}

function sqlDay(daysFromNow: number): string {
  return `('${new Date(Date.now() + daysFromNow * 86_400_000).toISOString().slice(0, 10)} 00:00Z')`;
}

test('a partition is dropped when its last row is older than the days that are kept, and no sooner', async () => {
  const old = [await addOldPartition(9), await addOldPartition(4)];
  const kept = await addOldPartition(3);
  await database.admin.query(
    `insert into rowhook.delivery_gap values (current_date - 9, 1, now(), now(), 'x'), (current_date, 1, now(), now(), 'x')`,
  );
  expect(await dropPartitions(session, 3)).toEqual(old);
  expect(await partitions()).toContain(kept);
  expect(await database.admin.query('select dropped_count from rowhook.delivery_gap')).toHaveLength(1);
  await database.admin.query(`drop table rowhook.${kept}`);
});

test('dropping a partition gives up at once when somebody reads the log', async () => {
  const old = await addOldPartition(5);
  const reader = await database.connect(database.serviceUrl);
  await reader.query('begin; select count(*) from rowhook.delivery');
  const startedAt = performance.now();
  expect(await refusal(dropPartitions(session, 3))).toMatchObject({ code: '55P03' });
  expect(performance.now() - startedAt).toBeLessThan(1_500);
  // Neither making one nor writing waits for a reader.
  await makePartitions(session, Date.now() * 1000);
  expect(await table.write([row()])).toEqual({ result: 'written', count: 1 });
  await reader.query('commit');
  expect(await dropPartitions(session, 3)).toEqual([old]);
});

test('a lock on the partition is a value after two seconds, and the row is written later', async () => {
  await table.write([row()]);
  const holder = await database.connect();
  await holder.query(`begin; lock table rowhook.${nameOf(0)} in access exclusive mode`);
  const later = row({ key: 'later' });
  expect(await table.write([later])).toMatchObject({ count: 0, result: { kind: 'later' } });
  await holder.query('commit');
  expect(await table.write([later])).toEqual({ result: 'written', count: 1 });
  expect(await keysSeenBy(database.service)).toEqual(['so1', 'later']);
});

test('a connection that is cut is a value, and the next rows are written', async () => {
  await table.write([row()]);
  await database.admin.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity where application_name = 'rowhook/test/log'`,
  );
  const results = [await table.write([row({ key: 'a' })]), await table.write([row({ key: 'b' })])];
  expect(results.at(-1)?.result).toBe('written');
  expect((await keysSeenBy(database.service)).at(-1)).toBe('b');
});

test('a company sees its own rows with body and answer, and nobody a partition by itself', async () => {
  await table.write([
    row({ key: 'acme' }),
    row({ key: 'globex', companyId: 'globex' }),
    row({ key: 'all', companyId: null }),
  ]);
  const acme = database.appAs('acme');
  expect(await acme.query('select key, body, answer from rowhook.delivery')).toEqual([
    { key: 'acme', body: '{"record":{}}', answer: 'busy' },
  ]);
  expect(await keysSeenBy(database.app)).toEqual([]);
  expect(await keysSeenBy(database.appAs(''))).toEqual([]);
  const reader = await database.createLogin({ name: 'reader', memberOf: ['rowhook_dba'] });
  expect(await keysSeenBy(reader)).toEqual(['acme', 'globex', 'all']);
  // The DBA of these tests gives the application every new table of theirs by default.
  for (const login of [acme, reader, database.service]) {
    const read = login.query(`select * from rowhook.${nameOf(0)}`);
    expect(await refusal(read)).toMatchObject({ code: '42501' });
  }
  for (const column of ['body', 'answer']) {
    const read = reader.query(`select ${column} from rowhook.delivery`);
    expect(await refusal(read)).toMatchObject({ code: '42501' });
  }
  const change = acme.query(`update rowhook.delivery set body = null`);
  expect(await refusal(change)).toMatchObject({ code: '42501' });
});

test('forgetting a record removes bodies and answers of its rows, under its former key too, and of no other’s', async () => {
  await table.write([
    row({ key: 'so9', oldKey: 'so1' }),
    row(),
    row({ key: 'so2' }),
    row({ table: 'item' }),
    row({ body: null, answer: null }),
  ]);
  const { uid } = (await database.admin.query('select 7 as uid'))[0] ?? {};
  await database.admin.query(
    `insert into rowhook.backlog (uid, epoch, commit_lsn, index, part, webhook_id, table_name, type, keys, payload)
     select $1, 1, '0/1', i, 0, 'wh_1', 'salesOrder', 'UPDATE', k, '{}'
     from (values (1, array['16385/3:so1']), (2, array['16385/3:so2', '16385/3:so1']), (3, array['16385/3:so3']), (4, null)) v (i, k)`,
    [uid],
  );
  const reader = await database.createLogin({ name: 'officer', memberOf: ['rowhook_dba'] });
  const counts = { deliveries: '2', waiting: '2' };
  expect(await reader.query(`select * from rowhook.forget('salesOrder', 'so1', dry_run => true)`)).toEqual([
    counts,
  ]);
  expect(await reader.query(`select * from rowhook.forget('salesOrder', 'so1')`)).toEqual([counts]);
  expect(await database.service.query(`select * from rowhook.forget('salesOrder', 'so1')`)).toEqual([
    { deliveries: '0', waiting: '2' },
  ]);
  expect(
    await database.service.query(
      `select table_name, key, body is null and answer is null as forgotten from rowhook.delivery order by at`,
    ),
  ).toEqual([
    { table_name: 'salesOrder', key: 'so9', forgotten: 't' },
    { table_name: 'salesOrder', key: 'so1', forgotten: 't' },
    { table_name: 'salesOrder', key: 'so2', forgotten: 'f' },
    { table_name: 'item', key: 'so1', forgotten: 'f' },
    { table_name: 'salesOrder', key: 'so1', forgotten: 't' },
  ]);
});

test('forgetting works beside a publication of all tables', async () => {
  await table.write([row()]);
  await database.admin.query('create publication everything for all tables');
  expect(await database.service.query(`select * from rowhook.forget('salesOrder', 'so1')`)).toMatchObject([
    { deliveries: '1' },
  ]);
  await database.admin.query('drop publication everything');
});

test('what is forgotten is of a table that is known, and not for the application to say', async () => {
  const unknown = database.service.query(`select * from rowhook.forget('salesorder', 'so1')`);
  expect(await refusal(unknown)).toMatchObject({ code: '42P01', hint: 'Known tables: salesOrder.' });
  const app = database.appAs('acme').query(`select * from rowhook.forget('salesOrder', 'so1')`);
  expect(await refusal(app)).toMatchObject({ code: '42501' });
});

test.each([
  ['so1', ['/3:so1']],
  ['(so1,3)', ['/7:(so1,3)', '/3:so1/1:3']],
  ['("a,""b\\\\",,"")', ['/15:("a,""b\\\\",,"")', '/5:a,"b\\/-/0:']],
  ['𝄞é', ['/3:𝄞é']],
])('the key %s is found in the backlog in the forms %j', async (key, forms) => {
  const [found] = await database.admin.query('select to_json(rowhook.order_keys_of($1)) as forms', [key]);
  expect(JSON.parse(found?.['forms'] ?? '')).toEqual(forms);
});

test('what is missing is added up for each day', async () => {
  const at = Date.now();
  await table.noteGap({ count: 3, firstAtMs: at, lastAtMs: at, reason: 'a lock' });
  await table.noteGap({ count: 4, firstAtMs: at, lastAtMs: at + 1, reason: 'no room' });
  expect(
    await database.admin.query(
      `select dropped_count, reason, extract(epoch from last_at - first_at) * 1000 as ms from rowhook.delivery_gap`,
    ),
  ).toEqual([{ dropped_count: '7', reason: 'no room', ms: '1.000000' }]);
});

test('a database of another encoding gets what it can write', async () => {
  await using latin = await createInstalledDatabase(undefined, 'WIN1252');
  await using log = sessionOf(latin);
  const written = row({ body: '{"a":"é𝄞"}', answer: 'é𝄞' });
  expect(await new DeliveryLogTable(log).write([written])).toMatchObject({ result: 'written' });
  const [found] = await latin.admin.query('select body, answer from rowhook.delivery');
  expect(found).toEqual({ body: '{"a":"\\u00e9\\ud834\\udd1e"}', answer: '??' });
});
