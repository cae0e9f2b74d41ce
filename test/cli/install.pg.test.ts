import { expect, test } from 'vitest';
import { createDatabase } from '../support/database.ts';
import { runCli, runJson } from './run-cli.ts';

test('install says what it did, and what it prints as JSON stands alone on stdout', async () => {
  await using database = await createDatabase();
  const env = { DATABASE_URL: database.url };
  const first = await runCli(['install'], env);
  expect(first).toMatchObject({ exitCode: 0, stderr: '' });
  expect(first.stdout).toMatch(/applied 001_\w+\.sql[^]*rowhook is installed/);
  const second = await runJson(['install'], env);
  expect(second).toEqual({ exitCode: 0, json: { applied: [], version: expect.any(Number) as number } });
});

test('install tells a role without the rights which ones it needs', async () => {
  await using database = await createDatabase();
  const nobody = await database.createLogin({ name: 'nobody' });
  const { exitCode, stderr } = await runCli(['install'], { DATABASE_URL: nobody.url });
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/As a superuser run: /);
  expect(stderr).not.toMatch(/\n\s+at /);
});
