import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createInstalledDatabase, type InstalledDatabase } from '../support/installed-database.ts';
import { startReceiver } from '../support/receiver.ts';
import { runHere, runJsonHere } from './cli-here.ts';
import type { CliResult } from './run-cli.ts';

const url = 'https://hooks.example.com/in?token=hush';
const guard = { ROWHOOK_ALLOW_TARGETS: 'hooks.example.com' };

let database: InstalledDatabase;
/** Of a member of rowhook_dba who neither owns nor installed anything. */
let readerUrl: string;

beforeAll(async () => {
  database = await createInstalledDatabase();
  readerUrl = (await database.createLogin({ name: 'reader', memberOf: ['rowhook_dba'] })).url;
  await database.dba.query(`
    create schema erp;
    create table erp."salesOrder" (id text primary key, "companyId" text not null);
    create table erp."item" (id text primary key, "companyId" text not null);
    select rowhook.enable_table('erp.salesOrder');
    select rowhook.enable_table('erp.item');
    select rowhook.disable_table('erp.item');
  `);
});
beforeEach(async () => {
  await database.query('delete from rowhook.webhook');
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
});

function asService(...args: string[]): Promise<CliResult> {
  return runHere(['webhook', ...args], { DATABASE_URL: database.serviceUrl, ...guard });
}

async function create(...args: string[]): Promise<Record<string, unknown>> {
  const required = ['--name', 'orders', '--table', 'salesOrder', '--url', url, '--on', 'insert,delete'];
  const env = { DATABASE_URL: database.serviceUrl, ...guard };
  const { json } = await runJsonHere(['webhook', 'create', ...required, ...args], env);
  return json as Record<string, unknown>;
}

describe('webhook create', () => {
  test('stores a webhook of a company and prints it as the API would', async () => {
    const webhook = await create('--company', 'abc123');
    expect(webhook).toEqual({
      id: expect.stringMatching(/^wh_/) as string,
      name: 'orders',
      table: 'salesOrder',
      url,
      onInsert: true,
      onUpdate: false,
      onDelete: true,
      onTruncate: false,
      active: true,
      pauseReason: null,
      companyId: 'abc123',
      allCompanies: false,
      claimedCount: 0,
      successCount: 0,
      errorCount: 0,
      missedCount: 0,
      lastSuccessAt: null,
      lastErrorAt: null,
      lastError: null,
      version: 1,
      health: 'idle',
      createdAt: expect.any(String) as string,
      updatedAt: expect.any(String) as string,
      backlogCount: 0,
      backlogSince: null,
      breaker: null,
      concurrency: null,
      breakerSince: null,
      breakerProbeAt: null,
    });
    const rows = await database.query('select id, url, on_update from rowhook.webhook');
    expect(rows).toEqual([{ id: webhook['id'], url, on_update: 'f' }]);
  });

  test('stores one for all companies, paused if so wished', async () => {
    expect(await create('--all-companies', '--inactive')).toMatchObject({
      companyId: null,
      allCompanies: true,
      active: false,
    });
  });

  test('takes every value as a value, whatever it holds', async () => {
    const name = `'); drop table rowhook.webhook; --`;
    expect(await create('--company', `o'brien "x"`, '--name', name)).toMatchObject({
      name,
      companyId: `o'brien "x"`,
    });
  });

  test.each([
    [
      'a table nobody enabled',
      ['--table', 'salesorder'],
      /unknown table "salesorder"; did you mean salesOrder\?\nEnabled tables: salesOrder\.\n.*rowhook enable salesorder/,
    ],
    [
      'a table that is disabled',
      ['--table', 'item'],
      /table "item" is not enabled\n.*rowhook enable erp\.item/,
    ],
    ['a name that is taken', ['--name', 'orders'], /a webhook named "orders" exists already[^]*--name/],
    ['an empty name', ['--name', '  '], /needs a name/],
    [
      'a host of our own network',
      ['--url', 'http://localhost:3000/x'],
      /blocked_address[^]*ROWHOOK_ALLOW_TARGETS=localhost/,
    ],
    ['plain http', ['--url', 'http://93.184.215.14/x'], /blocked_address[^]*ROWHOOK_ALLOW_HTTP/],
    ['what is no URL', ['--url', 'example'], /this is not a URL/],
  ])('refuses %s, says why and changes nothing', async (_case, args, message) => {
    await create('--company', 'abc123');
    const given = new Map([
      ['--name', 'other'],
      ['--table', 'salesOrder'],
      ['--url', url],
    ]);
    given.set(args[0] ?? '', args[1] ?? '');
    const { exitCode, stdout, stderr } = await asService(
      'create',
      '--company',
      'abc123',
      '--on',
      'insert',
      ...[...given].flat(),
    );
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(await database.query('select name from rowhook.webhook')).toEqual([{ name: 'orders' }]);
  });

  test('lets two companies use the same name', async () => {
    await create('--company', 'a');
    expect(await create('--company', 'b')).toMatchObject({ companyId: 'b', name: 'orders' });
  });
});

