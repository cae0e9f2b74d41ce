import { expect, test } from 'vitest';
import { Floor } from '../../src/replication/floor.ts';
import { wholeTransaction } from '../../src/position.ts';

const start = { commitLsn: 10n, index: wholeTransaction };

test('confirms nothing before anything was read', () => {
  const floor = new Floor(start);
  expect(floor.confirmable).toBe(0n);
  expect(floor.position).toEqual(start);
});

test('a transaction without matches is settled by its COMMIT', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  floor.read(0);
  floor.commit(25n, false);
  expect(floor.confirmable).toBe(25n);
  expect(floor.position).toEqual({ commitLsn: 20n, index: wholeTransaction });
});

test('neither floor nor confirm passes an unsettled change, however much is settled behind it', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  const early = floor.add(3, 1);
  floor.read(3);
  floor.commit(25n, false);
  floor.begin(30n);
  const late = floor.add(0, 2);
  floor.read(0);
  floor.commit(35n, false);
  floor.passed(90n);
  floor.settle(late);
  floor.settle(late);
  expect(floor.position).toEqual({ commitLsn: 20n, index: 2 });
  expect(floor.confirmable).toBe(0n);
  floor.settle(early);
  expect(floor.position).toEqual({ commitLsn: 30n, index: wholeTransaction });
  expect(floor.confirmable).toBe(90n);
});

test('a change is settled when all of its matches are', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  const change = floor.add(0, 2);
  floor.read(0);
  floor.commit(25n, false);
  floor.settle(change);
  expect(floor.confirmable).toBe(0n);
  floor.settle(change);
  expect(floor.confirmable).toBe(25n);
});

test('lies inside a transaction that is still being read', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  floor.read(0);
  const change = floor.add(1, 1);
  floor.read(1);
  expect(floor.position).toEqual({ commitLsn: 20n, index: 0 });
  floor.settle(change);
  expect(floor.position).toEqual({ commitLsn: 20n, index: 1 });
  expect(floor.confirmable).toBe(0n);
});

test('a keepalive within a transaction confirms nothing', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  floor.passed(99n);
  expect(floor.confirmable).toBe(0n);
});

test('waits for a configuration change until it is stored', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  floor.read(0);
  const transaction = floor.commit(25n, true);
  floor.passed(90n);
  expect(floor.confirmable).toBe(0n);
  expect(floor.position).toEqual({ commitLsn: 20n, index: 0 });
  floor.configurationStored(transaction);
  expect(floor.confirmable).toBe(90n);
});

test('a transaction that is sent again keeps what was read of it', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  const change = floor.add(0, 1);
  floor.read(0);
  floor.begin(20n);
  floor.read(1);
  floor.commit(25n, false);
  expect(floor.confirmable).toBe(0n);
  floor.settle(change);
  expect(floor.confirmable).toBe(25n);
});

test('confirming never goes back', () => {
  const floor = new Floor(start);
  floor.passed(50n);
  floor.passed(40n);
  expect(floor.confirmable).toBe(50n);
});

test('a start inside a transaction is kept while what lies before it is passed over again', () => {
  const floor = new Floor({ commitLsn: 20n, index: 4 });
  floor.begin(20n);
  expect(floor.position).toEqual({ commitLsn: 20n, index: 4 });
  floor.add(5, 1);
  floor.read(5);
  expect(floor.position).toEqual({ commitLsn: 20n, index: 4 });
});

test('what is settled behind an unsettled change takes no room, and is passed with it', () => {
  const floor = new Floor(start);
  floor.begin(20n);
  const held = floor.add(0, 1);
  floor.read(0);
  const first = floor.commit(25n, false);
  const later = [30n, 40n, 50n].map((commitLsn) => {
    floor.begin(commitLsn);
    const change = floor.add(0, 1);
    floor.read(0);
    floor.commit(commitLsn + 5n, false);
    return change;
  });
  for (const index of [1, 0, 2]) {
    const change = later[index];
    if (change !== undefined) floor.settle(change);
  }
  expect(first.next).toBeNull();
  floor.begin(60n);
  floor.read(0);
  floor.commit(65n, false);
  expect(first.next).toBeNull();
  expect(floor.position).toEqual({ commitLsn: 20n, index: -1 });
  expect(floor.confirmable).toBe(0n);
  floor.settle(held);
  expect(floor.position).toEqual({ commitLsn: 60n, index: wholeTransaction });
  expect(floor.confirmable).toBe(65n);
});

test('a settled transaction is not passed before an unsettled one that was committed earlier', () => {
  const floor = new Floor(start);
  const changes = [20n, 30n, 40n].map((commitLsn) => {
    floor.begin(commitLsn);
    const change = floor.add(0, 1);
    floor.read(0);
    floor.commit(commitLsn + 5n, false);
    return change;
  });
  const [first, second, third] = changes;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three changes');
  floor.settle(third);
  floor.settle(first);
  expect(floor.position).toEqual({ commitLsn: 30n, index: -1 });
  expect(floor.confirmable).toBe(25n);
  floor.settle(second);
  expect(floor.position).toEqual({ commitLsn: 40n, index: wholeTransaction });
  expect(floor.confirmable).toBe(45n);
});
