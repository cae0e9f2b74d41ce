import { expect, test } from 'vitest';
import type { LoggedRequest } from './endpoint-log.ts';
import { RecordOrder } from './record-order.ts';

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

function orderOf(takeovers: readonly number[], requests: readonly Partial<LoggedRequest>[]): RecordOrder {
  const order = new RecordOrder(takeovers);
  for (const each of requests) order.add(request(each));
  return order;
}

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
  const order = orderOf([50], [{ version: 7 }, { version: 5, atMs: 101 }]);
  expect(order.wentBack).toBe(1);
  expect(order.findings).toEqual([
    'acme-all: UPDATE 5 of record 1 arrived (51 ms, on a line from -40 ms) after UPDATE 7 (50 ms, line from -40 ms); ' +
      'times since the last takeover before it',
  ]);
});

test('a late change is explained where its line is older than a takeover and the newer one was sent by the next process', () => {
  const order = orderOf(
    [50],
    [
      { version: 7, openedAtMs: 60 },
      { version: 5, openedAtMs: 10, atMs: 101 },
    ],
  );
  expect([order.wentBack, order.findings]).toEqual([1, []]);
});
