// Several things at once, one after the other where two of them touch the same record. Invariant: one begins when all before it that share a record
// with it have ended.

export interface InOrder<Item, Result> {
  readonly items: readonly Item[];
  /** `all`: shares a record with every other one. */
  keysOf(item: Item): readonly string[] | 'all';
  readonly maxAtOnce: number;
  /** Asked before each; false: neither it nor one behind it begins. */
  mayBegin(): boolean;
  run(item: Item): Promise<Result>;
}

/** What came of those that were begun, in their order. Rejects as the first that does, once nothing is under way any more. */
export async function runInOrder<Item, Result>({
  items,
  keysOf,
  maxAtOnce,
  mayBegin,
  run,
}: InOrder<Item, Result>): Promise<Result[]> {
  const underWay = new Map<Promise<unknown>, readonly string[] | 'all'>();
  const results: Promise<Result>[] = [];
  for (const item of items) {
    const keys = keysOf(item);
    while (underWay.size >= maxAtOnce || [...underWay.values()].some((other) => share(keys, other))) {
      await Promise.race(underWay.keys());
    }
    if (!mayBegin()) break;
    const result = run(item);
    results.push(result);
    const ended: Promise<unknown> = result.catch(() => undefined).then(() => underWay.delete(ended));
    underWay.set(ended, keys);
  }
  await Promise.allSettled(results);
  return await Promise.all(results);
}

function share(some: readonly string[] | 'all', others: readonly string[] | 'all'): boolean {
  return some === 'all' || others === 'all' || some.some((key) => others.includes(key));
}
