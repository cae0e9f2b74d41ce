import { expect, test } from 'vitest';
import { Lanes, type LaneLimits } from '../../src/delivery/lanes.ts';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { deliveryOf } from '../support/deliveries.ts';

const limits: LaneLimits = {
  maxInFlight: 100,
  maxOutPerOrigin: 100,
  maxDeliveriesPerLane: 4,
  maxBytesPerLane: 1_000,
  minDeliveries: 100,
  maxDeliveries: 100,
  maxWaitMs: 1_000,
  maxBytes: 10_000,
  maxBytesOut: 1_000_000,
  maxBytesOutPerLane: 1_000_000,
};

function lanesWith(deliveries: readonly Delivery[], change: Partial<LaneLimits> = {}, mayBeOut = 10): Lanes {
  const lanes = new Lanes({ ...limits, ...change }, () => mayBeOut);
  for (const delivery of deliveries) lanes.admit(delivery);
  return lanes;
}

function indexes(deliveries: readonly Delivery[]): number[] {
  return deliveries.map(({ position }) => position.index);
}

test('two deliveries of one record are never out together, and leave in order', () => {
  const [a, b, other] = [
    deliveryOf({ index: 0, keys: ['r1'] }),
    deliveryOf({ index: 1, keys: ['r1'] }),
    deliveryOf({ index: 2, keys: ['r2'] }),
  ];
  const lanes = lanesWith([a, b, other]);
  expect(indexes(lanes.take(10))).toEqual([0, 2]);
  expect(lanes.take(10)).toEqual([]);
  lanes.release(a);
  expect(indexes(lanes.take(10))).toEqual([1]);
});

test('a changed key holds both records', () => {
  const [a, b, moved, after] = [
    deliveryOf({ index: 0, keys: ['old'] }),
    deliveryOf({ index: 1, keys: ['new'] }),
    deliveryOf({ index: 2, keys: ['old', 'new'] }),
    deliveryOf({ index: 3, keys: ['new'] }),
  ];
  const lanes = lanesWith([a, b, moved, after]);
  expect(indexes(lanes.take(10))).toEqual([0, 1]);
  lanes.release(a);
  expect(lanes.take(10)).toEqual([]);
  lanes.release(b);
  expect(indexes(lanes.take(10))).toEqual([2]);
  lanes.release(moved);
  expect(indexes(lanes.take(10))).toEqual([3]);
});

test('webhooks take turns', () => {
  const many = [0, 1, 2].map((index) => deliveryOf({ uid: 1n, index, keys: [`a${index}`] }));
  const few = deliveryOf({ uid: 2n, index: 9, keys: ['b'] });
  expect(indexes(lanesWith([...many, few]).take(2))).toEqual([0, 9]);
});

test('a webhook sends no more at a time than it may', () => {
  const deliveries = [0, 1, 2].map((index) => deliveryOf({ index, keys: [`r${index}`] }));
  const lanes = lanesWith(deliveries, {}, 2);
  const taken = lanes.take(10);
  expect(indexes(taken)).toEqual([0, 1]);
  for (const delivery of taken) lanes.release(delivery);
  expect(indexes(lanes.take(10))).toEqual([2]);
});

test('a closed webhook keeps what waits, and sends it once it is open', () => {
  let isOpen = false;
  const lanes = new Lanes(limits, () => (isOpen ? 10 : 0));
  lanes.admit(deliveryOf({ index: 0, keys: ['r'] }));
  expect(lanes.take(10)).toEqual([]);
  isOpen = true;
  expect(lanes.take(10)).toEqual([]);
  lanes.wake(1n);
  expect(indexes(lanes.take(10))).toEqual([0]);
});

test('dropping takes out what is not claimed, in order, and leaves what is', () => {
  const [a, b, c] = [0, 1, 2].map((index) => deliveryOf({ index, keys: ['r'] }));
  const lanes = new Lanes(limits, () => 10);
  for (const delivery of [a, b, c]) if (delivery !== undefined) lanes.admit(delivery);
  const [taken] = lanes.take(1);
  expect(indexes(lanes.drop(1n))).toEqual([1, 2]);
  expect(lanes.waiting).toBe(0);
  if (taken !== undefined) lanes.release(taken);
  expect(lanes.take(10)).toEqual([]);
  expect(lanes.inFlight).toBe(0);
});

test('is full by number and has room again at half', () => {
  const deliveries = [0, 1, 2, 3].map((index) => deliveryOf({ index, keys: [`r${index}`] }));
  const lanes = lanesWith(deliveries);
  expect(lanes.isFull).toBe(true);
  lanes.take(1);
  expect(lanes.isFull).toBe(true);
  lanes.take(1);
  expect(lanes.isFull).toBe(false);
});

test('is full by bytes', () => {
  const lanes = lanesWith([deliveryOf({ index: 0, keys: ['r'], bytes: 1_000 })]);
  expect(lanes.isFull).toBe(true);
  lanes.take(1);
  expect(lanes.isFull).toBe(false);
});

