// What a composite was made of when a row was written. The log says nothing when a composite is altered, so versions carry
// the positions at which the database was asked: a row from between two answers has the one, the other, or something between.

import type { Lsn } from '../lsn.ts';
import type { Attribute } from './type-entry.ts';

/** Seen at `from`, and still the same at `until`. */
export interface CompositeVersion {
  readonly attributes: readonly Attribute[];
  readonly from: Lsn;
  until: Lsn;
}

/**
 * What the `count` values of a text are that was written at this position; undefined where that is not certain enough.
 * `versions`: oldest first.
 */
export function attributesAt(
  versions: readonly CompositeVersion[],
  position: Lsn,
  count: number,
): readonly Attribute[] | undefined {
  const known = versions.findLast(({ from }) => from <= position);
  const next = versions.find(({ from }) => from > position);
  if (known === undefined) {
    return next && (fits(next.attributes, count) ?? firstOf(next.attributes, count));
  }
  if (next === undefined || position <= known.until) return fits(known.attributes, count);
  return (
    fits(next.attributes, count) ??
    fits(known.attributes, count) ??
    between(known.attributes, next.attributes, count)
  );
}

function fits(attributes: readonly Attribute[], count: number): readonly Attribute[] | undefined {
  // A text without values is also that of one null.
  const isEmpty = attributes.length === 0 && count === 1;
  return attributes.length === count || isEmpty ? attributes : undefined;
}

/** Before the first answer: if nothing was ever dropped, the first ones have always been the same. */
function firstOf(attributes: readonly Attribute[], count: number): readonly Attribute[] | undefined {
  return count < attributes.length && isWithoutGap(attributes, 0) ? attributes.slice(0, count) : undefined;
}

/** Attributes are only ever added at the end. The fewest there can have been are those that both have. */
function between(
  before: readonly Attribute[],
  after: readonly Attribute[],
  count: number,
): readonly Attribute[] | undefined {
  const numbers = new Set(after.map(({ number }) => number));
  const kept = before.filter(({ number }) => numbers.has(number));
  if (kept.length === count) return kept;
  const last = before.at(-1)?.number ?? 0;
  const added = after.filter(({ number }) => number > last);
  const isAddedOnly = kept.length === before.length && isWithoutGap(added, last);
  return isAddedOnly && count > kept.length ? [...kept, ...added.slice(0, count - kept.length)] : undefined;
}

function isWithoutGap(attributes: readonly Attribute[], before: number): boolean {
  return attributes.every(({ number }, index) => number === before + index + 1);
}
