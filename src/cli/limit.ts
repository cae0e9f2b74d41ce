/** How many rows a list shows, as `--limit` says. */
import { InvalidArgumentError } from 'commander';

export const largestLimit = 10_000;

export function parseLimit(value: string): number {
  const limit = Number(value);
  if (!Number.isInteger(limit) || limit < 1 || limit > largestLimit) {
    throw new InvalidArgumentError(`Use a whole number from 1 to ${largestLimit}.`);
  }
  return limit;
}