describe('webhook list', () => {
  test('shows whole URLs to a role that may edit them, and origins to others', async () => {
    await create('--company', 'abc123');
    const service = await asService('list');
    expect(service).toMatchObject({ exitCode: 0, stderr: '' });
    expect(service.stdout).toContain(url);
    const dba = await runHere(['webhook', 'list'], { DATABASE_URL: readerUrl });
    expect(dba).toMatchObject({ exitCode: 0, stderr: '' });
    expect(dba.stdout).toContain('https://hooks.example.com/…');
    expect(dba.stdout).not.toContain('hush');
  });

  test('filters by company and table', async () => {
    await create('--company', 'a');
    await create('--company', 'b');
    const env = { DATABASE_URL: database.serviceUrl };
    const { json } = await runJsonHere(['webhook', 'list', '--company', 'b', '--table', 'salesOrder'], env);
    expect(json).toMatchObject([{ companyId: 'b' }]);
    expect((await asService('list', '--table', 'item')).stdout).toBe('no webhook matches\n');
  });

  test('refuses a table that it does not know, and names those it does', async () => {
    const { exitCode, stdout, stderr } = await asService('list', '--table', 'salesorder');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(
      /unknown table "salesorder"; did you mean salesOrder\?\nKnown tables: item, salesOrder\./,
    );
  });

  test('shows people when a webhook last succeeded and last failed', async () => {
    await create('--company', 'abc123');
    await database.query(`
      insert into rowhook.counter (uid, claimed_count, error_count, last_error_at, last_error)
      select uid, 1, 1, '2026-01-31T12:00:00.123Z', 'rejected 503' from rowhook.webhook`);
    const { stdout } = await asService('list');
    expect(stdout).toMatch(/LAST OK +LAST ERROR AT +LAST ERROR\n.* - +2026-01-31T12:00:00Z +rejected 503\n/);
  });

  test('says how to begin when there is none', async () => {
    expect((await asService('list')).stdout).toMatch(/no webhooks yet; see: rowhook webhook create --help/);
    expect((await runJsonHere(['webhook', 'list'], { DATABASE_URL: database.serviceUrl })).json).toEqual([]);
  });

  test('says what a login may see that sees none', async () => {
    await create('--company', 'abc123');
    const { url: appUrl } = await database.createLogin({ name: 'shop', memberOf: ['rowhook_app'] });
    const list = async (): Promise<string> =>
      (await runHere(['webhook', 'list'], { DATABASE_URL: appUrl })).stdout;
    expect(await list()).toBe(
      'this login sees no webhooks: it is a member of neither rowhook_service nor rowhook_dba, ' +
        'and its setting rowhook.company_id names no company\n',
    );
    await database.query(`alter role ${new URL(appUrl).username} set rowhook.company_id = 'other'`);
    expect(await list()).toBe('this login sees no webhooks: it may see those of company "other" only\n');
    await database.query(`alter role ${new URL(appUrl).username} set rowhook.company_id = 'abc123'`);
    expect(await list()).toContain(url);
  });
});

