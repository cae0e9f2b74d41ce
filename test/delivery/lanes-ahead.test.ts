// What is claimed before there is a place for it, so that places do not stay free while a claim is made durable.
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { Lanes } from '../../src/delivery/lanes.ts';
import { deliveryOf } from '../support/deliveries.ts';

const concurrency = 4;
const limits = {
  maxInFlight: 1_000,
  maxOutPerOrigin: 1_000,
  maxDeliveriesPerLane: 1_000,
  maxBytesPerLane: 1_000_000,
  minDeliveries: 1_000,
  maxDeliveries: 1_000,
  maxWaitMs: 1_000,
  maxBytes: 1_000_000,
  maxBytesOut: 1_000_000,
  maxBytesOutPerLane: 1_000_000,
};

class Scene {
  readonly lanes = new Lanes(limits, () => concurrency);
  /** On its way, in the order in which it left. */
  readonly out: Delivery[] = [];
  readonly left: number[] = [];

  constructor() {
    for (let index = 0; index < 200; index++) {
      this.lanes.admit(deliveryOf({ index, keys: [`r${index}`] }));
    }
  }

  /** Claims what it may, ends `over` POSTs while the claim is made durable, and sends; returns how many it claimed. */
  claim(over = 0): number {
    const taken = this.lanes.take(512);
    this.end(over);
    for (const delivery of taken) {
      this.lanes.depart(delivery, () => {
        this.out.push(delivery);
        this.left.push(delivery.position.index);
      });
    }
    return taken.length;
  }

  end(count: number): void {
    for (const delivery of this.out.splice(0, count)) this.lanes.release(delivery);
  }
}

test('as many are claimed ahead as are over during two claims', () => {
  const scene = new Scene();
  expect(scene.claim()).toBe(concurrency);
  scene.end(3);
  expect(scene.claim()).toBe(3 + 2 * 3);
});

test('no more than its places are out, however many are claimed, and they leave in order', () => {
  const scene = new Scene();
  for (let round = 0; round < 10; round++) {
    scene.claim(2);
    expect(scene.out.length).toBeLessThanOrEqual(concurrency);
    scene.end(2);
  }
  expect(scene.lanes.inFlight).toBeGreaterThan(concurrency);
  expect(scene.left).toEqual(scene.left.map((_, at) => at));
});

test('what is claimed ahead leaves when a place is free, without another claim', () => {
  const scene = new Scene();
  scene.claim();
  scene.end(3);
  scene.claim();
  scene.end(1);
  expect(scene.left).toHaveLength(concurrency + 3 + 1);
});

test('an endpoint that hangs has nothing claimed ahead', () => {
  const scene = new Scene();
  scene.claim();
  scene.end(3);
  scene.lanes.look(0);
  scene.claim();
  scene.lanes.look(5_000);
  scene.lanes.look(10_000);
  const claimed = scene.lanes.inFlight;
  expect(scene.claim()).toBe(0);
  scene.end(1);
  expect(scene.claim()).toBe(0);
  expect(scene.lanes.inFlight).toBe(claimed - 1);
});

test('what is claimed ahead is bounded', () => {
  const scene = new Scene();
  let most = 0;
  for (let round = 0; round < 6; round++) {
    scene.claim(concurrency);
    most = Math.max(most, scene.lanes.inFlight);
    while (scene.out.length > 0) scene.end(concurrency);
  }
  expect(most).toBe(concurrency + 2 * concurrency);
});

test('what is claimed and waits for its place makes no endpoint a slow one', () => {
  const lanes = new Lanes({ ...limits, maxInFlight: 8 }, () => 1);
  for (const index of [0, 1, 2]) lanes.admit(deliveryOf({ index, keys: [`r${index}`] }));
  const out: Delivery[] = [];
  const claim = (): void => {
    for (const delivery of lanes.take(8)) lanes.depart(delivery, () => out.push(delivery));
  };
  const end = (): void => {
    for (const delivery of out.splice(0)) lanes.release(delivery);
  };
  lanes.look(0);
  claim();
  end();
  claim();
  expect([out.length, lanes.inFlight]).toEqual([1, 2]);
  lanes.look(900);
  end();
  lanes.look(1_700);
  expect([out.length, lanes.slow]).toEqual([1, 0]);
  lanes.look(2_000);
  expect(lanes.slow).toBe(1);
});

test('of a webhook that is in doubt nothing is claimed ahead', () => {
  let isSure = true;
  const lanes = new Lanes(
    limits,
    () => 2,
    () => isSure,
  );
  for (let index = 0; index < 50; index++) lanes.admit(deliveryOf({ index, keys: [`r${index}`] }));
  for (let round = 0; round < 3; round++) for (const delivery of lanes.take(512)) lanes.release(delivery);
  isSure = false;
  expect(lanes.take(512)).toHaveLength(2);
});
