/** What became of deliveries, as `--outcome` says: one word or more, separated by commas. */
import { InvalidArgumentError } from 'commander';

export const outcomes = ['delivered', 'rejected', 'failed', 'interrupted', 'dropped'] as const;

export function parseOutcomes(value: string): string[] {
  const words = value.split(',').map((word) => word.trim().toLowerCase());
  const unknown = words.find((word) => !outcomes.some((each) => each === word));
  if (unknown === undefined) return words;
  throw new InvalidArgumentError(
    `"${unknown}" is none. Use one or more of ${outcomes.join(', ')}, separated by commas.`,
  );
}
