import { expect, test } from 'vitest';
import { Lanes } from '../../src/delivery/lanes.ts';
import type { Delivery } from '../../src/delivery/delivery.ts';
import { Turns, type Turn } from '../../src/delivery/turns.ts';
import { deliveryOf } from '../support/deliveries.ts';
import { roomyLimits } from '../support/lane-limits.ts';

interface Wish {
  readonly uid: number;
  readonly company?: string | null;
  readonly count: number;
}

/** Each change of a record of its own, so that only the turns decide. */
function admit(lanes: Lanes, { uid, company = `company ${uid}`, count }: Wish): void {
  for (let index = 0; index < count; index++) {
    lanes.admit(deliveryOf({ uid: BigInt(uid), company, index, keys: [`r${index}`] }));
  }
}

function admitMany(lanes: Lanes, from: number, webhooks: number, wish: Omit<Wish, 'uid'>): void {
  for (let i = 0; i < webhooks; i++) admit(lanes, { uid: from + i, ...wish });
}

function uids(deliveries: readonly Delivery[]): number[] {
  return deliveries.map(({ webhook }) => Number(webhook.uid));
}

/** What is out and never answered makes its endpoints slow. */
function hang(lanes: Lanes, nowMs: number): Delivery[] {
  lanes.look(nowMs);
  const out = lanes.take(10_000);
  for (const delivery of out) lanes.depart(delivery, () => undefined);
  lanes.look(nowMs + 1_000);
  return out;
}

/** They have answered, and are empty again. */
function known(lanes: Lanes, from: number, webhooks: number): void {
  admitMany(lanes, from, webhooks, { count: 1 });
  while (lanes.waiting > 0) for (const delivery of lanes.take(10_000)) lanes.release(delivery);
}

test('companies take turns, however many webhooks each has', () => {
  const lanes = new Lanes(roomyLimits, () => 32);
  admitMany(lanes, 1, 100, { company: 'many', count: 10 });
  admit(lanes, { uid: 1_000, company: 'one', count: 3 });
  const taken = uids(lanes.take(6));
  expect(taken.filter((uid) => uid === 1_000)).toHaveLength(3);
  expect(new Set(taken).size).toBe(4);
});

test('a webhook for all companies has a turn of its own', () => {
  const lanes = new Lanes(roomyLimits, () => 32);
  admitMany(lanes, 1, 20, { company: 'many', count: 10 });
  admitMany(lanes, 1_000, 2, { company: null, count: 10 });
  const taken = uids(lanes.take(9));
  expect([1_000, 1_001].map((uid) => taken.filter((each) => each === uid).length)).toEqual([3, 3]);
});

test('one endpoint alone, or a few, get all that each may send at a time', () => {
  const lanes = new Lanes(roomyLimits, () => 32);
  admitMany(lanes, 1, 5, { count: 100 });
  expect(lanes.take(10_000)).toHaveLength(5 * 32);
});

test('forty endpoints that hang all at once leave room for others at once', () => {
  const lanes = new Lanes(roomyLimits, () => 32);
  admitMany(lanes, 1, 40, { count: 100 });
  hang(lanes, 0);
  admit(lanes, { uid: 1_000, count: 100 });
  expect(lanes.take(10_000).length).toBeGreaterThanOrEqual(16);
});

test('one known to be quick finds a place, however many that never answered hang, and came one after the other', () => {
  const lanes = new Lanes(roomyLimits, () => 32);
  known(lanes, 5_000, 1);
  for (let uid = 1; uid <= 2_000; uid++) {
    admit(lanes, { uid, count: 32 });
    lanes.take(10_000);
  }
  expect(lanes.inFlight).toBe(875);
  admit(lanes, { uid: 5_000, count: 20 });
  expect(uids(lanes.take(10_000))).toEqual(Array.from({ length: 20 }, () => 5_000));
});

test('a company whose endpoints hang leaves room for others, however many it has', () => {
  const lanes = new Lanes(roomyLimits, () => 32);
  admitMany(lanes, 1, 2_000, { company: 'many', count: 5 });
  hang(lanes, 0);
  expect(lanes.inFlight).toBeGreaterThan(500);
  admitMany(lanes, 10_000, 20, { count: 5 });
  expect(new Set(uids(lanes.take(10_000))).size).toBe(20);
});

test('endpoints known to be slow hold half of the places, and no quick one waits for theirs', () => {
  const lanes = new Lanes(roomyLimits, () => 32);
  known(lanes, 1, 1_000);
  admitMany(lanes, 1, 1_000, { count: 50 });
  for (const delivery of hang(lanes, 0)) lanes.release(delivery);
  for (const round of [2, 3, 4]) {
    const slow = hang(lanes, round * 10_000);
    expect(slow).toHaveLength(500);
    admitMany(lanes, 10_000 * round, 100, { count: 5 });
    const quick = lanes.take(10_000);
    expect(new Set(uids(quick)).size).toBe(100);
    for (const delivery of [...slow, ...quick]) lanes.release(delivery);
    for (let uid = 10_000 * round; uid < 10_000 * round + 100; uid++) lanes.drop(BigInt(uid));
  }
});

test('slow endpoints get their turn one after the other', () => {
  const lanes = new Lanes(
    { ...roomyLimits, maxInFlight: 4 },
    () => 1,
    () => false,
  );
  admitMany(lanes, 1, 4, { count: 10 });
  let out = hang(lanes, 0);
  for (const delivery of out.splice(0)) lanes.release(delivery);
  const served = new Set<number>();
  for (let now = 2_000; now < 20_000; now += 2_000) {
    out = hang(lanes, now);
    expect(out).toHaveLength(2);
    for (const uid of uids(out)) served.add(uid);
    for (const delivery of out) lanes.release(delivery);
  }
  expect(served.size).toBe(4);
});

test('an endpoint that answers quickly again is a quick one again', () => {
  const lanes = new Lanes(
    { ...roomyLimits, maxInFlight: 8 },
    () => 1,
    () => false,
  );
  known(lanes, 1, 8);
  admitMany(lanes, 1, 8, { count: 20 });
  for (const delivery of hang(lanes, 0)) lanes.release(delivery);
  const taken = lanes.take(10_000);
  expect(taken).toHaveLength(4);
  for (const delivery of taken) lanes.release(delivery);
  // Four that are known to be slow, and four that are not any more.
  expect(lanes.take(10_000)).toHaveLength(8);
});

test('one that waited for a place of the slow ones goes on as soon as it is a quick one', () => {
  interface Lane extends Turn<Lane> {
    readonly name: string;
  }
  const turns = new Turns<Lane>(8);
  const lane = (name: string): Lane => ({
    name,
    company: turns.join(name),
    inFlight: 0,
    isInTurn: false,
    isParked: false,
    pace: 'quick',
    overdue: 0,
  });
  const hanging = lane('hanging');
  for (let out = 0; out < 4; out++) turns.taken(hanging);
  turns.overdue(hanging);
  const flapping = lane('flapping');
  for (let out = 0; out < 2; out++) turns.taken(flapping);
  turns.overdue(flapping);
  turns.queue(flapping);
  expect(turns.next()).toBeUndefined();
  turns.released(flapping, true);
  turns.released(flapping, false);
  expect(flapping.pace).toBe('quick');
  expect(turns.next()?.name).toBe('flapping');
  // Its place in the line of slow ones is nobody's turn any more.
  turns.released(hanging, false);
  expect(turns.next()).toBeUndefined();
});
