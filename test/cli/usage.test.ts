import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from '../../src/cli/program.ts';
import { childEnvironment } from '../support/child-environment.ts';
import { runCli } from './run-cli.ts';

const DATABASE_URL = 'postgres://me:hush@127.0.0.1:1/erp';

const program = createProgram({
  columns: undefined,
  hasColors: false,
  write: () => undefined,
  warn: () => undefined,
  stopSignal: () => new AbortController().signal,
});

/** With the words that lead to each. */
function allCommands(command: Command = program, path = 'rowhook'): [string, Command][] {
  const below = command.commands.flatMap((each) => allCommands(each, `${path} ${each.name()}`));
  return [[path, command], ...below];
}

function helpOf(command: Command): string {
  let written = '';
  command.configureOutput({ writeOut: (text) => (written += text) }).outputHelp();
  return written;
}

describe('help', () => {
  test('knows every command', () => {
    expect(allCommands().map(([path]) => path)).toEqual([
      'rowhook',
      'rowhook demo',
      'rowhook start',
      'rowhook install',
      'rowhook uninstall',
      'rowhook enable',
      'rowhook disable',
      'rowhook inspect',
      'rowhook status',
      'rowhook webhook',
      'rowhook webhook list',
      'rowhook webhook create',
      'rowhook webhook update',
      'rowhook webhook test',
      'rowhook webhook delete',
      'rowhook deliveries',
      'rowhook resend',
      'rowhook why',
      'rowhook losses',
      'rowhook forget',
      'rowhook token',
      'rowhook slot',
      'rowhook slot recreate',
      'rowhook slot skip',
      'rowhook completion',
    ]);
  });

  test.each(allCommands())('has an example for %s', (path, command) => {
    expect(helpOf(command)).toMatch(new RegExp(`\nExamples?:\n(?:.*\n)*? {2}.*${path}`));
  });

  // The service logs, the demo tells, and a script is for a shell.
  const others = ['rowhook demo', 'rowhook start', 'rowhook completion'];
  test.each(allCommands().filter(([path, { commands }]) => commands.length === 0 && !others.includes(path)))(
    'has --json for %s',
    (_, command) => {
      expect(command.options.map(({ long }) => long)).toContain('--json');
    },
  );

  test('says of a command that asks a service or the database, which it asks', () => {
    const asking = allCommands().filter(([, { options }]) => options.some(({ long }) => long === '--api'));
    expect(asking.length).toBeGreaterThan(5);
    for (const [, command] of asking) expect(helpOf(command)).toMatch(/ROWHOOK_API_URL[^]*DATABASE_URL/);
  });

  test('is printed to stdout when asked for, and ends with code 0', async () => {
    const { exitCode, stdout, stderr } = await runCli(['enable', '--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('Usage: rowhook enable [options] <relation>');
  });

  test('is printed to stderr when the command is missing, and ends with code 2', async () => {
    const { exitCode, stdout, stderr } = await runCli([]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/a command is missing[^]*Usage: rowhook[^]*webhook/);
  });
});

describe('wrong usage ends with code 2', () => {
  test.each([
    [['sttus'], /unknown command 'sttus'[^]*status/],
    [['webhook', 'lst'], /unknown command 'lst'[^]*list[^]*rowhook webhook --help/],
    [['webhook', 'secret', 'wh_1'], /unknown command 'secret'/],
    [['status', 'now'], /too many arguments[^]*rowhook status --help/],
    [['deliveries', '--fialed'], /unknown option '--fialed'[^]*--failed/],
    [['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
    [['enable'], /missing required argument 'relation'[^]*rowhook enable --help/],
    [['webhook', 'list', '--companies'], /unknown option '--companies'[^]*rowhook webhook list --help/],
    [['enable', 't', '--company-column', 'c', '--no-company'], /cannot be used with/],
    [['webhook', 'create', '--on', 'insert,upsert'], /insert, update, delete, truncate/],
    [['webhook', 'update', 'wh_1', '--active', '--paused'], /cannot be used with/],
    [['webhook', 'update', 'wh_1'], /nothing to change/],
    [['webhook', 'create', '--company', 'a', '--all-companies'], /not both/],
  ])('%j', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(args, { DATABASE_URL });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('and everything that a new webhook lacks is named at once', async () => {
    const { exitCode, stderr } = await runCli(['webhook', 'create'], { DATABASE_URL });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/--all-companies[^]*--name[^]*--table[^]*--url[^]*no trigger is chosen/);
  });
});

describe('a bad environment', () => {
  test.each(['start', 'install', 'uninstall', 'status', 'webhook list'])(
    'ends `%s` with code 2 when DATABASE_URL is missing',
    async (command) => {
      const { exitCode, stderr } = await runCli(command.split(' '));
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/DATABASE_URL is not set[^]*DATABASE_URL=postgres:/);
    },
  );

  test('is warned about where a name is unknown', async () => {
    const { stderr } = await runCli(['status'], { DATABASE_URL, ROWHOOK_SLOTT: 'x' });
    expect(stderr).toContain(
      'warning: unknown variable ROWHOOK_SLOTT is ignored; did you mean ROWHOOK_SLOT?',
    );
  });
});

describe('a database that is not there', () => {
  test.each([
    [DATABASE_URL, /nothing listens where DATABASE_URL points \(127\.0\.0\.1:1\)\nCheck host and port/],
    ['postgres://me:hush@no-such-host.invalid/erp', /has no address \(no-such-host\.invalid:5432\)/],
    ['postgres://me:hush@/erp?host=/nowhere', /nothing listens where DATABASE_URL points \(\/nowhere:5432\)/],
  ])('is a sentence with what to check, code 1, and no password (%#)', async (url, message) => {
    const { exitCode, stderr } = await runCli(['webhook', 'list'], { DATABASE_URL: url });
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/hush|\n\s+at /);
  });
});

test('an unexpected value of --url never reaches the database: the address guard refuses it first', async () => {
  const create = [
    'webhook',
    'create',
    '--company',
    'a',
    '--name',
    'n',
    '--table',
    't',
    '--on',
    'insert',
    '--url',
  ];
  const { exitCode, stderr } = await runCli([...create, 'http://localhost:3000/hook'], { DATABASE_URL });
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/blocked_address[^]*ROWHOOK_ALLOW_TARGETS=localhost[^]*service/);
});

test.each([
  ['SIGINT', ['status'], 130],
  ['SIGTERM', ['status'], 143],
  ['SIGINT', ['status', '--watch'], 0],
] as const)('%s ends %j while it waits for the database with code %i', async (signal, args, expected) => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const env = childEnvironment({ DATABASE_URL: `postgres://me:hush@127.0.0.1:${port}/erp` });
  const child = spawn(process.execPath, ['src/main.ts', ...args], { env, stdio: 'ignore' });
  await once(silent, 'connection');
  child.kill(signal);
  expect(await once(child, 'exit')).toEqual([expected, null]);
  for (const socket of sockets) socket.destroy();
  silent.close();
});
