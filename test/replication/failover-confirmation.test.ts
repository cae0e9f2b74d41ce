import { expect, test } from 'vitest';
import type { Lsn } from '../../src/lsn.ts';
import { FailoverConfirmation } from '../../src/replication/failover-confirmation.ts';

/** `settled` and `written` are in the test's hands; `answered` resolves after the answers that are under way. */
function confirmationOf(log: { settled: Lsn; written: Lsn }) {
  const confirmation = new FailoverConfirmation({
    confirmable: () => log.settled,
    written: () => Promise.resolve(log.written),
  });
  const answered = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { confirmation, answered };
}

test('what is settled is confirmed only once the stream has passed the books that say so', async () => {
  const { confirmation, answered } = confirmationOf({ settled: 100n, written: 130n });
  confirmation.passed(129n);
  expect(confirmation.confirmable()).toBe(0n);
  await answered();
  expect(confirmation.confirmable()).toBe(0n);
  confirmation.passed(130n);
  expect(confirmation.confirmable()).toBe(100n);
});

test('what is settled later waits for its own books', async () => {
  const log = { settled: 100n, written: 130n };
  const { confirmation, answered } = confirmationOf(log);
  confirmation.confirmable();
  await answered();
  log.settled = 200n;
  log.written = 230n;
  confirmation.passed(130n);
  expect(confirmation.confirmable()).toBe(100n);
  await answered();
  expect(confirmation.confirmable()).toBe(100n);
  confirmation.passed(230n);
  expect(confirmation.confirmable()).toBe(200n);
});

test('a stream that begins anew has passed nothing yet', async () => {
  const log = { settled: 100n, written: 130n };
  const { confirmation, answered } = confirmationOf(log);
  confirmation.passed(500n);
  confirmation.restarted();
  confirmation.confirmable();
  await answered();
  expect(confirmation.confirmable()).toBe(0n);
  confirmation.passed(130n);
  expect(confirmation.confirmable()).toBe(100n);
});

test('a server that does not answer is asked again', async () => {
  const answers = [Promise.reject(new Error('away')), Promise.resolve(130n)];
  const confirmation = new FailoverConfirmation({
    confirmable: () => 100n,
    written: () => answers.shift() ?? Promise.resolve(130n),
  });
  const answered = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  confirmation.confirmable();
  await answered();
  confirmation.confirmable();
  await answered();
  confirmation.passed(130n);
  expect(confirmation.confirmable()).toBe(100n);
});
