/** The commands that ask a service or the database: whichever way they go, they print the same and end with the same code. */
import { createServer, type RequestListener } from 'node:http';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { adminToken, startApiHere, type ApiHere } from '../http/api-here.ts';
import { childEnvironment } from '../support/child-environment.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { runHere } from './cli-here.ts';
import { runCli, type CliResult } from './run-cli.ts';

const url = 'https://hooks.example.com/in?token=hush';

let api: ApiHere;
let receiver: Receiver;
let overDatabase: Record<string, string>;
let overApi: Record<string, string>;

beforeAll(async () => {
  receiver = await startReceiver();
  api = await startApiHere({ allowTargets: '127.0.0.1' });
  const { database } = api;
  await database.dba.query(`
    create schema erp;
    create table erp.item (id text primary key, "companyId" text not null);
    create table erp.job (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.item');
    select rowhook.enable_table('erp.job');
    select rowhook.disable_table('erp.job')`);
  await database.admin.query(`
    select rowhook.make_delivery_partition((now() at time zone 'UTC')::date - i) from generate_series(0, 1) i;
    insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome, class, status,
                                  total_ms, body_bytes, answer, body)
      select now() - make_interval(mins => i), i, case when i % 3 = 0 then 'wh_gone' else 'wh_a' end, 'acme', '1-0000000001A2B3C4-' || i,
             'item', 'i' || i % 7, 'UPDATE', 1, o, case when o = 'failed' then 'timeout' end, case when o = 'failed' then null else 500 end,
             i / 4.0, i, E'line one\\nline two', '{"id":"' || i || '"}'
      from generate_series(1, 45) i, lateral (select case i % 5 when 0 then 'failed' when 1 then 'rejected' else 'delivered' end) o(o);
    insert into rowhook.loss (webhook_id, company_id, table_name, reason, count, detail, at)
      select 'wh_a', 'acme', 'item', 'timeout', i, E'after \\u001b[31m10000 ms', now() - make_interval(mins => i) from generate_series(1, 1100) i`);
  overDatabase = {
    DATABASE_URL: database.serviceUrl,
    ROWHOOK_ALLOW_TARGETS: 'hooks.example.com,127.0.0.1',
  };
  overApi = { ROWHOOK_API_URL: api.url, ROWHOOK_ADMIN_TOKEN: adminToken };
});
beforeEach(async () => {
  await api.database.admin.query(`
    delete from rowhook.webhook;
    insert into rowhook.webhook (id, company_id, all_companies, name, table_name, url, on_insert, on_update) values
      ('wh_a', 'acme', false, 'orders', 'item', '${receiver.url}/ok', true, true),
      ('wh_b', 'Zeta', false, 'orders', 'item', '${url}', true, false),
      ('wh_c', 'acme', false, 'Items', 'item', '${url}', false, true),
      ('wh_d', null, true, 'audit', 'item', '${url}', true, true)`);
});
afterAll(async () => {
  await api[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

describe('what changes nothing', () => {
  test.each([
    [['webhook', 'list'], 0],
    [['webhook', 'list', '--json'], 0],
    [['webhook', 'list', '--company', 'acme', '--table', 'item'], 0],
    [['webhook', 'list', '--company', 'nobody'], 0],
    [['webhook', 'list', '--table', 'items'], 1],
    [['deliveries'], 0],
    [['deliveries', '--json'], 0],
    [['deliveries', '--full', '--limit', '30'], 0],
    [['deliveries', '--failed', '--since', '2d', '--key', 'i1'], 0],
    [['deliveries', '--webhook', 'wh_gone', '--outcome', 'failed,rejected'], 0],
    [['deliveries', '--company', 'acme', '--table', 'item', '--before', '20m'], 0],
    [['deliveries', '--webhook', 'wh_b'], 0],
    [['deliveries', '--webhook', 'wh_nobody'], 1],
    [['deliveries', '--table', 'items'], 1],
    [['losses'], 0],
    [['losses', '--limit', '1050', '--json'], 0],
    [['losses', '--webhook', 'wh_a', '--since', '5m', '--reason', 'timeout'], 0],
    [['losses', '--webhook', 'wh_b'], 0],
    [['losses', '--webhook', 'wh_nobody'], 1],
    [['why', 'item', 'i3'], 0],
    [['why', 'item', 'i3', '--json'], 0],
    [['why', 'items', 'i3'], 1],
  ])('%j', async (args, exitCode) => {
    const direct = await runHere(args, overDatabase);
    const asked = await runHere(args, overApi);
    expect(asked).toEqual(direct);
    expect(direct.exitCode).toBe(exitCode);
    expect((exitCode === 0 ? direct.stdout : direct.stderr).length).toBeGreaterThan(10);
  });

  test.each([[[]], [['--json']]])('status %j', async (more) => {
    const direct = await runHere(['status', ...more], overDatabase);
    const asked = await runHere(['status', ...more], overApi);
    expect(steady(asked)).toEqual(steady(direct));
    expect(direct.stdout).toContain('publication');
  });
});

describe('what changes webhooks', () => {
  const create = [
    'webhook',
    'create',
    '--name',
    'new',
    '--table',
    'item',
    '--on',
    'insert,delete',
    '--url',
    url,
  ];
  test.each([
    [[...create, '--company', 'acme'], 0],
    [[...create, '--company', 'acme', '--breaker', 'wait', '--concurrency', '3', '--inactive', '--json'], 0],
    [[...create, '--all-companies', '--json'], 0],
    [[...create, '--company', 'acme', '--name', 'orders'], 1],
    [[...create, '--company', 'acme', '--table', 'job'], 1],
    [[...create, '--company', 'acme', '--table', 'jobs'], 1],
    [[...create, '--company', 'acme', '--on', 'upsert'], 2],
    [['webhook', 'create', '--company', 'acme'], 2],
    [['webhook', 'update', 'wh_b', '--paused', '--on', 'delete', '--name', 'paused'], 0],
    [['webhook', 'update', 'wh_b', '--breaker', 'default', '--url', `${url}&x=1`, '--json'], 0],
    [['webhook', 'update', 'wh_c', '--name', 'orders'], 1],
    [['webhook', 'update', 'wh_nobody', '--active'], 1],
    [['webhook', 'delete', 'wh_b', 'wh_c', 'wh_b'], 0],
    [['webhook', 'delete', 'wh_b', '--json'], 0],
    [['webhook', 'delete', 'wh_b', 'wh_nobody'], 1],
    [['webhook', 'test', 'wh_a'], 0],
    [['webhook', 'test', 'wh_a', '--json'], 0],
    [['webhook', 'test', 'wh_nobody'], 1],
  ])('%j', async (args, exitCode) => {
    const webhooks =
      'select name, company_id, url, on_insert, on_update, on_delete, active, breaker, concurrency from rowhook.webhook order by 1, 2';
    const before = await api.database.admin.query('select * from rowhook.webhook order by id');
    const direct = await runHere(args, overDatabase);
    const left = await api.database.admin.query(webhooks);
    await api.database.admin.query('delete from rowhook.webhook');
    for (const { id, company_id, all_companies, name, url: to, on_insert, on_update } of before) {
      await api.database.admin.query(
        `insert into rowhook.webhook (id, company_id, all_companies, name, table_name, url, on_insert, on_update) values ($1, $2, $3, $4, 'item', $5, $6, $7)`,
        [id, company_id, all_companies, name, to, on_insert, on_update],
      );
    }
    const asked = await runHere(args, overApi);
    expect(steady(asked)).toEqual(steady(direct));
    expect(direct.exitCode).toBe(exitCode);
    expect(await api.database.admin.query(webhooks)).toEqual(left);
  });
});

describe('what is sent again', () => {
  // More than a page, one without a body, and one record whose endpoint refuses it.
  beforeEach(async () => {
    const { admin } = api.database;
    await admin.query(`
      delete from rowhook.delivery where change_id like '9-%';
      insert into rowhook.delivery (at, uid, webhook_id, company_id, change_id, table_name, key, type, attempt, outcome, class, body_bytes, body)
        select date_trunc('second', now()) - make_interval(secs => 300 - i), w.uid, w.id, 'acme', '9-' || i, 'item', 'k' || i, 'INSERT', 1,
               'failed', 'timeout', 9, case when i <> 7 then '{"n":' || i || '}' end
        from rowhook.webhook w, generate_series(1, 130) i where w.id = 'wh_a'`);
    receiver.clear();
    receiver.behave(({ body }) => ({ status: body === '{"n":20}' ? 503 : 200 }), '/ok');
  });

  const range = ['resend', '--webhook', 'wh_a', '--since', '1h', '--reason', 'timeout'];
  test.each([
    [range, 0, 0],
    [[...range, '--json'], 0, 0],
    [[...range, '--outcome', 'rejected'], 0, 0],
    [[...range, '--yes'], 1, 129],
    [[...range, '--yes', '--json'], 1, 129],
    [['resend', 'first', '--yes'], 0, 1],
    [['resend', 'first'], 0, 0],
    [['resend', '1769853600000042-7', '--yes'], 1, 0],
    [['resend', 'nonsense'], 1, 0],
    [['resend', '--webhook', 'wh_nobody', '--since', '1h'], 1, 0],
    [['resend', '--webhook', 'wh_a', '--loss', '99999999', '--yes'], 1, 0],
    [['resend', '--webhook', 'wh_a'], 2, 0],
  ])('%j', async (args, exitCode, sent) => {
    const { admin } = api.database;
    const [{ id } = { id: '' }] = await admin.query<{ id: string }>(
      `select (extract(epoch from at) * 1000000)::int8 || '-' || uid as id from rowhook.delivery where change_id = '9-1'`,
    );
    const words = args.map((word) => (word === 'first' ? id : word));
    const bodies = (): string[] => receiver.requests.map(({ body }) => body).toSorted();
    const direct = await runHere(words, overDatabase);
    const first = bodies();
    receiver.clear();
    await admin.query(`delete from rowhook.delivery where resend_of is not null`);
    const asked = await runHere(words, overApi);
    expect(steady(asked)).toEqual(steady(direct));
    expect(direct.exitCode).toBe(exitCode);
    expect(first).toHaveLength(sent);
    expect(bodies()).toEqual(first);
  });

  // Stops after a page, as Ctrl-C does; without `stopsAfter` before the first one.
  async function runStopped(
    args: readonly string[],
    env: Record<string, string>,
    stopsAfter?: string,
  ): Promise<CliResult> {
    const stop = new AbortController();
    if (stopsAfter === undefined) stop.abort();
    let said = '';
    const result = await runHere(args, env, {
      stopSignal: () => stop.signal,
      warn: (text) => {
        said += `${text}\n`;
        if (text === stopsAfter) stop.abort();
      },
    });
    return { ...result, stderr: said + result.stderr };
  }

  const sentBodies = (): string[] => receiver.requests.map(({ body }) => body);
  const forget = async (): Promise<void> => {
    receiver.clear();
    await api.database.admin.query(`delete from rowhook.delivery where resend_of is not null`);
  };

  test('stopped before the first one it says so, and has not succeeded', async () => {
    for (const env of [overDatabase, overApi]) {
      expect(await runStopped([...range, '--yes'], env)).toEqual({
        exitCode: 1,
        stdout: '0 of 130 deliveries arrived\n',
        stderr: 'rowhook: stopped after 0 of 130\nThe same command goes on with what did not arrive.\n',
      });
    }
    expect(sentBodies()).toEqual([]);
  });

  test('stopped in the middle it has not succeeded, and the same command sends the rest', async () => {
    for (const env of [overDatabase, overApi]) {
      const { exitCode, stdout, stderr } = await runStopped([...range, '--yes'], env, '100 of 130');
      expect({ exitCode, first: stdout.split('\n')[0] }).toEqual({
        exitCode: 1,
        first: '98 of 130 deliveries arrived',
      });
      expect(stderr).toContain('stopped after 100 of 130\nThe same command goes on');
      receiver.behave({ status: 200 }, '/ok');
      expect((await runHere([...range, '--yes'], env)).stdout).toMatch(/^31 of 32 deliveries arrived\n/);
      receiver.behave(({ body }) => ({ status: body === '{"n":20}' ? 503 : 200 }), '/ok');
      await forget();
    }
  });

  test('where what arrived is asked for, too, it says how to go on behind the last one', async () => {
    const until = new Date(Date.now() + 60_000).toISOString();
    const all = [...range, '--until', until, '--outcome', 'failed,delivered', '--yes'];
    for (const env of [overDatabase, overApi]) {
      const { stderr } = await runStopped(all, env, '100 of 130');
      const rest = /To go on with the rest: rowhook (.*)\n/.exec(stderr)?.[1]?.split(' ') ?? [];
      expect(rest).toContain('failed,delivered');
      receiver.clear();
      expect((await runHere(rest, env)).stdout).toBe('30 of 30 deliveries arrived\n');
      expect(sentBodies().toSorted()).toEqual(
        Array.from({ length: 30 }, (_, n) => `{"n":${101 + n}}`).toSorted(),
      );
      await forget();
    }
  });

  test('what was sent before the database refused the next is shown', async () => {
    const { admin } = api.database;
    await admin.query(`update rowhook.webhook set concurrency = 1 where id = 'wh_a'`);
    receiver.behave(async () => {
      if (receiver.requests.length === 3)
        await admin.query('revoke insert on rowhook.delivery from rowhook_service');
      return { status: 200 };
    }, '/ok');
    try {
      const shown: string[] = [];
      for (const env of [overDatabase, overApi]) {
        const { exitCode, stdout } = await runHere([...range, '--yes'], env);
        expect(exitCode).toBe(1);
        expect(sentBodies()).toEqual(['{"n":1}', '{"n":2}', '{"n":3}']);
        shown.push(stdout.replaceAll(/^\d{16}-\d+ /gm, ''));
        await admin.query('grant insert on rowhook.delivery to rowhook_service');
        await forget();
      }
      expect(shown[0]).toMatch(
        /^3 of 130 deliveries arrived\n.*\n *k4 +not sent: the database could not be asked[^\n]*\n$/,
      );
      expect(shown[1]).toBe(shown[0]);
    } finally {
      await admin.query('grant insert on rowhook.delivery to rowhook_service');
    }
  });

  test('over the API a loss needs the webhook that it is of', async () => {
    const { exitCode, stderr } = await runHere(['resend', '--loss', '5'], overApi);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Add --webhook <id>');
  });
});

describe('what is printed', () => {
  test.each([
    ['losses --limit 10000 --json', '[\n'],
    // Here the pipe is found closed by a later write.
    ['status --watch --json', expect.stringMatching(/^\{"ok":.*\}\n$/) as string],
  ])('%s ends quietly where the reader has seen enough', async (args, expected) => {
    const command = `"$0" src/main.ts ${args} | head -1; exit "\${PIPESTATUS[0]}"`;
    const env = childEnvironment(overDatabase);
    const child = spawn('bash', ['--norc', '-c', command, process.execPath], { env });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk) => (stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (stderr += String(chunk)));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect({ stdout, stderr }).toEqual({ stdout: expected, stderr: '' });
  });

  test.each([
    ['none in a pipe', [], {}, false],
    ['none where NO_COLOR is set', [], { NO_COLOR: '1' }, false],
    ['some where they are forced', [], { FORCE_COLOR: '1' }, true],
    ['none in JSON', ['--json'], { FORCE_COLOR: '1' }, false],
  ])('has colours: %s', async (_, more, env, expected) => {
    const { stdout } = await runCli(['inspect', 'erp.item', ...more], {
      DATABASE_URL: api.database.dbaUrl,
      ...env,
    });
    expect(stdout).toContain('ok');
    expect(stdout.includes('\u001b[')).toBe(expected);
  });
});

describe('over the API', () => {
  test('--api names the service, before the environment does, and the database is not asked', async () => {
    const env = {
      ...overApi,
      ROWHOOK_API_URL: 'http://127.0.0.1:1',
      DATABASE_URL: 'postgres://me:hush@127.0.0.1:1/erp',
    };
    const { exitCode, stdout } = await runHere(['webhook', 'list', '--api', api.url], env);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('wh_a');
  });

  test("a company's token shows its own, and stands for the company", async () => {
    const env = {
      ROWHOOK_API_URL: api.url,
      ROWHOOK_TOKEN: await api.tokenOf('Zeta'),
      ROWHOOK_ADMIN_TOKEN: adminToken,
    };
    const list = await runHere(['webhook', 'list', '--json'], env);
    expect(JSON.parse(list.stdout)).toMatchObject([{ id: 'wh_b' }]);
    const create = [
      'webhook',
      'create',
      '--name',
      'mine',
      '--table',
      'item',
      '--on',
      'insert',
      '--url',
      url,
      '--json',
    ];
    expect(JSON.parse((await runHere(create, env)).stdout)).toMatchObject({
      companyId: 'Zeta',
      name: 'mine',
    });
    const status = await runHere(['status'], env);
    expect(status).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("operator's") as string });
  });

  test.each([
    ['without a token', {}, /This needs a token[^]*ROWHOOK_TOKEN/],
    ['with a wrong one', { ROWHOOK_TOKEN: 'hush-hush-hush' }, /token is not valid[^]*ROWHOOK_TOKEN/],
  ])('%s it says which variable is for that', async (_, token, words) => {
    const { exitCode, stdout, stderr } = await runHere(['losses'], { ROWHOOK_API_URL: api.url, ...token });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('hush');
  });

  test('what only the database can do says so', async () => {
    const { exitCode, stderr } = await runHere(['enable', 'erp.item'], overApi);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/DATABASE_URL is not set\nThis command works on the database itself/);
  });

  test.each(['ftp://x', 'rowhook.example.com', 'https://me:hush@x', 'https://x?token=hush'])(
    'the address %s is wrong usage, in the option and in the environment',
    async (address) => {
      for (const [args, env] of [
        [['losses', '--api', address], {}],
        [['losses'], { ROWHOOK_API_URL: address }],
      ] as const) {
        const { exitCode, stderr } = await runHere(args, env);
        expect(exitCode).toBe(2);
        expect(stderr).toMatch(/http or https/);
      }
    },
  );
});

