import { expect, test } from 'vitest';
import type { LoggedRequest } from './endpoint-log.ts';
import { RecordOrder, type Lead } from './record-order.ts';

function request(change: Partial<LoggedRequest>): LoggedRequest {
  return {
    atMs: 100,
    openedAtMs: 10,
    webhook: 'acme-all',
    operation: 'UPDATE',
    id: 1,
    version: 1,
    ...change,
  };
}

function orderOf(leads: readonly Lead[], requests: readonly Partial<LoggedRequest>[]): RecordOrder {
  const order = new RecordOrder(leads);
  for (const each of requests) order.add(request(each));
  return order;
}

const one = { atMs: 0, pid: 1 };
const other = { atMs: 50, pid: 2 };

test('changes of a record that come in their order, and those of other records and webhooks, are no finding', () => {
  const order = orderOf(
    [],
    [
      { version: 5 },
      { version: 7 },
      { version: 7, operation: 'DELETE' },
      { version: 2, id: 2 },
      { version: 1, webhook: 'bolt-all' },
    ],
  );
  expect([order.wentBack, order.findings]).toEqual([0, []]);
});

test('an older change after a newer one is a finding while one process sends both', () => {
  const order = orderOf([one], [{ version: 7 }, { version: 5, atMs: 101 }]);
  expect(order.wentBack).toBe(1);
  expect(order.findings).toEqual([
    'acme-all: UPDATE 5 of record 1 arrived (101 ms, on a line from 10 ms) after UPDATE 7 (100 ms, line from 10 ms); ' +
      'times since a process last began to lead before it',
  ]);
});

test('an older change on a line of the process that leads is a finding also soon after a takeover', () => {
  const order = orderOf([one, other], [{ version: 7 }, { version: 5, openedAtMs: 60, atMs: 101 }]);
  expect(order.findings).toHaveLength(1);
});

test('a late change is explained where its line is older than a takeover and the newer one was sent by the next process', () => {
  const order = orderOf(
    [one, other],
    [
      { version: 7, openedAtMs: 60 },
      { version: 5, openedAtMs: 10, atMs: 101 },
    ],
  );
  expect([order.wentBack, order.findings]).toEqual([1, []]);
});

test('it is explained too where the next process had led before and sends over a line that it still has from then', () => {
  const order = orderOf(
    [one, other, { atMs: 80, pid: 1 }],
    [
      { version: 7, openedAtMs: 10, atMs: 100 },
      { version: 5, openedAtMs: 60, atMs: 101 },
    ],
  );
  expect([order.wentBack, order.findings]).toEqual([1, []]);
});

test('a process that leads twice in a row is one process', () => {
  const order = orderOf([one, { atMs: 50, pid: 1 }], [{ version: 7 }, { version: 5, atMs: 101 }]);
  expect(order.findings).toHaveLength(1);
});
