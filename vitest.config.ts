/**
 * Three projects: `unit` needs nothing but Node, `pg` gets a Postgres from test/support/global-setup.ts, `browser` also a build of the
 * console, and needs a Chromium: `npm run test:browser`.
 */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

const PG_TESTS = ['test/**/*.pg.test.ts', 'test/chaos/**/*.test.ts'];

export default defineConfig({
  test: {
    // A person watching sees how far it is; otherwise only what fails is named, and the summary.
    reporters: [process.stdout.isTTY ? 'default' : 'minimal'],
    slowTestThreshold: 60_000,
    silent: 'passed-only',
    // Four also on two cores, where files wait more than they compute; not more than one Postgres has slots for.
    maxWorkers: Math.min(8, Math.max(4, availableParallelism() - 1)),
    sequence: { sequencer: LongestFirst },
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
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['test/browser/**/*.browser.test.ts'],
          globalSetup: ['test/browser/build-console.ts', 'test/support/global-setup.ts'],
        },
      },
    ],
  },
});
