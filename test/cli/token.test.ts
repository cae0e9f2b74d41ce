import { expect, test } from 'vitest';
import { checkCompanyToken } from '../../src/company-token.ts';
import { runCli, runJson } from './run-cli.ts';

const secret = 'a secret of the tests that is long enough';

test('a token of a company is one that the API takes', async () => {
  const { stdout } = await runCli(['token', '--company', 'abc123'], { ROWHOOK_TOKEN_SECRET: secret });
  expect(await checkCompanyToken(stdout.trim(), secret)).toMatchObject({ companyId: 'abc123' });
  expect(await checkCompanyToken(stdout.trim(), 'x'.repeat(40))).toHaveProperty('problem');
});

test('with --json it also says until when', async () => {
  const { json } = await runJson(['token', '--company', 'abc123', '--expires', '15m'], {
    ROWHOOK_TOKEN_SECRET: secret,
  });
  const { companyId, expiresAt } = json as { companyId: string; expiresAt: string };
  expect(companyId).toBe('abc123');
  const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000;
  expect(minutes).toBeGreaterThan(13);
  expect(minutes).toBeLessThan(16);
});

test.each([
  [['token'], { ROWHOOK_TOKEN_SECRET: secret }, /--company is missing/],
  [['token', '--company', 'abc'], {}, /ROWHOOK_TOKEN_SECRET is not set/],
  [['token', '--company', 'abc'], { ROWHOOK_TOKEN_SECRET: 'short' }, /32 characters/],
  [['token', '--company', 'abc', '--expires', '2d'], { ROWHOOK_TOKEN_SECRET: secret }, /24h at most/],
])('%j is wrong usage', async (args, env, message) => {
  const { exitCode, stderr } = await runCli(args, env);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});
