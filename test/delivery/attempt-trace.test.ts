/** What a POST measures: the phases of its connection, its times and the beginning of its answer. */
import type { LookupFunction } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { Answer } from '../../src/delivery/answer.ts';
import { Attempt, type FinishedPost, type PostResult } from '../../src/delivery/attempt.ts';
import { cert, key } from './certificate.ts';
import { localPoster, tracedPost } from './post-with.ts';
import { answerWith, ok, startRawReceiver } from './raw-receiver.ts';

const lookup: LookupFunction = (_host, _options, callback) =>
  setTimeout(() => callback(null, [{ address: '127.0.0.1', family: 4 }]), 30);

const isTime = expect.any(Number) as number;

function finished(result: PostResult): FinishedPost {
  if (result.kind !== 'finished') throw new Error('not written');
  return result;
}

test('a new connection has the times of its name, its opening and its TLS; a kept one has none', async () => {
  await using receiver = await startRawReceiver(ok, { tls: { key, cert } });
  await using poster = localPoster({ lookup });
  const url = `https://receiver.example.com:${receiver.port}/`;
  const before = getCACertificates('default');
  setDefaultCACertificates([cert]);
  try {
    const { trace } = finished(await tracedPost(poster, { url }));
    expect(trace).toMatchObject({ dnsMs: isTime, connectMs: isTime, tlsMs: isTime, firstByteMs: isTime });
    expect(trace.dnsMs).toBeGreaterThanOrEqual(29);
    const { dnsMs, connectMs, tlsMs, firstByteMs, totalMs } = trace;
    expect(totalMs).toBeGreaterThanOrEqual(
      (dnsMs ?? 0) + (connectMs ?? 0) + (tlsMs ?? 0) + (firstByteMs ?? 0),
    );
    const again = finished(await tracedPost(poster, { url })).trace;
    expect(again).toMatchObject({ dnsMs: null, connectMs: null, tlsMs: null, firstByteMs: isTime });
  } finally {
    setDefaultCACertificates(before);
  }
  expect(receiver.connections.length).toBe(1);
});

test('an address needs no name, and plain http no TLS', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  const { trace } = finished(await tracedPost(poster, { url: receiver.url }));
  expect(trace).toMatchObject({ dnsMs: null, connectMs: isTime, tlsMs: null, firstByteMs: isTime });
});

test('a phase that the deadline ended has the time until then, and what came after it has none', async () => {
  await using poster = localPoster({ lookup: () => {} });
  const { trace } = finished(await tracedPost(poster, { url: 'https://api.example.com/', timeoutMs: 100 }));
  expect(trace).toMatchObject({ connectMs: null, tlsMs: null, firstByteMs: null, answer: null });
  expect(trace.dnsMs).toBeGreaterThan(90);
  expect(trace.totalMs).toBeGreaterThanOrEqual(99);
});

test('an endpoint that accepts and never answers has no first byte', async () => {
  await using receiver = await startRawReceiver(() => {});
  await using poster = localPoster();
  const { trace } = finished(await tracedPost(poster, { url: receiver.url, timeoutMs: 100 }));
  expect(trace).toMatchObject({ connectMs: isTime, firstByteMs: null, answer: null });
});

test('a request that was refused without a connection measured nothing', async () => {
  await using poster = localPoster({ allowTargets: [] });
  const { trace } = finished(await tracedPost(poster, { url: 'https://127.0.0.1/' }));
  expect(trace).toMatchObject({ dnsMs: null, connectMs: null, firstByteMs: null, totalMs: 0, answer: null });
});

test('keeps nothing of what a target answered that is not on the public internet, though the operator allowed it', async () => {
  await using receiver = await startRawReceiver(
    answerWith('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret'),
  );
  await using poster = localPoster();
  const { trace } = finished(await tracedPost(poster, { url: receiver.url }));
  expect(trace.answer).toBeNull();
});

test('keeps the first 4 KiB of a public answer as the bytes that came, and copies them', async () => {
  const attempt = new Attempt({ url: '', body: '', timeoutMs: 60_000, mayWrite: () => true });
  const answer = new Answer(true);
  expect(attempt.mayWrite(answer)).toBe(true);
  answer.feed(Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 5003\r\n\r\n'));
  const reused = Buffer.from([0xff, 0x00, 0x80]);
  answer.feed(reused);
  reused.fill(0x2a);
  const progress = Array.from({ length: 5 }, () => answer.feed(Buffer.alloc(1_000, 'x')));
  expect(progress).toEqual(['more', 'more', 'more', 'more', 'complete']);
  attempt.finish('complete');
  const { trace } = finished(await attempt.result);
  expect(trace.answer).toHaveLength(4_096);
  expect(trace.answer?.subarray(0, 4)).toEqual(Buffer.from([0xff, 0x00, 0x80, 0x78]));
});
