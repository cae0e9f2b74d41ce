// What a composite was made of when a row was written. The log says nothing when a composite is altered, so versions carry
// the sightings that they rest on. A row was written at some time between the begin and the end of its transaction: it has a version
// that was seen before and after that, or something between two versions.
// Invariant: a value is not given an attribute that it cannot belong to.

import { beganAfter, isVisible, precedes, type Sighting } from '../snapshot.ts';
import type { Attribute, Attributes } from './type-entry.ts';

export interface CompositeVersion {
  readonly attributes: Attributes;
  /** The first sighting; null when it holds for every row that may still be unread. */
  readonly from: Sighting | null;
  /** The last one; null as for `from`. */
  until: Sighting | null;
}

export interface FoundAttributes {
  readonly list: readonly Attribute[];
  /** False: it may have been altered around the row's time, the type of an attribute among other things. */
  readonly isProven: boolean;
}

/** What so many values are that transaction `xid` wrote; undefined where it is not certain enough. Oldest version first. */
export function attributesAt(
  versions: readonly CompositeVersion[],
  xid: number,
  count: number,
): FoundAttributes | undefined {
  const known = versions.findLast(({ from }) => from === null || beganAfter(xid, from));
  const next = versions.find(({ until }) => until === null || isVisible(xid, until));
  if (known !== undefined && known === next) return found(fits(known.attributes.list, count), true);
  // It was dropped since.
  if (next === undefined) return found(known && fits(known.attributes.list, count), false);
  const { attributes } = next;
  const list =
    known === undefined ? unseenBefore(attributes, count) : between(known.attributes, attributes, count);
  if (list !== undefined) return found(list, false);
  // Not certain: it has to do that the last alteration began before the row's transaction.
  return found(precedes(attributes.alteredBy, xid) ? fits(attributes.list, count) : undefined, false);
}

function found(list: readonly Attribute[] | undefined, isProven: boolean): FoundAttributes | undefined {
  return list && { list, isProven };
}

/** The text `()`, of no value, is that of no attribute and that of one that is null. */
function fits(list: readonly Attribute[], count: number): readonly Attribute[] | undefined {
  return list.length === count || (count === 0 && list.length === 1) ? list : undefined;
}

/** Attributes are added at the end only: while none was ever dropped, the first ones have always been the same. */
function unseenBefore({ list, highest }: Attributes, count: number): readonly Attribute[] | undefined {
  return list.length === highest ? (fits(list, count) ?? firstOf(list, count)) : undefined;
}

/** All that can have been: what both have, whatever else either has, and what came and went between them. */
function between(known: Attributes, next: Attributes, count: number): readonly Attribute[] | undefined {
  const numbers = new Set(known.list.map(({ number }) => number));
  const kept = next.list.filter(({ number }) => numbers.has(number));
  if (kept.some((attribute) => isOfAnotherType(attribute, known))) return undefined;
  const added = next.list.filter(({ number }) => number > known.highest);
  const hasDropped = kept.length < known.list.length;
  const cameAndWent = next.highest - known.highest > added.length;
  if (count === 0) return fits(next.list, count) ?? fits(known.list, count);
  // The fewest that there can have been.
  if (kept.length === count) return kept;
  if (!hasDropped && !cameAndWent) return fits(next.list, count) ?? firstOf(next.list, count, kept.length);
  if (hasDropped && next.highest === known.highest) return renamed(fits(known.list, count), kept);
  return undefined;
}

function firstOf(list: readonly Attribute[], count: number, fewest = 0): readonly Attribute[] | undefined {
  return count > fewest && count < list.length ? list.slice(0, count) : undefined;
}

function isOfAnotherType({ number, typeOid }: Attribute, { list }: Attributes): boolean {
  return list.some((attribute) => attribute.number === number && attribute.typeOid !== typeOid);
}

/** With the names of after for those that are still there. */
function renamed(
  list: readonly Attribute[] | undefined,
  after: readonly Attribute[],
): readonly Attribute[] | undefined {
  return list?.map((attribute) => after.find(({ number }) => number === attribute.number) ?? attribute);
}
