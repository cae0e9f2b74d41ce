import { expect, test } from 'vitest';
import { Answer } from '../../src/delivery/answer.ts';
import { Attempt } from '../../src/delivery/attempt.ts';

const request = { url: '', body: '', timeoutMs: 60_000, mayWrite: () => true };

test('keeps the first bytes of a public answer as one short line', async () => {
  const attempt = new Attempt(request);
  const answer = new Answer(true);
  attempt.mayWrite(answer);
  answer.feed(Buffer.from('HTTP/1.1 503 x\r\n\r\n<h1>\r\n\tBusy\u0000</h1>'));
  for (let chunk = 0; chunk < 10; chunk++) answer.feed(Buffer.alloc(1_000, 'x'));
  attempt.fail(undefined);
  expect(await attempt.result).toMatchObject({
    outcome: { kind: 'rejected', status: 503, detail: `<h1> Busy </h1>${'x'.repeat(184)}…` },
  });
});

test('lets a request be written once', async () => {
  const attempt = new Attempt(request);
  const answer = new Answer(true);
  expect(attempt.mayWrite(answer)).toBe(true);
  expect(attempt.mayWrite(new Answer(true))).toBe(false);
  answer.feed(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
  attempt.finish('complete');
  expect(await attempt.result).toMatchObject({ outcome: { kind: 'delivered', status: 200 } });
  expect(attempt.mayWrite(new Answer(true))).toBe(false);
});

test('writes nothing when its deadline has passed, even if its timer is late', async () => {
  const attempt = new Attempt({ ...request, timeoutMs: 0 });
  expect(attempt.mayWrite(new Answer(true))).toBe(false);
  expect(await attempt.result).toMatchObject({ outcome: { kind: 'failed', class: 'timeout' } });
});
