import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { ExitError } from '../src/exit-error.ts';

const DATABASE_URL = 'postgres://rowhook:hush@localhost:5432/erp';

function read(env: Record<string, string>) {
  return readConfig({ DATABASE_URL, ...env }, { needsDatabase: true }).config;
}

function refusal(env: Record<string, string>, needsDatabase = true): ExitError {
  try {
    readConfig(env, { needsDatabase });
  } catch (error) {
    if (error instanceof ExitError) return error;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

describe('the environment', () => {
  test('has the documented defaults', () => {
    expect(read({})).toEqual({
      databaseUrl: DATABASE_URL,
      listen: { host: '127.0.0.1', port: 4470 },
      slot: 'rowhook',
      adminToken: undefined,
      tokenSecret: undefined,
      encryptionKey: undefined,
      consoleOrigins: [],
      allowTargets: [],
      allowHttp: false,
      logLevel: 'info',
      deliveryLog: 'all',
      deliveryLogDays: 3,
      maxInFlight: 1_000,
      breaker: { mode: 'off', failures: 20, maxProbeMs: 60_000 },
      backlog: { maxCount: 1_000_000, maxBytes: 1_073_741_824, maxAgeMs: 259_200_000 },
      natsUrl: undefined,
    });
  });

  test('is read from every documented variable', () => {
    const key = Buffer.alloc(32, 7);
    const config = read({
      ROWHOOK_LISTEN: '0.0.0.0:80',
      ROWHOOK_SLOT: 'erp_2',
      ROWHOOK_ADMIN_TOKEN: 'admin-0123456789',
      ROWHOOK_TOKEN_SECRET: 'a secret of more than 32 characters',
      ROWHOOK_ENCRYPTION_KEY: key.toString('base64'),
      ROWHOOK_CONSOLE_ORIGINS: 'https://app.example.com, http://localhost:3000/',
      ROWHOOK_ALLOW_TARGETS: ' localhost, 10.0.0.0/8 ,::1,',
      ROWHOOK_ALLOW_HTTP: 'true',
      ROWHOOK_LOG_LEVEL: 'debug',
      ROWHOOK_DELIVERY_LOG: 'errors',
      ROWHOOK_DELIVERY_LOG_DAYS: '30',
      ROWHOOK_BACKLOG_MAX_ROWS: '50000',
      ROWHOOK_BACKLOG_MAX_BYTES: '100000000',
      ROWHOOK_BACKLOG_MAX_AGE_MS: '3600000',
      ROWHOOK_MAX_IN_FLIGHT: '200',
      ROWHOOK_BREAKER: 'wait',
      ROWHOOK_BREAKER_FAILURES: '5',
      ROWHOOK_BREAKER_PROBE_MS: '30000',
      NATS_URL: 'nats://localhost:4222',
    });
    expect(config).toEqual({
      databaseUrl: DATABASE_URL,
      listen: { host: '0.0.0.0', port: 80 },
      slot: 'erp_2',
      adminToken: 'admin-0123456789',
      tokenSecret: 'a secret of more than 32 characters',
      encryptionKey: key,
      consoleOrigins: ['https://app.example.com', 'http://localhost:3000'],
      allowTargets: ['localhost', '10.0.0.0/8', '::1'],
      allowHttp: true,
      logLevel: 'debug',
      deliveryLog: 'errors',
      deliveryLogDays: 30,
      maxInFlight: 200,
      breaker: { mode: 'wait', failures: 5, maxProbeMs: 30_000 },
      backlog: { maxCount: 50_000, maxBytes: 100_000_000, maxAgeMs: 3_600_000 },
      natsUrl: 'nats://localhost:4222',
    });
  });

  test('treats an empty variable as unset', () => {
    const { config, warnings } = readConfig(
      { DATABASE_URL, ROWHOOK_SLOT: '', ROWHOOK_LISTEN: '  ', ROWHOOK_SLOTS: '' },
      { needsDatabase: true },
    );
    expect(config).toMatchObject({ slot: 'rowhook', listen: { port: 4470 } });
    expect(warnings).toEqual([]);
  });

  test.each([
    ['127.0.0.1:0', '127.0.0.1', 0],
    ['[::1]:4470', '::1', 4470],
    ['localhost:65535', 'localhost', 65535],
  ])('listens on %s', (value, host, port) => {
    expect(read({ ROWHOOK_LISTEN: value }).listen).toEqual({ host, port });
  });

  test.each([
    '4470',
    '::1:4470',
    '[::1]',
    '[localhost]:1',
    'localhost:',
    'localhost:65536',
    'http://x:1',
    ':80',
  ])('refuses to listen on %s', (value) => {
    expect(refusal({ DATABASE_URL, ROWHOOK_LISTEN: value }).message).toMatch(/^ROWHOOK_LISTEN must be/);
  });

  test.each([
    ['true', true],
    ['1', true],
    ['TRUE', true],
    ['false', false],
    ['0', false],
  ])('reads the boolean %s', (value, expected) => {
    expect(read({ ROWHOOK_ALLOW_HTTP: value }).allowHttp).toBe(expected);
  });

  test.each([
    'postgres:///erp?host=/run/postgresql',
    'postgres://me@/erp?host=/run/postgresql',
    'postgresql://me:p%40ss@[::1]:5432/erp',
  ])('accepts the connection string %s', (url) => {
    expect(() => new URL(read({ DATABASE_URL: url }).databaseUrl)).not.toThrow();
  });
});

describe('a failpoint', () => {
  test.each([
    ['claimed:kill', { step: 'claimed', signal: 'SIGKILL', time: 1 }],
    ['slot-held:stop@17', { step: 'slot-held', signal: 'SIGSTOP', time: 17 }],
  ])('is %s', (value, expected) => {
    expect(read({ ROWHOOK_FAILPOINT: value }).failpoint).toEqual(expected);
  });

  test('is warned about, because only tests want one', () => {
    const { warnings } = readConfig(
      { DATABASE_URL, ROWHOOK_FAILPOINT: 'written:kill' },
      { needsDatabase: true },
    );
    expect(warnings).toEqual([
      'ROWHOOK_FAILPOINT is set, which is for tests: SIGKILL to this process at step "written", time 1',
    ]);
  });

  test.each(['claimed', 'claimed:end', 'claimed:kill@0', 'Claimed:kill', 'sent:kill'])(
    'is refused as %s, with the names of the steps',
    (value) => {
      const { message } = refusal({ DATABASE_URL, ROWHOOK_FAILPOINT: value });
      expect(message).toMatch(/^ROWHOOK_FAILPOINT is for tests.*received, claimed, written/);
    },
  );
});

describe('what is wrong', () => {
  test('is reported all at once, with the names of the variables, and ends with code 2', () => {
    const error = refusal({
      DATABASE_URL: 'mysql://localhost/erp',
      ROWHOOK_LISTEN: 'nowhere',
      ROWHOOK_SLOT: 'My-Slot',
      ROWHOOK_ENCRYPTION_KEY: Buffer.alloc(31).toString('base64'),
      ROWHOOK_ALLOW_TARGETS: 'https://example.com, 10.0.0.0/33',
      ROWHOOK_ALLOW_HTTP: 'yes',
      ROWHOOK_LOG_LEVEL: 'loud',
      ROWHOOK_DELIVERY_LOG: 'some',
      ROWHOOK_DELIVERY_LOG_DAYS: '0',
    });
    expect(error.exitCode).toBe(2);
    const named = error.message.match(/^ {2}[A-Z_]+/gm)?.map((name) => name.trim());
    expect(named).toEqual([
      'DATABASE_URL',
      'ROWHOOK_LISTEN',
      'ROWHOOK_SLOT',
      'ROWHOOK_ENCRYPTION_KEY',
      'ROWHOOK_ALLOW_TARGETS',
      'ROWHOOK_ALLOW_TARGETS',
      'ROWHOOK_ALLOW_HTTP',
      'ROWHOOK_LOG_LEVEL',
      'ROWHOOK_DELIVERY_LOG',
      'ROWHOOK_DELIVERY_LOG_DAYS',
    ]);
  });

  test('includes a missing DATABASE_URL, and what to do about it', () => {
    const error = refusal({ ROWHOOK_SLOT: 'My-Slot' });
    expect(error.exitCode).toBe(2);
    expect(error.message).toMatch(/DATABASE_URL is not set[^]*ROWHOOK_SLOT/);
    expect(error.remedy).toMatch(/DATABASE_URL=postgres:\/\/[^]*rowhook demo/);
  });

  test('does not include a missing DATABASE_URL where no database is needed', () => {
    expect(readConfig({}, { needsDatabase: false }).config.databaseUrl).toBe('');
  });

  test.each([
    'postgres://me:hush%zz@localhost/erp',
    'postgres://me:hush@host:port/erp',
    'me:hush@localhost/erp',
  ])('never repeats the password of a connection string (%#)', (url) => {
    const error = refusal({ DATABASE_URL: url });
    expect(error.message).toMatch(/^DATABASE_URL /);
    expect(`${error.message} ${error.remedy} ${String(error.cause)}`).not.toContain('hush');
  });

  test('is only warned about where a name is unknown, with the nearest known one', () => {
    const env = { DATABASE_URL, ROWHOOK_ALLOW_TARGET: 'x', ROWHOOK_FLUX_CAPACITOR: '1', OTHER: '1' };
    expect(readConfig(env, { needsDatabase: true }).warnings).toEqual([
      'unknown variable ROWHOOK_ALLOW_TARGET is ignored; did you mean ROWHOOK_ALLOW_TARGETS?',
      'unknown variable ROWHOOK_FLUX_CAPACITOR is ignored',
    ]);
  });
});
