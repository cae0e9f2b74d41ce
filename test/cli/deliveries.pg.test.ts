/** `rowhook deliveries` and `rowhook forget` on a log whose rows are known, and what `status` and `enable` say about it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { runHere, runJsonHere } from './cli-here.ts';

let database: InstalledDatabase;
let readerUrl: string;

/** Minutes ago, webhook, company, key, outcome, status or class. */
const rows = [
  [300, 'wh_a', 'acme', 'so1', 'delivered', 200],
  [90, 'wh_b', 'globex', 'so2', 'delivered', 200],
  [30, 'wh_a', 'acme', 'so1', 'failed', 'timeout'],
  [5, 'wh_a', 'acme', 'so3', 'rejected', 503],
  [0, 'wh_b', 'globex', '(so2,1)', 'delivered', 201],
] as const;

beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.dba.query('create table "salesOrder" ("companyId" text not null, id text primary key)');
  await database.dba.query(`select rowhook.enable_table('salesOrder')`);
  await database.service.query(
    `select rowhook.make_delivery_partition((now() at time zone 'UTC')::date - i) from generate_series(-1, 1) i`,
  );
  for (const [minutes, webhook, company, key, outcome, result] of rows) {
    await database.service.query(
      `insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome,
         class, status, total_ms, first_byte_ms, body_bytes, answer, body)
       values (now() - make_interval(mins => $1), 1, $2, $3, '1-0000000001A2B3C4-0', 'salesOrder', $4, 'UPDATE', 1, $5, $6, $7, 12.25,
         3, 10, E'line one\nline two', '{"id":"' || $4 || '"}')`,
      [
        minutes,
        webhook,
        company,
        key,
        outcome,
        typeof result === 'string' ? result : null,
        typeof result === 'number' ? result : null,
      ],
    );
  }
  readerUrl = (await database.createLogin({ name: 'reader', memberOf: ['rowhook_dba'] })).url;
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

type Listed = Record<string, unknown> & { at: string };

/** In this process, for there are many. */
async function list(...args: string[]): Promise<Listed[]> {
  const { stdout } = await runHere(['deliveries', '--json', ...args], { DATABASE_URL: database.serviceUrl });
  return JSON.parse(stdout) as Listed[];
}

test.each([
  [[], ['(so2,1)', 'so3', 'so1', 'so2', 'so1']],
  [
    ['--limit', '2'],
    ['(so2,1)', 'so3'],
  ],
  [
    ['--webhook', 'wh_a'],
    ['so3', 'so1', 'so1'],
  ],
  [
    ['--company', 'globex'],
    ['(so2,1)', 'so2'],
  ],
  [['--failed'], ['so3', 'so1']],
  [['--outcome', 'rejected'], ['so3']],
  [
    ['--key', 'so1'],
    ['so1', 'so1'],
  ],
  [
    ['--since', '1h', '--table', 'salesOrder'],
    ['(so2,1)', 'so3', 'so1'],
  ],
  [['--since', '1h', '--key', 'so2'], []],
  [['--before', '1h', '--company', 'globex'], ['so2']],
])('deliveries %j lists the newest first', async (args, keys) => {
  expect((await list(...args)).map(({ key }) => key)).toEqual(keys);
});

test('the time of the last one goes on from there, and misses none', async () => {
  const seen: unknown[] = [];
  let page = await list('--limit', '2');
  while (page.length > 0) {
    seen.push(...page.map(({ key }) => key));
    page = await list('--limit', '2', '--before', page.at(-1)?.at ?? '');
  }
  expect(seen).toEqual(['(so2,1)', 'so3', 'so1', 'so2', 'so1']);
});

test.each([
  ['as psql prints it', (at: string) => at.replace('T', ' ').replace('Z', '+00')],
  ['without a zone, in UTC', (at: string) => at.replace('Z', '')],
  ['as it is', (at: string) => at],
])('a time %s is exact to the microsecond', async (_how, write) => {
  const [rejected] = await list('--outcome', 'rejected');
  const older = await list('--before', write(rejected?.at ?? ''));
  expect(older.map(({ key }) => key)).toEqual(['so1', 'so2', 'so1']);
});

test('as JSON a delivery is whole where the login may see bodies, and without them elsewhere', async () => {
  const [mine] = await list('--outcome', 'rejected');
  expect(mine).toMatchObject({
    webhookId: 'wh_a',
    companyId: 'acme',
    changeId: '1-0000000001A2B3C4-0',
    status: 503,
    totalMs: 12.25,
    tlsMs: null,
    body: '{"id":"so3"}',
    answer: 'line one\nline two',
  });
  const { json } = await runJsonHere(['deliveries', '--outcome', 'rejected'], { DATABASE_URL: readerUrl });
  expect(json).toMatchObject([{ key: 'so3', status: 503 }]);
  expect(JSON.stringify(json)).not.toContain('"body"');
});

