/**
 * Every sql and sh block of README.md and docs/ runs as it stands, page by page from top to bottom, in a database with a service that
 * leads. The label of a block says who runs it: ```sql app, ```sh dba. What is not run here stands below, with the reason.
 */
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signCompanyToken } from '../../src/company-token.ts';
import { openScene, type Scene } from '../service/scene.ts';
import { childEnvironment } from '../support/child-environment.ts';
import type { Session } from '../support/queryable.ts';
import { waitUntil } from '../support/wait.ts';
import { blocksIn, type PageBlock } from './pages.ts';

/** Whose blocks are run by tests of their own. */
const ownTests: Readonly<Record<string, string>> = {
  'docs/dba.md': 'dba.pg.test.ts follows it as the role that owns the tables',
  'docs/payload.md': 'payload.pg.test.ts compares what each statement leads to',
  'docs/postgres.md': 'postgres.pg.test.ts follows it on a cluster of its own',
  'docs/runbooks.md': 'runbooks.pg.test.ts breaks what they mend',
};

const notRun: readonly { readonly line: RegExp; readonly why: string }[] = [
  {
    line: /^npm ci && npm (start|test)$/,
    why: 'the demo has tests in test/cli, and the tests cannot run themselves',
  },
  { line: /^npm run (bench|soak)\b/, why: 'they take minutes; bench-run.pg.test.ts starts the bench' },
  { line: /\browhook start$/, why: 'one runs already, and every test of test/service starts one' },
  { line: /\/v1\/events /, why: 'it never ends; events.pg.test.ts reads it' },
  { line: /examples\/receiver\./, why: 'receivers.pg.test.ts does' },
  { line: /^rowhook resend\b/, why: 'ids of losses and deliveries are made up; resend.pg.test.ts runs it' },
];

const tokenSecret = 'a secret of the tests that is long enough';
const tokens = { ROWHOOK_TOKEN_SECRET: tokenSecret, ROWHOOK_ADMIN_TOKEN: 'operator-of-the-tests-0123456789' };
const blocks = blocksIn(['sql', 'sh']).filter(({ page }) => !(page in ownTests));

let scene: Scene;
let app: Session;
let deliveryId: string;
let environment: Readonly<Record<string, string>>;

beforeAll(async () => {
  scene = await openScene(async ({ dba }) => {
    await dba.query(`
        create schema erp;
        create table erp."salesOrder" (id text primary key, "companyId" text not null, total numeric(12,2));
        create table erp."orderLine" ("orderId" text, line int, "companyId" text not null, primary key ("orderId", line));
        select rowhook.enable_table('orderLine')`);
  }, tokens);
  const { database } = scene;
  environment = childEnvironment({
    ROWHOOK_SLOT: database.name,
    ROWHOOK_ALLOW_TARGETS: '127.0.0.1',
    ...tokens,
    TOKEN: await signCompanyToken('abc123', { secret: tokenSecret, seconds: 600 }),
  });
});
afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

/** Where each page begins: an order of company abc123, a webhook for it, one delivery in the log, and loss 12, which is a timeout. */
async function begin(): Promise<void> {
  const { database, receiver } = scene;
  await database.admin.query(`
    delete from rowhook.webhook;
    delete from erp."salesOrder"`);
  await database.dba.query(`
    select rowhook.enable_table('salesOrder');
    update rowhook.subscribable_table set log_bodies = true`);
  await scene.createWebhook({
    name: 'wh_1',
    table: 'salesOrder',
    company: 'abc123',
    on: ['insert', 'update'],
  });
  const logged = async (): Promise<number> =>
    (
      await database.admin.query(
        `select 1 from rowhook.delivery where uid = (select uid from rowhook.webhook where id = 'wh_1')`,
      )
    ).length;
  const before = await logged();
  receiver.clear();
  await scene.app(`insert into erp."salesOrder" values ('so1', 'abc123', 10.50)`);
  await waitUntil(async () => (await logged()) > before, { describe: 'a delivery in the log' });
  const [row] = await database.admin.query(`
    delete from rowhook.loss;
    insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome, class, body)
      select now(), uid, webhook_id, company_id, '1-0000000000000010-0', table_name, key, type, 1, 'failed', 'timeout', body
      from rowhook.delivery where uid = (select uid from rowhook.webhook where id = 'wh_1') order by at desc limit 1;
    insert into rowhook.loss (id, uid, webhook_id, company_id, table_name, reason, count, from_position, to_position)
      overriding system value
      select 12, uid, webhook_id, company_id, table_name, class, 1, change_id, change_id
      from rowhook.delivery where outcome = 'failed' order by at desc limit 1;
    select (extract(epoch from at) * 1000000)::bigint || '-' || uid as id from rowhook.delivery where outcome = 'failed' order by at desc limit 1`);
  deliveryId = row?.['id'] ?? '';
  app = await scene.connect('abc123');
}

