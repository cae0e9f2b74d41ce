/** Starts that need no Postgres: a wrong environment is named whole, and a database that is away is waited for. */
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { http } from '../support/http.ts';
import { startService } from '../support/service-process.ts';
import { waitUntil } from '../support/wait.ts';
import { startRefused } from './refusal.ts';

// Nothing listens on port 1.
const databaseUrl = 'postgres://me:hush4711@127.0.0.1:1/erp';

test('a password that is not encoded is told without showing it', async () => {
  const env = { DATABASE_URL: 'postgres://me:hush4711%@host/erp' };
  const output = await startRefused({ databaseUrl, env }, 2);
  expect(output).toMatch(/DATABASE_URL is not a valid URL; .*percent-encoded/);
});

test('every problem of the environment is named at once', async () => {
  const env = { DATABASE_URL: '', ROWHOOK_LISTEN: 'localhost', ROWHOOK_SLOT: 'My-Slot' };
  const output = await startRefused({ databaseUrl, env }, 2);
  expect(output).toMatch(/the configuration has 3 problems:\n {2}DATABASE_URL is not set/);
  expect(output).toMatch(/ROWHOOK_LISTEN must be host:port, such as 127\.0\.0\.1:4470/);
  expect(output).toMatch(/ROWHOOK_SLOT must be a slot name: .* lower-case letters, digits/);
  expect(output).toMatch(/Set DATABASE_URL [^]*postgres:\/\/user:password@localhost/);
});

test('a busy port is named, with another one to try', async () => {
  const busy = createServer().listen(0, '127.0.0.1');
  await once(busy, 'listening');
  const address = `127.0.0.1:${(busy.address() as AddressInfo).port}`;
  const output = await startRefused({ databaseUrl, env: { ROWHOOK_LISTEN: address } }, 2);
  busy.close();
  expect(output).toContain(`${address} is in use by another process`);
  const remedy = /ROWHOOK_LISTEN=(\S+),/.exec(output)?.[1] ?? '';
  expect(remedy).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(remedy).not.toBe(address);
});

test('an unknown variable is warned about with the nearest name', async () => {
  await using service = startService({ databaseUrl, env: { ROWHOOK_ALLOW_TARGET: 'x' } });
  const line = await service.waitForLog(({ msg }) => msg.includes('ROWHOOK_ALLOW_TARGET '));
  expect(line).toMatchObject({
    level: 'warn',
    msg: expect.stringMatching(/did you mean ROWHOOK_ALLOW_TARGETS\?/) as string,
  });
});

test('a database that is away is waited for: alive, not ready, and stopped at once when asked', async () => {
  await using service = startService({ databaseUrl });
  const url = await service.listening();
  await waitUntil(
    async () => {
      const response = await http.get(`${url}/readyz`);
      return response.statusCode === 503 && response.body === 'waiting for the database\n';
    },
    { describe: () => `/readyz to say what it waits for; output:\n${service.output}` },
  );
  expect((await http.get(`${url}/livez`)).statusCode).toBe(200);
  const warning = await service.waitForLog(({ msg }) => msg.includes('nothing listens'));
  expect(warning).toMatchObject({
    level: 'warn',
    msg: 'nothing listens where DATABASE_URL points (127.0.0.1:1)',
    remedy: expect.stringContaining('Check host and port in DATABASE_URL') as string,
  });
  expect(service.output).not.toMatch(/hush4711|\n\s+at /);
  expect(await service.kill('SIGTERM')).toEqual({ code: 0, signal: null });
});