describe('what answers there', () => {
  async function withServer(
    listener: RequestListener,
    use: (address: string) => Promise<void>,
  ): Promise<void> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  }

  test.each([
    ['a page', 200, '<html>', /no API of rowhook \(HTTP 200\)/],
    ['other JSON', 200, '{"data":[{"id":7}],"nextCursor":null}', /no API of rowhook \(HTTP 200\)/],
    ['nothing of the kind', 404, 'not here', /no API of rowhook \(HTTP 404\)/],
    [
      'words that steer the terminal',
      422,
      '{"type":"","title":"","status":422,"detail":"red \\u001b[31m"}',
      /red \uFFFD\[31m/,
    ],
  ])('%s is refused in words', async (_, status, body, words) => {
    await withServer(
      (_request, response) => response.writeHead(status).end(body),
      async (address) => {
        const { exitCode, stdout, stderr } = await runHere(['webhook', 'list'], { ROWHOOK_API_URL: address });
        expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
        expect(stderr).toMatch(words);
        expect(stderr).not.toMatch(/\n\s+at /);
      },
    );
  });

  test('a redirect is not followed, so that no other host sees the token', async () => {
    const seen: unknown[] = [];
    await withServer(
      (request, response) => {
        seen.push(request.headers.authorization);
        response.writeHead(200).end('{}');
      },
      async (other) => {
        await withServer(
          (_request, response) => response.writeHead(307, { location: `${other}/v1/webhooks` }).end(),
          async (address) => {
            const { exitCode, stderr } = await runHere(['webhook', 'list'], {
              ...overApi,
              ROWHOOK_API_URL: address,
            });
            expect(exitCode).toBe(1);
            expect(stderr).toContain(`HTTP 307, and points to ${other}`);
          },
        );
      },
    );
    expect(seen).toEqual([]);
  });

  test('what changes something is sent once, and what reads is tried again', async () => {
    const asked: string[] = [];
    await withServer(
      (request, response) => {
        asked.push(request.method ?? '');
        response
          .writeHead(503, { 'retry-after': '0' })
          .end('{"type":"","title":"","status":503,"detail":"Not now."}');
      },
      async (address) => {
        const env = { ROWHOOK_API_URL: address };
        const read = await runHere(['webhook', 'list'], env);
        expect(read).toMatchObject({ exitCode: 1, stderr: 'rowhook: Not now.\n' });
        const write = await runHere(['webhook', 'update', 'wh_a', '--paused'], env);
        expect(write).toMatchObject({ exitCode: 1, stderr: 'rowhook: Not now.\n' });
      },
    );
    expect(asked).toEqual(['GET', 'GET', 'GET', 'PATCH']);
  });

  test('nobody at all is a sentence with what to check', async () => {
    const { exitCode, stderr } = await runHere(['losses'], {
      ROWHOOK_API_URL: 'http://127.0.0.1:1',
      ROWHOOK_TOKEN: 'hush',
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/no service listens there \(http:\/\/127\.0\.0\.1:1\/\)\nCheck the address/);
    expect(stderr).not.toContain('hush');
  });
});

/** Without what differs from run to run: times, durations, ages, sizes, ids that were made up, and which request is the next. */
function steady(result: CliResult): CliResult {
  const still = (text: string): string =>
    text
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
      .replaceAll(/connected in [\d.]+ ms, /g, '')
      .replaceAll(/[\d.]+ ms|"\w+Ms": (?:null|[\d.]+)/g, '<ms>')
      .replaceAll(/wh_[0-9a-f]{8,}/g, '<id>')
      .replaceAll(/those of \d+ other sessions/g, '<others>')
      // What was sent again has an id of its own each time.
      .replaceAll(/(?<="id": ")\d{16}-\d+/g, '<id>');
  return { ...result, stdout: still(result.stdout), stderr: still(result.stderr) };
}

test.each([
  [1, ['wh_a'], 'Deleted so far: wh_a. Not deleted, or not known to be: wh_b, wh_c.'],
  [0, [], 'Deleted so far: none. Not deleted, or not known to be: wh_b, wh_a, wh_c.'],
])('what a delete over the API that fails at %i has deleted is said', async (place, gone, words) => {
  const ids = ['wh_a', 'wh_c'].toSpliced(place, 0, 'wh_b');
  await using holder = await api.database.connect(api.database.adminUrl);
  await holder.query(`begin; select 1 from rowhook.webhook where id = 'wh_b' for update`);
  const { exitCode, stderr } = await runHere(['webhook', 'delete', ...ids], overApi);
  await holder.query('rollback');
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(words)]);
  const left = await api.database.admin.query('select id from rowhook.webhook order by id');
  expect(left.map(({ id }) => id)).toEqual(
    ['wh_a', 'wh_b', 'wh_c', 'wh_d'].filter((id) => !gone.includes(id)),
  );
});
