// The order that lanes keep, against a model that says it in one sentence: a delivery may go once every earlier one that shares
// a record with it is done, and one for all records shares one with every other.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { Lanes } from '../../src/delivery/lanes.ts';
import { deliveryOf } from '../support/deliveries.ts';

const limits = {
  maxInFlight: 1_000_000,
  maxOutPerOrigin: 1_000_000,
  maxDeliveriesPerLane: 1_000,
  maxBytesPerLane: 1_000_000,
  minDeliveries: 1_000,
  maxDeliveries: 1_000,
  maxWaitMs: 1_000,
  maxBytes: 1_000_000,
  maxBytesOut: 1_000_000,
  maxBytesOutPerLane: 1_000_000,
};

type Keys = Delivery['keys'];
type State = 'waiting' | 'out' | 'done';

class Model {
  readonly #all: { readonly uid: bigint; readonly keys: Keys; state: State }[] = [];

  admit(uid: bigint, keys: Keys): void {
    this.#all.push({ uid, keys, state: 'waiting' });
  }

  set(index: number, state: State): void {
    const delivery = this.#all[index];
    if (delivery !== undefined) delivery.state = state;
  }

  in(state: State): number[] {
    return [...this.#all.keys()].filter((index) => this.#all[index]?.state === state);
  }

  mayGo(): number[] {
    return this.in('waiting').filter((index) =>
      this.#all.slice(0, index).every((earlier) => {
        const later = this.#all[index];
        const isOther = earlier.state === 'done' || earlier.uid !== later?.uid;
        return isOther || !shareRecord(earlier.keys, later.keys);
      }),
    );
  }
}

function shareRecord(a: Keys, b: Keys): boolean {
  return a === 'all' || b === 'all' || a.some((key) => b.includes(key));
}

const keys = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 2 }),
  },
  { weight: 2, arbitrary: fc.constant('all' as const) },
);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ admit: keys, uid: fc.constantFrom(1n, 2n) }) },
  { weight: 2, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 3, arbitrary: fc.record({ release: fc.nat() }) },
);

test('a TRUNCATE is overtaken by nothing and overtakes nothing, and records keep their order around it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const lanes = new Lanes(limits, () => 1_000);
      const model = new Model();
      const deliveries: Delivery[] = [];
      const release = (index: number | undefined): void => {
        const delivery = index === undefined ? undefined : deliveries[index];
        if (index === undefined || delivery === undefined) return;
        lanes.release(delivery);
        model.set(index, 'done');
      };
      const take = (max: number): void => {
        const mayGo = model.mayGo();
        const taken = lanes.take(max).map(({ position }) => position.index);
        expect(mayGo).toEqual(expect.arrayContaining(taken));
        expect(taken).toHaveLength(Math.min(max, mayGo.length));
        for (const index of taken) model.set(index, 'out');
      };
      for (const each of steps) {
        if ('take' in each) take(each.take);
        else if ('release' in each) release(model.in('out')[each.release % model.in('out').length]);
        else {
          const delivery = deliveryOf({ uid: each.uid, index: deliveries.length, keys: each.admit });
          deliveries.push(delivery);
          lanes.admit(delivery);
          model.admit(each.uid, each.admit);
        }
      }
      while (model.in('done').length < deliveries.length) {
        take(1_000);
        expect(model.in('out').length).toBeGreaterThan(0);
        release(model.in('out')[0]);
      }
      expect([lanes.waiting, lanes.inFlight]).toEqual([0, 0]);
    }),
    { numRuns: 500 },
  );
});

test('what is dropped around a TRUNCATE that is out leaves nothing behind', () => {
  const lanes = new Lanes(limits, () => 1_000);
  const [before, barrier, after] = [
    deliveryOf({ index: 0, keys: ['a'] }),
    deliveryOf({ index: 1, keys: 'all' }),
    deliveryOf({ index: 2, keys: ['a'] }),
  ];
  for (const each of [before, barrier, after]) lanes.admit(each);
  expect(lanes.take(9)).toEqual([before]);
  lanes.release(before);
  expect(lanes.take(9)).toEqual([barrier]);
  expect(lanes.drop(1n)).toEqual([after]);
  lanes.release(barrier);
  expect([lanes.take(9), lanes.waiting, lanes.inFlight]).toEqual([[], 0, 0]);
});
