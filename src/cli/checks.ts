/** A check of `status` or `inspect`: what was looked at, how it stands, and what mends it. */
import type { TableCheck } from '../database/tables.ts';
import { ExitError } from '../exit-error.ts';

export type Check = TableCheck;

/** @throws {ExitError} code 1 when any check fails; the checks themselves are on stdout already. */
export function failOnFailedChecks(checks: readonly Check[]): void {
  const failed = checks.filter((each) => each.status === 'fail').map((each) => each.check);
  if (failed.length > 0) throw new ExitError(`failed: ${failed.join(', ')}`, { exitCode: 1 });
}
