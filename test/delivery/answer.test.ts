/** Reading answers: where they end does not depend on how the network cuts them, and garbage is never an answer. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Answer, type Progress } from '../../src/delivery/answer.ts';
import { readAnswerHead } from '../../src/delivery/answer-head.ts';

function read(pieces: readonly Buffer[]) {
  const answer = new Answer(true);
  let progress: Progress = 'more';
  let rest = 0;
  for (const piece of pieces) {
    if (progress === 'more') progress = answer.feed(piece);
    else rest += piece.length;
  }
  return { progress, status: answer.head?.status, kept: answer.kept?.toString('latin1'), rest, answer };
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const points = [0, ...at.map((point) => point % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return points.slice(1).map((end, index) => bytes.subarray(points[index], end));
}

const bodies = fc.oneof(
  fc.string({ maxLength: 50 }).map((text) => {
    const bytes = Buffer.from(text);
    return { fields: `Content-Length: ${bytes.length}\r\n`, wire: bytes, body: bytes };
  }),
  fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 5 }).map((chunks) => {
    const lines = chunks.flatMap((chunk) => [
      Buffer.from(`${chunk.length.toString(16).toUpperCase()};x="\r\n`),
      Buffer.from(chunk),
      Buffer.from('\r\n'),
    ]);
    const wire = Buffer.concat([...lines, Buffer.from('0\r\nx-trailer: y\r\n\r\n')]);
    return { fields: 'transfer-encoding: Chunked\r\n', wire, body: Buffer.concat(chunks) };
  }),
);

test('an answer is the same however it is cut into pieces', () => {
  const interim = fc.constantFrom(
    '',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\n',
  );
  const cuts = fc.array(fc.nat(), { maxLength: 12 });
  fc.assert(
    fc.property(bodies, interim, cuts, ({ fields, wire, body }, before, at) => {
      const head = `${before}HTTP/1.1 503 Busy\r\nserver: x\r\n${fields}\r\n`;
      const result = read(cut(Buffer.concat([Buffer.from(head), wire]), at));
      expect(result).toMatchObject({ progress: 'complete', status: 503, rest: 0 });
      expect(result.answer.isReusable).toBe(true);
      expect(result.kept ?? '').toBe(body.toString('latin1'));
    }),
    { numRuns: 500 },
  );
});

test('a byte after the end makes the connection useless, however it is cut', () => {
  fc.assert(
    fc.property(bodies, fc.array(fc.nat(), { maxLength: 4 }), ({ fields, wire }, at) => {
      const bytes = Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n`), wire, Buffer.from('H')]);
      const { progress, rest, answer } = read(cut(bytes, at));
      expect(progress).toBe('complete');
      // What comes in a piece of its own, the connection sees.
      expect(rest > 0 || !answer.isReusable).toBe(true);
    }),
  );
});

test('no bytes make it throw, and none but an HTTP head makes a status', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (pieces) => {
      const { status, progress } = read(pieces.map((piece) => Buffer.from(piece)));
      expect(status).toBeUndefined();
      expect(['more', 'invalid']).toContain(progress);
    }),
  );
});

test.each([
  ['HTTP/1.1 200', 200],
  ['HTTP/1.1 200 ', 200],
  ['HTTP/1.1 200 Größe', 200],
  ['HTTP/1.0 599 x', 599],
  ['HTTP/1.1 200 OK\r\nx:', 200],
  ['HTTP/1.1 200 OK\r\nx: a:b', 200],
])('%j is a head', (text, status) => {
  expect(readAnswerHead(text)?.status).toBe(status);
});

test.each([
  'HTTP/1.2 200 OK',
  'HTTP/2 200',
  'http/1.1 200 OK',
  ' HTTP/1.1 200 OK',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.1 200OK',
  'HTTP/1.1 200 OK\n',
  'HTTP/1.1 200 OK\r',
  'HTTP/1.1 200 OK\r\n: x',
  'HTTP/1.1 200 OK\r\nx',
  'HTTP/1.1 200 OK\r\nx y: z',
  'HTTP/1.1 200 OK\r\nx: a\0b',
  'HTTP/1.1 200 OK\r\nx: a\rb',
  'HTTP/1.1 200 OK\r\n\tx: y',
])('%j is no head', (text) => {
  expect(readAnswerHead(text)).toBeNull();
});

test.each([
  ['connection: close', false],
  ['connection: x, Close', false],
  ['connection: x\r\nconnection: close', false],
  ['connection: keep-alive', true],
  ['connection: closed', true],
])('%j: reusable is %s', (field, isReusable) => {
  expect(readAnswerHead(`HTTP/1.1 200 OK\r\ncontent-length: 0\r\n${field}`)?.isReusable).toBe(isReusable);
});