describe('webhook test', () => {
  test('refuses a login that may not see the whole URL, and sends nothing', async () => {
    await using receiver = await startReceiver();
    const env = { ROWHOOK_ALLOW_TARGETS: '127.0.0.1' };
    const { id } = await create('--company', 'abc123');
    await database.query(`update rowhook.webhook set url = '${receiver.url}/in?token=hush'`);
    const dba = { ...env, DATABASE_URL: readerUrl };
    expect(await runHere(['webhook', 'test', String(id)], dba)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(
        `this login may not see the whole URL of ${String(id)}, so nothing was sent\nRun it with the service's login, or with --api.`,
      ) as string,
    });
    expect(await runHere(['webhook', 'update', String(id), '--paused'], dba)).toMatchObject({ exitCode: 1 });
    expect(receiver.requests).toEqual([]);
    await runHere(['webhook', 'test', String(id)], { ...env, DATABASE_URL: database.serviceUrl });
    expect(receiver.requests).toMatchObject([{ path: '/in?token=hush' }]);
  });
});

describe('webhook update', () => {
  test('changes what is named and nothing else', async () => {
    const { id } = await create('--company', 'abc123');
    const args = ['webhook', 'update', String(id), '--paused', '--on', 'update', '--name', 'new name'];
    const { json } = await runJsonHere(args, { DATABASE_URL: database.serviceUrl });
    expect(json).toMatchObject({
      id,
      name: 'new name',
      url,
      onInsert: false,
      onUpdate: true,
      onDelete: false,
      active: false,
      companyId: 'abc123',
    });
  });

  test('sets how it is sent to, and takes that back', async () => {
    const { id } = await create('--company', 'abc123', '--breaker', 'wait', '--concurrency', '1');
    const env = { DATABASE_URL: database.serviceUrl };
    const update = async (...args: string[]): Promise<unknown> =>
      (await runJsonHere(['webhook', 'update', String(id), ...args], env)).json;
    expect(await update('--paused')).toMatchObject({ breaker: 'wait', concurrency: 1 });
    expect(await update('--breaker', 'drop', '--concurrency', 'default')).toMatchObject({
      breaker: 'drop',
      concurrency: null,
    });
    expect(await update('--breaker', 'default')).toMatchObject({ breaker: null });
    const wrong = await asService('update', String(id), '--breaker', 'on');
    expect(wrong).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('off, wait, drop, default') as string,
    });
  });

  test('refuses an unknown id and a blocked URL', async () => {
    const { id } = await create('--company', 'abc123');
    expect(await asService('update', 'wh_nobody', '--active')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('no webhook has the id wh_nobody') as string,
    });
    const blocked = await asService('update', String(id), '--url', 'http://169.254.169.254/latest');
    expect(blocked).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('blocked_address') as string,
    });
    expect(await database.query('select url from rowhook.webhook')).toEqual([{ url }]);
  });
});

describe('webhook delete', () => {
  test('deletes all that are named', async () => {
    const ids = [await create('--company', 'a'), await create('--company', 'b')].map(({ id }) => String(id));
    expect(await asService('delete', ...ids)).toMatchObject({ exitCode: 0, stdout: 'deleted 2 webhooks\n' });
    expect(await database.query('select id from rowhook.webhook')).toEqual([]);
  });

  test('deletes none when one of them is unknown', async () => {
    const { id } = await create('--company', 'a');
    const { exitCode, stderr } = await asService('delete', String(id), 'wh_nobody');
    expect(exitCode).toBe(1);
    expect(stderr).toContain('no webhook has the id wh_nobody; nothing was changed');
    expect(await database.query('select id from rowhook.webhook')).toEqual([{ id }]);
  });

  test('tells a role that may not, which one may', async () => {
    const { id } = await create('--company', 'a');
    const { exitCode, stderr } = await runHere(['webhook', 'delete', String(id)], {
      DATABASE_URL: readerUrl,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/permission denied[^]*member of rowhook_service/);
  });
});
