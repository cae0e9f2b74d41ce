import { expect, test } from 'vitest';
import { Attempt, type AttemptConnection } from '../../src/delivery/attempt.ts';

function publicConnection(): AttemptConnection & { readonly calls: string[] } {
  const calls: string[] = [];
  return {
    calls,
    isInternal: false,
    dialTimes: null,
    beginAnswer: () => calls.push('begin'),
    release: () => calls.push('release'),
    close: () => calls.push('close'),
  };
}

const request = { url: '', body: '', timeoutMs: 60_000, mayWrite: () => true };

test('keeps the first bytes of a public answer as one short line', async () => {
  const attempt = new Attempt(request, publicConnection());
  attempt.onConnect();
  attempt.onHeaders(503);
  attempt.onData(Buffer.from('<h1>\r\n\tBusy\u0000</h1>'));
  for (let chunk = 0; chunk < 100; chunk++) attempt.onData(Buffer.alloc(1_000, 'x'));
  attempt.onComplete();
  expect(await attempt.result).toMatchObject({
    outcome: { kind: 'rejected', status: 503, detail: `<h1> Busy </h1>${'x'.repeat(184)}…` },
  });
});

test('does not let the client start a request twice', async () => {
  const connection = publicConnection();
  const attempt = new Attempt(request, connection);
  attempt.onConnect();
  expect(() => attempt.onConnect()).toThrow();
  attempt.onHeaders(200);
  attempt.onComplete();
  expect(await attempt.result).toMatchObject({ outcome: { kind: 'delivered', status: 200 } });
  expect(() => attempt.onConnect()).toThrow();
  expect(connection.calls).toEqual(['begin', 'release']);
});

test('writes nothing when its deadline has passed, even if its timer is late', async () => {
  const attempt = new Attempt({ ...request, timeoutMs: 0 }, publicConnection());
  expect(() => attempt.onConnect()).toThrow();
  expect(await attempt.result).toMatchObject({ outcome: { kind: 'failed', class: 'timeout' } });
});
