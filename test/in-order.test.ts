import fc from 'fast-check';
import { expect, test } from 'vitest';
import { runInOrder } from '../src/in-order.ts';

const item = fc.record({
  keys: fc.oneof(
    { weight: 6, arbitrary: fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 }) },
    { weight: 1, arbitrary: fc.constant('all' as const) },
  ),
  turns: fc.nat({ max: 3 }),
});

function share(some: readonly string[] | 'all', others: readonly string[] | 'all'): boolean {
  return some === 'all' || others === 'all' || some.some((key) => others.includes(key));
}

test('whatever shares a record never overlaps, all keep their order, and no more are out than may be', async () => {
  const property = fc.asyncProperty(
    fc.array(item),
    fc.integer({ min: 1, max: 4 }),
    async (items, maxAtOnce) => {
      const out = new Set<(typeof items)[number]>();
      const begun: typeof items = [];
      const results = await runInOrder({
        items,
        keysOf: ({ keys }) => keys,
        maxAtOnce,
        mayBegin: () => true,
        run: async (each) => {
          for (const other of out) expect(share(each.keys, other.keys)).toBe(false);
          out.add(each);
          begun.push(each);
          expect(out.size).toBeLessThanOrEqual(maxAtOnce);
          for (let turn = 0; turn < each.turns; turn++) await Promise.resolve();
          out.delete(each);
          return each;
        },
      });
      expect(begun).toEqual(items);
      expect(results).toEqual(items);
    },
  );
  await fc.assert(property);
});

test('those of different records go out together', async () => {
  const both = Promise.withResolvers<undefined>();
  const results = await runInOrder({
    items: ['a', 'b'],
    keysOf: (key) => [key],
    maxAtOnce: 2,
    mayBegin: () => true,
    run: async (key) => {
      if (key === 'b') both.resolve(undefined);
      await both.promise;
      return key;
    },
  });
  expect(results).toEqual(['a', 'b']);
});

test('once none may begin, what is under way ends, and its results are all there are', async () => {
  let begun = 0;
  const results = await runInOrder({
    items: [1, 2, 3, 4],
    keysOf: (each) => [String(each)],
    maxAtOnce: 2,
    mayBegin: () => begun < 3,
    run: async (each) => {
      begun += 1;
      await Promise.resolve();
      return each;
    },
  });
  expect(results).toEqual([1, 2, 3]);
});

test('a failure is told once nothing is under way any more', async () => {
  let ended = 0;
  const run = runInOrder({
    items: [1, 2],
    keysOf: (each) => [String(each)],
    maxAtOnce: 2,
    mayBegin: () => true,
    run: async (each) => {
      if (each === 1) throw new Error('broken');
      await new Promise((resolve) => setImmediate(resolve));
      ended += 1;
    },
  });
  await expect(run).rejects.toThrow('broken');
  expect(ended).toBe(1);
});
