/** The service as a child process: what it says and how it ends is seen at once, not after a timeout. */
import { expect, test } from 'vitest';
import { startService } from './service-process.ts';

const NOBODY = 'postgres://nobody@127.0.0.1:1/nothing';

test('a service that refuses its environment is an exit code and an output, not a timeout', async () => {
  await using service = startService({ databaseUrl: NOBODY, env: { ROWHOOK_LISTEN: 'nonsense' } });
  await expect(service.ready()).rejects.toThrow(/the service ended \(code 2.*[\s\S]*ROWHOOK_LISTEN/);
  expect(await service.exited).toEqual({ code: 2, signal: null });
});

test('its slot is named as its database', async () => {
  await using service = startService({ databaseUrl: NOBODY });
  expect(service.slot).toBe('nothing');
  expect(await service.kill()).toEqual({ code: null, signal: 'SIGKILL' });
});
