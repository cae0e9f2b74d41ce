// POSTs of many webhooks at one origin: each needs a connection to it, so only so many are out at a time.
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { Lanes } from '../../src/delivery/lanes.ts';
import { deliveryOf } from '../support/deliveries.ts';
import { roomyLimits } from '../support/lane-limits.ts';

const atOnce = 8;
const limits = { ...roomyLimits, maxOutPerOrigin: atOnce };

/** Webhooks from 1000 on are at another origin, as long as they do not move. */
class Scene {
  readonly moved = new Map<bigint, string>();
  readonly closed = new Set<bigint>();
  readonly lanes = new Lanes(
    limits,
    (uid) => (this.closed.has(uid) ? 0 : 32),
    () => true,
    (uid) => this.moved.get(uid) ?? (uid < 1_000n ? 'https://one' : 'https://other'),
  );
  /** On its way, in the order in which it left. */
  out: Delivery[] = [];
  readonly left: Delivery[] = [];

  admit(from: number, webhooks: number, count: number, key = (index: number) => `r${index}`): void {
    for (let uid = from; uid < from + webhooks; uid++) {
      for (let index = 0; index < count; index++) {
        const company = `company ${uid}`;
        this.lanes.admit(deliveryOf({ uid: BigInt(uid), company, index, keys: [key(index)] }));
      }
    }
  }

  /** Claims what it may, and sends what it claimed; returns how many it claimed. */
  claim(max = 512): number {
    const taken = this.lanes.take(max);
    for (const delivery of taken) {
      this.lanes.depart(delivery, () => {
        this.out.push(delivery);
        this.left.push(delivery);
      });
    }
    return taken.length;
  }

  /** They have answered, and are empty again. */
  known(from: number, webhooks: number): void {
    this.admit(from, webhooks, 1);
    while (this.lanes.waiting + this.lanes.inFlight > 0) {
      this.claim();
      this.endFirst(this.out.length);
    }
    this.left.length = 0;
  }

  end(delivery: Delivery): void {
    this.out = this.out.filter((each) => each !== delivery);
    this.lanes.release(delivery);
  }

  endFirst(count: number): void {
    for (const delivery of this.out.slice(0, count)) this.end(delivery);
  }

  outAt(origin: 'one' | 'other'): number {
    return this.out.filter(({ webhook }) => webhook.uid < 1_000n === (origin === 'one')).length;
  }
}

test('no more than its limit is out at an origin, however many webhooks are there, and all is sent in the end', () => {
  const scene = new Scene();
  scene.admit(1, 100, 5);
  let most = 0;
  let mostClaimed = 0;
  for (let round = 0; scene.left.length < 500 && round < 1_000; round++) {
    scene.claim();
    most = Math.max(most, scene.out.length);
    mostClaimed = Math.max(mostClaimed, scene.lanes.inFlight);
    scene.endFirst(1 + (round % atOnce));
    most = Math.max(most, scene.out.length);
  }
  expect(scene.left).toHaveLength(500);
  expect(most).toBe(atOnce);
  expect(mostClaimed).toBeLessThanOrEqual(3 * atOnce);
});

test('the webhooks of an origin take turns at it', () => {
  const scene = new Scene();
  scene.known(1, 20);
  scene.admit(1, 20, 50);
  const sent = (): number[] => {
    const counts = new Map<bigint, number>();
    for (const { webhook } of scene.left) counts.set(webhook.uid, (counts.get(webhook.uid) ?? 0) + 1);
    return [...counts.values()];
  };
  for (let round = 0; round < 60; round++) {
    scene.claim();
    scene.endFirst(3);
  }
  expect(sent()).toHaveLength(20);
  expect(Math.max(...sent()) - Math.min(...sent())).toBeLessThanOrEqual(2);
});

test('an origin that hangs stops no other', () => {
  const scene = new Scene();
  scene.known(1, 100);
  scene.admit(1, 100, 10);
  scene.claim();
  expect(scene.out).toHaveLength(atOnce);
  scene.admit(1_000, 3, 100);
  for (let round = 0; scene.lanes.waitingOf(1_000n) > 0 && round < 1_000; round++) {
    scene.claim();
    for (const delivery of scene.out.slice(atOnce)) scene.end(delivery);
  }
  expect(scene.outAt('one')).toBe(atOnce);
  expect(scene.left.length).toBeGreaterThanOrEqual(atOnce + 100);
});

test('two origins have their limit each', () => {
  const scene = new Scene();
  scene.known(1, 20);
  scene.known(1_000, 20);
  scene.admit(1, 20, 1);
  scene.admit(1_000, 20, 1);
  scene.claim();
  expect([scene.outAt('one'), scene.outAt('other')]).toEqual([atOnce, atOnce]);
});

test('changes of one record leave in order, one at a time, where its origin is full', () => {
  const scene = new Scene();
  scene.admit(1, 30, 6, () => 'same');
  while (scene.claim() > 0 || scene.out.length > 0) {
    const uids = scene.out.map(({ webhook }) => webhook.uid);
    expect(new Set(uids).size).toBe(uids.length);
    scene.endFirst(5);
  }
  for (let uid = 1n; uid <= 30n; uid++) {
    const indexes = scene.left
      .filter(({ webhook }) => webhook.uid === uid)
      .map(({ position }) => position.index);
    expect(indexes).toEqual([0, 1, 2, 3, 4, 5]);
  }
});

