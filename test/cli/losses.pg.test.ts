import { afterAll, beforeAll, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { runHere, runJsonHere } from './cli-here.ts';

let database: InstalledDatabase;

beforeAll(async () => {
  database = await createInstalledDatabase();
  await database.admin.query(`
    insert into rowhook.loss (webhook_id, company_id, table_name, reason, count, from_position, to_position, detail, at) values
      ('wh_1', 'abc', 'item', 'timeout', 3, '1-0000000000000010-0', '1-0000000000000020-0', 'after 10000 ms', now() - interval '2 days'),
      ('wh_2', 'xyz', 'job', 'gap', null, null, null, null, now())`);
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

test('the ledger, newest first, for people', async () => {
  const { stdout } = await runHere(['losses'], { DATABASE_URL: database.serviceUrl });
  const [head = '', first = '', second = ''] = stdout.split('\n');
  expect(head).toMatch(/^ID +AT +COUNT +REASON +WEBHOOK/);
  expect(first).toMatch(/unknown +gap +wh_2 +xyz +job/);
  expect(second).toMatch(/3 +timeout +wh_1 +abc +item .*after 10000 ms/);
});

test.each([
  [['--webhook', 'wh_1'], ['wh_1']],
  [['--company', 'xyz'], ['wh_2']],
  [['--table', 'item'], ['wh_1']],
  [['--reason', 'gap'], ['wh_2']],
  [['--since', '1d'], ['wh_2']],
  [['--limit', '1'], ['wh_2']],
  [['--reason', 'none'], []],
])('%j narrows it', async (options, expected) => {
  const { json } = await runJsonHere(['losses', ...options], { DATABASE_URL: database.serviceUrl });
  expect((json as { webhookId: string }[]).map(({ webhookId }) => webhookId)).toEqual(expected);
});
