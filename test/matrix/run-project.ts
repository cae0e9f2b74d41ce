/** One run of one project of vitest.config.ts: what failed is printed while it runs, and what became of each test comes back. */
import { startVitest, type TestCase, type TestModule } from 'vitest/node';
import type { RunResult, SkippedTest } from './summary.ts';

export interface ProjectRun {
  readonly project: 'unit' | 'pg';
  readonly files: readonly string[];
  readonly workers?: number | undefined;
}

export async function runProject({ project, files, workers }: ProjectRun): Promise<RunResult> {
  const startedAt = performance.now();
  let result: Omit<RunResult, 'isRed'> | undefined;
  const collector = {
    onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[], reason: string): void {
      result = {
        ...resultOf(modules),
        unhandledErrors: unhandled.length,
        isInterrupted: reason === 'interrupted',
        seconds: (performance.now() - startedAt) / 1000,
        postgres: modules[0]?.project.getProvidedContext().postgresVersion,
      };
    },
  };
  process.exitCode = 0;
  await startVitest([...files], {
    project,
    run: true,
    watch: false,
    passWithNoTests: true,
    // As in vitest.config.ts.
    reporters: [process.stdout.isTTY ? 'default' : 'minimal', collector],
    ...(workers === undefined ? {} : { maxWorkers: workers }),
  });
  if (result === undefined) throw new Error(`vitest ended without a result for the project ${project}`);
  // Only vitest itself knows of a global setup that failed: its run has no tests, and ends as if nothing had been.
  return { ...result, isRed: process.exitCode !== 0 };
}

function resultOf(
  modules: readonly TestModule[],
): Pick<RunResult, 'files' | 'passed' | 'failed' | 'skipped'> {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  return {
    files: modules.length,
    passed: tests.filter((test) => test.result().state === 'passed').length,
    failed: modules.flatMap(failuresOf),
    skipped: tests.flatMap(skippedOf),
  };
}

/** Also what failed outside of every test: while a file was loaded, before its first test, after its last one. */
function failuresOf(module: TestModule): string[] {
  const failed = [...module.children.allTests('failed')].map(nameOf);
  const suites = [module, ...module.children.allSuites()].filter((suite) => suite.errors().length > 0);
  return [...failed, ...suites.map(() => `${module.relativeModuleId}: outside of its tests`)];
}

function skippedOf(test: TestCase): SkippedTest[] {
  const result = test.result();
  if (result.state !== 'skipped') return [];
  const { module, fullName: name } = test;
  return [{ file: module.relativeModuleId, name, reason: result.note ?? 'gives no reason' }];
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`;
}