test('webhooks that are closed or emptied while they wait keep no place from those behind them', () => {
  const scene = new Scene();
  scene.admit(1, 60, 1);
  scene.claim();
  for (let uid = 10n; uid < 35n; uid++) scene.closed.add(uid);
  for (let uid = 35n; uid < 59n; uid++) scene.lanes.drop(uid);
  scene.endFirst(atOnce);
  scene.claim();
  expect(scene.left.map(({ webhook }) => webhook.uid)).toEqual([
    1n,
    2n,
    3n,
    4n,
    5n,
    6n,
    7n,
    8n,
    9n,
    59n,
    60n,
  ]);
  scene.closed.clear();
  for (let uid = 10n; uid < 35n; uid++) scene.lanes.wake(uid);
  for (let round = 0; round < 10; round++) {
    scene.endFirst(atOnce);
    scene.claim();
  }
  expect(scene.left).toHaveLength(11 + 25);
});

test('a webhook that moves away from a full origin waits for it no more', () => {
  const scene = new Scene();
  scene.admit(1, 20, 1);
  scene.claim();
  scene.moved.set(20n, 'https://elsewhere');
  scene.lanes.wake(20n);
  scene.claim();
  expect(scene.left.at(-1)?.webhook.uid).toBe(20n);
});

test('a claim that takes only some of what waits leaves the rest for the next', () => {
  const scene = new Scene();
  scene.admit(1, 100, 1);
  let claims = 0;
  while (scene.lanes.waiting > 0 && claims < 1_000) {
    scene.claim(3);
    claims += 1;
    if (claims % 3 === 0) scene.endFirst(atOnce);
  }
  scene.endFirst(atOnce);
  expect(scene.lanes.waiting).toBe(0);
});

/** What is out and never answered makes its endpoints slow. */
function hang(scene: Scene, nowMs: number): void {
  scene.lanes.look(nowMs);
  scene.claim();
  scene.lanes.look(nowMs + 1_000);
}

test('endpoints that hang leave room for others of their origin, from the first', () => {
  const scene = new Scene();
  scene.admit(1, 3, 100);
  hang(scene, 0);
  expect(scene.out.length).toBeLessThan(atOnce);
  scene.admit(100, 1, 1);
  scene.claim();
  expect(scene.left.at(-1)?.webhook.uid).toBe(100n);
});

test('endpoints known to be slow hold half of the places of their origin, and take turns for them', () => {
  const scene = new Scene();
  scene.known(100, 1);
  scene.admit(1, 20, 100);
  hang(scene, 0);
  const served = new Set<bigint>();
  for (let round = 1; round < 30; round++) {
    scene.endFirst(scene.out.length);
    hang(scene, round * 10_000);
    for (const { webhook } of scene.out) served.add(webhook.uid);
  }
  expect(scene.lanes.slow).toBe(20);
  expect(served.size).toBe(20);
  expect(scene.out).toHaveLength(atOnce / 2);
  scene.admit(100, 1, 2);
  const before = scene.left.length;
  scene.claim();
  expect(scene.left.slice(before).map(({ webhook }) => webhook.uid)).toEqual([100n, 100n]);
});

test('one known to be quick finds a place at its origin, however many that never answered hang there, and came one after the other', () => {
  const scene = new Scene();
  scene.known(500, 1);
  for (let uid = 1; uid < 40; uid++) {
    scene.admit(uid, 1, 100);
    scene.claim();
  }
  expect(scene.out).toHaveLength(atOnce - 1);
  const finds = (): boolean => {
    scene.admit(500, 1, 1);
    scene.claim();
    const found = scene.out.filter(({ webhook }) => webhook.uid === 500n);
    for (const delivery of found) scene.end(delivery);
    return found.length === 1;
  };
  expect(finds()).toBe(true);
  // And once they are known to be slow.
  hang(scene, 0);
  scene.endFirst(scene.out.length);
  hang(scene, 10_000);
  expect(scene.lanes.slow).toBeGreaterThan(0);
  expect(finds()).toBe(true);
});

test('a webhook that has not answered yet, alone at its origin, has as many out as it may', () => {
  const lanes = new Lanes({ ...limits, maxOutPerOrigin: 256 }, () => 32);
  for (let index = 0; index < 100; index++) lanes.admit(deliveryOf({ index, keys: [`r${index}`] }));
  expect(lanes.take(512)).toHaveLength(32);
});

test('one that has not answered yet gets its turn at a full origin, like those known to be quick', () => {
  const scene = new Scene();
  scene.known(1, 20);
  scene.admit(1, 20, 100);
  scene.claim();
  scene.admit(500, 1, 1);
  for (let round = 0; round < 10; round++) {
    scene.endFirst(3);
    scene.claim();
  }
  expect(scene.left.filter(({ webhook }) => webhook.uid === 500n)).toHaveLength(1);
});

test('one that waited for a place of the slow ones at its origin goes on as soon as it is a quick one', () => {
  const scene = new Scene();
  const flapping = (): Delivery[] => scene.out.filter(({ webhook }) => webhook.uid === 500n);
  scene.known(500, 1);
  scene.known(1, 4);
  scene.lanes.look(0);
  scene.admit(500, 1, 1);
  scene.admit(1, 4, 1);
  scene.claim();
  const [hanging] = flapping();
  scene.lanes.look(900);
  scene.admit(500, 1, 100);
  scene.claim();
  const [, fresh] = flapping();
  scene.lanes.look(1_000);
  expect(scene.lanes.slow).toBe(5);
  scene.admit(1, 4, 100);
  scene.claim();
  if (hanging !== undefined) scene.end(hanging);
  scene.claim();
  expect(flapping()).toEqual([fresh]);
  if (fresh !== undefined) scene.end(fresh);
  expect(scene.lanes.slow).toBe(4);
  scene.claim();
  expect(flapping().length).toBeGreaterThan(0);
});