test('for people it is a table, and in full what was sent and answered', async () => {
  const env = { DATABASE_URL: database.serviceUrl };
  const { stdout, stderr } = await runHere(['deliveries', '--limit', '2'], env);
  const [head, first, second] = stdout.split('\n');
  expect(head).toMatch(/^AT +WEBHOOK +COMPANY +TYPE +TABLE +KEY +OUTCOME +MS +BYTES +CHANGE +ID +DETAIL$/);
  expect(first).toContain('delivered 201');
  expect(second).toContain('rejected 503');
  expect(stderr).toContain('--before 20');
  const full = await runHere(['deliveries', '--failed', '--limit', '1', '--full'], env);
  expect(full.stdout).toContain(
    '  first byte 3.0 ms, total 12.3 ms\n  body: {"id":"so3"}\n  answer: line one\n    line two\n',
  );
  const dba = await runHere(['deliveries', '--full'], { DATABASE_URL: readerUrl });
  expect(dba.stderr).toContain('this login may not see bodies and answers');
  expect(dba.stdout).not.toContain('body:');
});

test('where nothing matches it says who knows what the log keeps', async () => {
  const { stdout } = await runHere(['deliveries', '--key', 'so9'], { DATABASE_URL: database.serviceUrl });
  expect(stdout).toBe('no delivery matches; `rowhook status` says what the log keeps\n');
});

test.each([
  [['--since', 'yesterday'], 'Use 15m, 6h, 2d or a time such as'],
  [['--since', '999999d'], 'Use a time in the years 0001 to 9999'],
  [['--before', '999999d'], 'Use a time in the years 0001 to 9999'],
  [['--since', '0000-12-31'], 'Use a time in the years 0001 to 9999'],
  [['--before', '9999-12-31T23:00-02'], 'Use a time in the years 0001 to 9999'],
  [['--since', '5'], 'Use 15m, 6h, 2d or a time such as'],
  [['--before', '2026-13-01'], 'Use 15m, 6h, 2d or a time such as'],
  [['--limit', '0'], 'Use a whole number from 1'],
  [['--outcome', 'lost'], '"lost" is none. Use one or more of delivered'],
  [['--table', 'salesorder'], 'did you mean salesOrder?'],
])('deliveries %j says what is wrong', async (args, words) => {
  const { exitCode, stderr } = await runHere(['deliveries', ...args], { DATABASE_URL: database.serviceUrl });
  expect(exitCode).toBeGreaterThan(0);
  expect(stderr).toContain(words);
});

test('forget counts first, and removes with --yes only', async () => {
  const env = { DATABASE_URL: readerUrl };
  const plan = await runHere(['forget', 'salesOrder', 'so1'], env);
  expect(plan).toMatchObject({
    exitCode: 0,
    stdout:
      'bodies or answers of salesOrder so1 are in 2 rows of the delivery log\n' +
      'nothing was changed; to do it: rowhook forget salesOrder so1 --yes\n',
  });
  const done = await runHere(['forget', 'salesOrder', 'so1', '--yes'], env);
  expect(done.stdout).toBe('removed bodies and answers from 2 rows of the delivery log\n');
  expect(await list('--key', 'so1')).toMatchObject([
    { body: null, answer: null },
    { body: null, answer: null },
  ]);
  expect((await list('--key', 'so3'))[0]).toMatchObject({ body: '{"id":"so3"}' });
  const { json } = await runJsonHere(['forget', 'salesOrder', 'so1'], env);
  expect(json).toEqual({ done: false, deliveries: 0, waiting: 0 });
  const wrong = await runHere(['forget', 'salesorder', 'so1'], env);
  expect(wrong.exitCode).toBe(1);
  expect(wrong.stderr).toContain('unknown table "salesorder"\nKnown tables: salesOrder.');
});

test('enable turns bodies off and on again, and leaves them as they are otherwise', async () => {
  const enable = async (...args: string[]): Promise<unknown> =>
    (await runJsonHere(['enable', 'salesOrder', ...args], { DATABASE_URL: database.dbaUrl })).json;
  expect(await enable()).toMatchObject({ logBodies: true });
  expect(await enable('--no-log-bodies')).toMatchObject({ logBodies: false });
  expect(await enable('--label', 'Order')).toMatchObject({ logBodies: false, label: 'Order' });
  expect(await enable('--log-bodies')).toMatchObject({ logBodies: true });
});

test('status says what the log keeps and what it lacks', async () => {
  await database.service.query(
    `insert into rowhook.setting (name, value) values ('delivery_log', '{"mode": "errors", "days": 3}')`,
  );
  const line = async (): Promise<unknown> => {
    const { json } = await runJsonHere(['status'], { DATABASE_URL: readerUrl });
    return (json as { checks: { check: string }[] }).checks.find(({ check }) => check === 'delivery log');
  };
  expect(await line()).toMatchObject({
    group: 'deliveries',
    status: 'ok',
    detail: expect.stringMatching(/^what was not delivered, for 3 days; 2 days stored \(\d+ kB\)$/) as string,
  });
  await database.service.query(
    `insert into rowhook.delivery_gap values (current_date, 7, now(), now(), 'no room')`,
  );
  expect(await line()).toMatchObject({
    status: 'warn',
    detail: expect.stringMatching(/; 7 rows dropped since .*Z, last at .*Z: no room$/) as string,
  });
});
