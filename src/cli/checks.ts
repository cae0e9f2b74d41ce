/** How a command ends that printed checks. */
import type { Check } from '../checks/check.ts';
import { ExitError } from '../exit-error.ts';

/** @throws {ExitError} code 1 when any check fails; the checks themselves are on stdout already. */
export function failOnFailedChecks(checks: readonly Check[]): void {
  const failed = checks.filter((each) => each.status === 'fail').map((each) => each.check);
  if (failed.length > 0) throw new ExitError(`failed: ${failed.join(', ')}`, { exitCode: 1 });
}