async function runSql({ text, label }: PageBlock): Promise<void> {
  const { admin, dba, service } = scene.database;
  if (label === 'app') await app.query(text);
  else if (label === 'dba') await dba.query(text);
  else if (label === 'service') await service.query(text);
  // Roles belong to the cluster, which other tests use.
  else if (label === 'superuser') await admin.query(`begin; create role erp_app; ${text}; rollback`);
  else
    throw new Error('say who runs it, behind the language of the block: sql app, dba, service or superuser');
}

/**
 * With the commands of a clone. `status` may find fault with this Postgres, which is set up for tests: then it ends with 1, but not without
 * the sum of what it found.
 */
const shell = `
  run() { ${process.execPath} src/main.ts "$@"; }
  rowhook() {
    [ "$1" = status ] || { run "$@"; return; }
    local found; found=$(run "$@" || true)
    grep -E '^[0-9]+ (fail|warn|ok)' <<< "$found"
  }
  curl() { command curl --fail-with-body "$@"; }
`;

async function runShell({ text, label }: PageBlock): Promise<void> {
  const { dbaUrl, serviceUrl } = scene.database;
  const url = { '': serviceUrl, dba: dbaUrl }[label];
  if (url === undefined)
    throw new Error('a block in sh is run by the service’s login, or it is one of: sh dba');
  const lines = text
    .split('\n')
    .filter((line) => !notRun.some((each) => each.line.test(line.replace(/ +#.*/, ''))));
  const script = lines
    .join('\n')
    .replace(/postgres:\/\/erp_owner:…@\S+/, dbaUrl)
    .replace(/postgres:\/\/rowhook:…@\S+/, serviceUrl)
    .replace(/\d{16}-7\b/, deliveryId)
    .replaceAll(/https:\/\/rowhook\.example\.com|http:\/\/127\.0\.0\.1:4470/g, scene.service.httpUrl);
  const child = spawn('bash', ['-euo', 'pipefail', '-c', shell + script], {
    cwd: resolve(import.meta.dirname, '../..'),
    env: { ...environment, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise<number | null>((ended, fail) => {
    child.once('error', fail);
    child.once('close', ended);
  });
  expect(code, `${script}\n${output}`).toBe(0);
}

const byPage = Object.entries(Object.groupBy(blocks, ({ page }) => page));

describe.each(byPage)('%s', (_page, inPage = []) => {
  beforeAll(begin);

  test.each(inPage.map((block) => [block.text.split('\n', 1)[0] ?? '', block] as const))(
    '%s',
    async (_line, block) => {
      await (block.language === 'sql' ? runSql(block) : runShell(block));
    },
  );
});

test('nothing stands among the exceptions that no page shows', () => {
  const lines = blocks.flatMap(({ text }) => text.split('\n')).map((line) => line.replace(/ +#.*/, ''));
  const idle = notRun.filter(({ line }) => !lines.some((each) => line.test(each)));
  expect(idle.map(({ line }) => line.source)).toEqual([]);
});
