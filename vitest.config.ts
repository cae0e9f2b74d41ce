/** Two projects: `unit` needs nothing but Node, `pg` gets a Postgres from test/support/global-setup.ts. */
import { defineConfig } from 'vitest/config';

const PG_TESTS = ['test/**/*.pg.test.ts', 'test/chaos/**/*.test.ts'];

export default defineConfig({
  test: {
    silent: 'passed-only',
    // Each test file of `pg` runs services and a Postgres beside it: more workers than this only make them wait.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 30_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...PG_TESTS, 'test/browser/**', 'test/bench/**'],
        },
      },
      {
        extends: true,
        test: { name: 'pg', include: PG_TESTS, globalSetup: 'test/support/global-setup.ts' },
      },
    ],
  },
});
