/**
 * Receivers that answer badly, by kind. Whatever comes: the right class of outcome within the deadline, one request on
 * the wire, and nothing of it is taken for the answer to the next request (its receiver answers that one with 418).
 */
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { Answer } from '../../src/delivery/answer.ts';
import { waitUntil } from '../support/wait.ts';
import { localPoster, postWith } from './post-with.ts';
import { ok, startRawReceiver, type Answer as Answering } from './raw-receiver.ts';

const delivered = { kind: 'delivered', status: 200 };
const teapot = { kind: 'rejected', status: 418 };
const head = 'HTTP/1.1 200 OK\r\n';
const empty = 'content-length: 0\r\n\r\n';

function failed(failureClass: string, detail = 'outcome unknown'): object {
  return { kind: 'failed', class: failureClass, detail: expect.stringContaining(detail) as string };
}

const write =
  (...pieces: (string | Buffer)[]): Answering =>
  (socket) => {
    for (const piece of pieces) socket.write(piece);
  };

const writeAndEnd =
  (text: string): Answering =>
  (socket) =>
    socket.end(text, 'latin1');

function dribble(socket: Socket, start: string, piece: string): void {
  socket.write(start);
  const timer = setInterval(() => socket.write(piece), 10);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket: Socket, start: string, piece: string): void {
  socket.write(start);
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

interface Expected {
  readonly outcome: object;
  /** Whether the same connection serves the next request. */
  readonly isReused: boolean;
  readonly timeoutMs?: number;
}

/** The answer to the first request, and then that the next one gets its own. */
async function expectOnce(answer: Answering, expected: Expected): Promise<void> {
  await using receiver = await startRawReceiver((socket, request, number) => {
    if (number === 1) answer(socket, request, number);
    else socket.write(`HTTP/1.1 418 Teapot\r\n${empty}`);
  });
  await using poster = localPoster();
  const timeoutMs = expected.timeoutMs ?? 30_000;
  const startedAt = performance.now();
  expect(await postWith(poster, { url: receiver.url, timeoutMs })).toEqual(expected.outcome);
  expect(performance.now() - startedAt).toBeLessThan(timeoutMs + 3_000);
  expect([receiver.requests.length, receiver.connections.length]).toEqual([1, 1]);
  expect(poster.openConnections).toBe(expected.isReused ? 1 : 0);
  expect(await postWith(poster, { url: receiver.url })).toEqual(teapot);
  expect([receiver.requests.length, receiver.connections.length]).toEqual([2, expected.isReused ? 1 : 2]);
}

describe('a receiver that hangs', () => {
  const timeoutMs = 1_000;
  test.concurrent('before it reads the request: timeout', async () => {
    await using receiver = await startRawReceiver(ok, { onConnection: (socket) => socket.pause() });
    await using poster = localPoster();
    const body = Buffer.alloc(16 * 1024 * 1024, 'x');
    expect(await postWith(poster, { url: receiver.url, body, timeoutMs })).toEqual(failed('timeout'));
    expect([receiver.connections.length, poster.openConnections]).toEqual([1, 0]);
  });
  test.concurrent.each<[string, Answering, object]>([
    ['before the answer: timeout', () => undefined, failed('timeout')],
    ['within the status line: timeout', write('HTTP/1.1 2'), failed('timeout')],
    ['within the head: timeout', write(`${head}content-type: te`), failed('timeout')],
    [
      'within the empty line after the head: timeout',
      write(`${head}content-length: 2\r\n\r`),
      failed('timeout'),
    ],
    ['after an interim answer: timeout', write('HTTP/1.1 100 Continue\r\n\r\n'), failed('timeout')],
    ['before the body: the status decides', write(`${head}content-length: 2\r\n\r\n`), delivered],
    ['within the body: the status decides', write(`${head}content-length: 2\r\n\r\no`), delivered],
    [
      'within a chunk: the status decides',
      write(`${head}transfer-encoding: chunked\r\n\r\n2\r\no`),
      delivered,
    ],
    [
      'before the last chunk: the status decides',
      write(`${head}transfer-encoding: chunked\r\n\r\n1\r\no\r\n`),
      delivered,
    ],
  ])('%s', async (_name, answer, outcome) => {
    await expectOnce(answer, { outcome, isReused: false, timeoutMs });
  });
  test.concurrent('after the answer: costs nothing', async () => {
    const startedAt = performance.now();
    await expectOnce(write(`${head}${empty}`), { outcome: delivered, isReused: true });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe('a receiver that dribbles', () => {
  test.concurrent.each<[string, string, string, object]>([
    ['its head: timeout', `${head}x: `, 'y', failed('timeout')],
    ['interim answers: timeout', '', 'HTTP/1.1 102 Wait\r\n\r\n', failed('timeout')],
    ['its body: the status decides', `${head}\r\n`, 'y', delivered],
    ['chunks: the status decides', `${head}transfer-encoding: chunked\r\n\r\n`, '1\r\ny\r\n', delivered],
    ['a chunk extension: the status decides', `${head}transfer-encoding: chunked\r\n\r\n1;`, 'y', delivered],
    ['trailers: the status decides', `${head}transfer-encoding: chunked\r\n\r\n0\r\n`, 'x: y\r\n', delivered],
  ])('%s', async (_name, start, piece, outcome) => {
    const answer: Answering = (socket) => dribble(socket, start, piece);
    await expectOnce(answer, { outcome, isReused: false, timeoutMs: 1_000 });
  });
  test.concurrent('a whole answer byte by byte in time is read like any other', async () => {
    const pieces = Array.from(`${head}transfer-encoding: chunked\r\n\r\n2;x=y\r\nok\r\n0\r\nt: z\r\n\r\n`);
    const answer: Answering = (socket) => void writeSlowly(socket, pieces);
    await expectOnce(answer, { outcome: delivered, isReused: true });
  });
});

describe('a receiver that never ends', () => {
  const endless = 'y'.repeat(1_000);
  test.each<[string, string, string, object]>([
    ['its body: the status decides', `${head}\r\n`, endless, delivered],
    ['a body of 10 GB: the status decides', `${head}content-length: 10000000000\r\n\r\n`, endless, delivered],
    [
      'one chunk: the status decides',
      `${head}transfer-encoding: chunked\r\n\r\nffffffffff\r\n`,
      endless,
      delivered,
    ],
    ['chunks: the status decides', `${head}transfer-encoding: chunked\r\n\r\n`, '4\r\nyyyy\r\n', delivered],
    [
      'a chunk extension: the status decides',
      `${head}transfer-encoding: chunked\r\n\r\n1;`,
      endless,
      delivered,
    ],
    ['trailers: the status decides', `${head}transfer-encoding: chunked\r\n\r\n0\r\n`, 'x: y\r\n', delivered],
    ['its headers: protocol', head, 'x: y\r\n', failed('protocol', '16 KiB')],
    ['one header: protocol', `${head}x: `, endless, failed('protocol', '16 KiB')],
    ['its status line: protocol', 'HTTP/1.1 200 ', endless, failed('protocol', '16 KiB')],
    ['"100 Continue": protocol', '', 'HTTP/1.1 100 Continue\r\n\r\n', failed('protocol', '64 KiB')],
    ['"103 Early Hints": protocol', '', 'HTTP/1.1 103 Early Hints\r\n\r\n', failed('protocol', '64 KiB')],
  ])('%s', async (_name, start, piece, outcome) => {
    await expectOnce((socket) => flood(socket, start, piece), { outcome, isReused: false });
  });

  test('costs a bounded amount of memory, however many do it at once', async () => {
    await using receiver = await startRawReceiver((socket) => flood(socket, `${head}\r\n`, endless));
    await using poster = localPoster();
    const before = process.memoryUsage().arrayBuffers;
    const posts = Array.from({ length: 100 }, () => postWith(poster, { url: receiver.url }));
    expect(await Promise.all(posts)).toEqual(posts.map(() => delivered));
    expect(poster.openConnections).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('a receiver with huge headers', () => {
  test.each([
    ['of just under 16 KiB is read', 16_000, delivered, true],
    ['of 17 KiB: protocol', 17_000, failed('protocol', '16 KiB'), false],
    ['of 1 MiB: protocol', 1_048_576, failed('protocol', '16 KiB'), false],
  ])('%s', async (_name, bytes, outcome, isReused) => {
    const answer = write(`${head}x: ${'y'.repeat(bytes)}\r\n${empty}`);
    await expectOnce(answer, { outcome, isReused });
  });
});

describe('a redirect is an answer, and is not followed', () => {
  const statuses = [301, 302, 303, 307, 308];
  const locations = [
    ['to another receiver', (url: string) => url],
    ['relative', () => '/elsewhere'],
    ['to itself', () => ''],
    ['to a forbidden address', () => 'http://169.254.169.254/latest/meta-data/'],
    ['to a file', () => 'file:///etc/passwd'],
  ] as const;
  test.each(
    statuses.flatMap((status) => locations.map(([name, location]) => [status, name, location] as const)),
  )('%i %s', async (status, _name, location) => {
    await using elsewhere = await startRawReceiver(ok);
    const answer = write(`HTTP/1.1 ${status} x\r\nlocation: ${location(elsewhere.url)}\r\n${empty}`);
    await expectOnce(answer, { outcome: { kind: 'rejected', status }, isReused: true });
    expect(elsewhere.connections).toEqual([]);
  });
});

describe('a receiver with a wrong length', () => {
  const chunked = 'transfer-encoding: chunked\r\n';
  test.each<[string, Answering, object]>([
    [
      'too long, then closed: the status decides',
      writeAndEnd(`${head}content-length: 9\r\n\r\nok`),
      delivered,
    ],
    [
      'too short: the rest is no answer',
      write(`${head}content-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n${empty}`),
      delivered,
    ],
    ['none, closed: the status decides', writeAndEnd(`${head}\r\nok`), delivered],
    ['negative: protocol', write(`${head}content-length: -1\r\n\r\n`), failed('protocol')],
    ['with a sign: protocol', write(`${head}content-length: +2\r\n\r\nok`), failed('protocol')],
    ['in hex: protocol', write(`${head}content-length: 0x2\r\n\r\nok`), failed('protocol')],
    ['empty: protocol', write(`${head}content-length:\r\n\r\n`), failed('protocol')],
    ['of 30 digits: protocol', write(`${head}content-length: ${'9'.repeat(30)}\r\n\r\n`), failed('protocol')],
    [
      'two that differ: protocol',
      write(`${head}content-length: 2\r\ncontent-length: 3\r\n\r\nok`),
      failed('protocol'),
    ],
    [
      'two alike: protocol',
      write(`${head}content-length: 2\r\ncontent-length: 2\r\n\r\nok`),
      failed('protocol'),
    ],
    ['two in one field: protocol', write(`${head}content-length: 2, 2\r\n\r\nok`), failed('protocol')],
    [
      'beside chunks: protocol',
      write(`${head}content-length: 2\r\n${chunked}\r\n0\r\n\r\n`),
      failed('protocol'),
    ],
    [
      'after a space before the colon: protocol',
      write(`${head}content-length : 2\r\n\r\nok`),
      failed('protocol'),
    ],
    ['in a folded line: protocol', write(`${head}x: y\r\n content-length: 2\r\n\r\nok`), failed('protocol')],
    [
      'behind a bare line feed: protocol',
      write(`${head}x: y\ncontent-length: 2\r\n\r\nok`),
      failed('protocol'),
    ],
    ['chunks of no size: the status decides', write(`${head}${chunked}\r\nzz\r\n`), delivered],
    [
      'a chunk without its end: the status decides',
      write(`${head}${chunked}\r\n2\r\nokX\r\n0\r\n\r\n`),
      delivered,
    ],
    [
      'a chunk of 2^60 bytes: the status decides',
      write(`${head}${chunked}\r\n1000000000000000\r\n`),
      delivered,
    ],
    [
      'chunks that are not the last coding: the status decides',
      writeAndEnd(`${head}transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n`),
      delivered,
    ],
  ])('%s', async (_name, answer, outcome) => {
    await expectOnce(answer, { outcome, isReused: false });
  });
});

describe('a receiver that answers twice', () => {
  const second = `${head}${empty}`;
  test.each<[string, Answering]>([
    ['in one write', write(`${head}content-length: 2\r\n\r\nok${second}`)],
    ['after chunks', write(`${head}transfer-encoding: chunked\r\n\r\n0\r\n\r\n${second}`)],
    ['after 204', write(`HTTP/1.1 200 OK\r\n${empty}${second}`)],
    ['with one stray byte', write(`${head}content-length: 2\r\n\r\nok\n`)],
    ['with an interim answer behind it', write(`${head}${empty}HTTP/1.1 100 Continue\r\n\r\n`)],
  ])('%s: the second one is nobody’s', async (_name, answer) => {
    await expectOnce(answer, { outcome: delivered, isReused: false });
  });

  test('while the connection is idle: it is closed, and the second answer is nobody’s', async () => {
    await using receiver = await startRawReceiver((socket, _request, number) => {
      socket.write(number === 1 ? `${head}${empty}` : `HTTP/1.1 418 Teapot\r\n${empty}`);
    });
    await using poster = localPoster();
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
    receiver.sockets[0]?.write(`${head}${empty}`);
    await waitUntil(() => poster.openConnections === 0, { describe: 'the end of the connection' });
    expect(await postWith(poster, { url: receiver.url })).toEqual(teapot);
    expect(receiver.connections.length).toBe(2);
  });

  test('just before the next request: that is written to a connection of its own', async () => {
    await using receiver = await startRawReceiver((socket, _request, number) => {
      socket.write(number === 1 ? `${head}${empty}` : `HTTP/1.1 418 Teapot\r\n${empty}`);
    });
    await using poster = localPoster();
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
    const [socket] = receiver.sockets;
    await new Promise<void>((resolve) => socket?.write(`${head}${empty}`, () => resolve()));
    expect(await postWith(poster, { url: receiver.url })).toEqual(teapot);
    expect(receiver.connections).toEqual(receiver.requests);
  });
});

describe('a receiver that speaks HTTP/1.0', () => {
  const old = 'HTTP/1.0 200 OK\r\n';
  test.each<[string, Answering, boolean]>([
    ['without keep-alive: its connection ends', write(`${old}${empty}`), false],
    ['with keep-alive: its connection is kept', write(`${old}connection: keep-alive\r\n${empty}`), true],
    [
      'with keep-alive and chunks: its connection ends',
      write(`${old}connection: keep-alive\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`),
      false,
    ],
    [
      'with "Keep-Alive" and close: its connection ends',
      write(`${old}connection: Keep-Alive, close\r\n${empty}`),
      false,
    ],
    [
      'with keep-alive and no length: its connection ends',
      writeAndEnd(`${old}connection: keep-alive\r\n\r\nok`),
      false,
    ],
    ['and closes at once', writeAndEnd(`${old}\r\nok`), false],
  ])('%s', async (_name, answer, isReused) => {
    await expectOnce(answer, { outcome: delivered, isReused });
  });
});

describe('interim answers', () => {
  const final = `${head}${empty}`;
  const interim = 'HTTP/1.1 100 Continue\r\n\r\n';
  test.each<[string, Answering, object, boolean]>([
    ['one "100 Continue" is skipped', write(interim, final), delivered, true],
    ['one of HTTP/1.0 is skipped', write('HTTP/1.0 100 Continue\r\n\r\n', final), delivered, true],
    ['a thousand of them are skipped', write(interim.repeat(1_000) + final), delivered, true],
    [
      '102 and 103 are skipped',
      write(`HTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 103 Hints\r\nlink: </a>\r\n\r\n${final}`),
      delivered,
      true,
    ],
    ['199 is skipped', write(`HTTP/1.1 199 x\r\n\r\n${final}`), delivered, true],
    [
      'one that is not proper: protocol',
      write(`HTTP/1.1 100 Continue\r\nnonsense\r\n\r\n${final}`),
      failed('protocol'),
      false,
    ],
    [
      '101, asked for by nobody: protocol',
      write('HTTP/1.1 101 Switching\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n'),
      failed('protocol'),
      false,
    ],
    ['099 is no status: protocol', write(`HTTP/1.1 099 x\r\n${empty}`), failed('protocol'), false],
  ])('%s', async (_name, answer, outcome, isReused) => {
    await expectOnce(answer, { outcome, isReused });
  });
});

describe('204 and 304 with a body', () => {
  test.each([
    [204, 'nobody’s body', 'content-length: 2\r\n\r\nok', false],
    [304, 'nobody’s body', 'content-length: 2\r\n\r\nok', false],
    [204, 'an answer as its body', `\r\n${head}${empty}`, false],
    [304, 'an answer as its body', `\r\n${head}${empty}`, false],
    [204, 'a length and no body', 'content-length: 2\r\n\r\n', false],
    [304, 'a length and no body', 'content-length: 2\r\n\r\n', false],
    [204, 'a length of nothing', empty, true],
    [204, 'chunks that may still come', 'transfer-encoding: chunked\r\n\r\n', false],
  ])('%i, %s', async (status, _name, rest, isReused) => {
    const outcome = status === 204 ? { kind: 'delivered', status } : { kind: 'rejected', status };
    await expectOnce(write(`HTTP/1.1 ${status} x\r\n${rest}`), { outcome, isReused });
  });
});

test.each(['content-length: 2', 'transfer-encoding: chunked'])(
  'a body of 204 (%s) that comes after the next request was sent is not the beginning of its answer',
  async (field) => {
    let first: Socket | null = null;
    await using receiver = await startRawReceiver((socket, _request, number) => {
      if (number === 1) {
        first = socket;
        socket.write(`HTTP/1.1 204 x\r\n${field}\r\n\r\n`);
        return;
      }
      if (!first?.destroyed) first?.write('0\r\n\r\n'.slice(0, 2));
      socket.write(`HTTP/1.1 418 Teapot\r\n${empty}`);
    });
    await using poster = localPoster();
    expect(await postWith(poster, { url: receiver.url })).toEqual({ kind: 'delivered', status: 204 });
    expect(await postWith(poster, { url: receiver.url })).toEqual(teapot);
  },
);

describe('a compressed bomb', () => {
  const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024));
  const bombHead = `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`;
  test('is an answer like any other', async () => {
    await expectOnce(write(bombHead, bomb), { outcome: delivered, isReused: bomb.length < 60_000 });
  });
  test('is kept as it came', () => {
    const answer = new Answer(true);
    answer.feed(Buffer.concat([Buffer.from(bombHead), bomb]));
    expect(answer.kept).toEqual(bomb.subarray(0, 4_096));
  });
});

async function writeSlowly(socket: Socket, pieces: readonly string[]): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise(setImmediate);
  }
}