const large = 100_000;
const room = { maxBytes: 100 * large, maxBytesPerLane: 100 * large, maxBytesOut: 2 * large };

test('large payloads of all webhooks share a room, and small ones go past those that wait for it', () => {
  const larges = [1n, 2n, 3n, 4n].map((uid) =>
    deliveryOf({ uid, index: Number(uid), keys: ['r'], bytes: large }),
  );
  const [first] = larges;
  const small = deliveryOf({ uid: 5n, index: 5, keys: ['r'] });
  const lanes = lanesWith([...larges, small], room);
  expect(indexes(lanes.take(10))).toEqual([1, 2, 5]);
  expect(lanes.take(10)).toEqual([]);
  if (first !== undefined) lanes.release(first);
  expect(indexes(lanes.take(10))).toEqual([3]);
});

test('a payload that goes to many webhooks takes its room once, and gives it back when it is back from all', () => {
  const { payload } = deliveryOf({ index: 0, keys: [], bytes: large });
  const shared = [1n, 2n, 3n].map((uid) => ({ ...deliveryOf({ uid, index: 0, keys: ['r'] }), payload }));
  const other = deliveryOf({ uid: 4n, index: 1, keys: ['r'], bytes: large + 1 });
  const lanes = lanesWith([...shared, other], room);
  expect(indexes(lanes.take(10))).toEqual([0, 0, 0]);
  for (const delivery of shared) {
    expect(lanes.take(10)).toEqual([]);
    lanes.release(delivery);
  }
  expect(indexes(lanes.take(10))).toEqual([1]);
});

test('a webhook has only so many bytes out; what alone is more than any room goes alone', () => {
  const [a, b, c] = [0, 1, 2].map((index) =>
    deliveryOf({ index, keys: [`r${index}`], bytes: index === 2 ? 5 * large : large }),
  );
  const lanes = lanesWith(
    [a, b, c].filter((each) => each !== undefined),
    { ...room, maxBytesOutPerLane: large },
  );
  for (const delivery of [a, b, c]) {
    expect(lanes.take(10)).toEqual([delivery]);
    if (delivery !== undefined) lanes.release(delivery);
  }
});

test('what is taken out of a lane keeps its place: what comes later still waits for what is out', () => {
  const [out, withdrawn, later] = [0, 1, 2].map((index) => deliveryOf({ index, keys: ['r1'] }));
  if (out === undefined || withdrawn === undefined || later === undefined) throw new Error('three were made');
  const lanes = lanesWith([out, withdrawn]);
  lanes.take(10);
  expect(indexes(lanes.drop(1n))).toEqual([1]);
  lanes.admit(later);
  expect(lanes.take(10)).toEqual([]);
  lanes.release(out);
  expect(indexes(lanes.take(10))).toEqual([2]);
});

test('the oldest can be dropped, and what waited for it goes on once nothing before it is out', () => {
  const [out, ...waiting] = [0, 1, 2, 3].map((index) =>
    deliveryOf({ index, keys: [index === 3 ? 'r2' : 'r1'] }),
  );
  if (out === undefined) throw new Error('four were made');
  const lanes = lanesWith([out, ...waiting], {}, 1);
  lanes.take(1);
  expect(lanes.dropOldest(1n)?.position.index).toBe(1);
  expect(lanes.waitingOf(1n)).toBe(2);
  lanes.release(out);
  expect(indexes(lanes.take(1))).toEqual([3]);
});

test('a lane whose endpoint is waited for does not drain; one that only waits for its turn does', () => {
  const lanes = lanesWith(
    [
      deliveryOf({ uid: 1n, index: 0, keys: ['r0'] }),
      deliveryOf({ uid: 1n, index: 1, keys: ['r1'] }),
      deliveryOf({ uid: 2n, index: 2, keys: ['r2'] }),
      deliveryOf({ uid: 2n, index: 3, keys: ['r3'] }),
    ],
    {},
    1,
  );
  expect(lanes.isDraining(1n)).toBe(true);
  expect(lanes.take(1)).toHaveLength(1);
  expect([lanes.isDraining(1n), lanes.isDraining(2n)]).toEqual([false, true]);
});

test('a lane that began a moment ago drains at a third of the pace that it needs once it had its second', () => {
  const deliveries = Array.from({ length: 40 }, (_, index) => deliveryOf({ index, keys: [`r${index}`] }));
  const lanes = lanesWith(deliveries, {}, 1);
  let [out] = lanes.take(1);
  const sendOne = (): void => {
    if (out !== undefined) lanes.release(out);
    [out] = lanes.take(1);
  };
  lanes.look(0);
  const drains = [200, 400, 600, 800, 1_000].map((nowMs) => {
    for (let sent = 0; sent < 3; sent++) sendOne();
    lanes.look(nowMs);
    return lanes.isDraining(1n);
  });
  expect(drains).toEqual([true, true, true, true, false]);
});
