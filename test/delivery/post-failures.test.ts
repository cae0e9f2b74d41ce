/** Each class of failure, each phase of the deadline, and answers that would never end. */
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { cert, key } from './certificate.ts';
import { localPoster, postWith } from './post-with.ts';
import { answerWith, ok, startRawReceiver, type Answer } from './raw-receiver.ts';

const delivered = { kind: 'delivered', status: 200 };

function failed(failureClass: string, detail: string): object {
  return { kind: 'failed', class: failureClass, detail: expect.stringContaining(detail) as string };
}

function resolvesTo(...addresses: string[]): LookupFunction {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: 4 }));
  return (_host, _options, callback) => callback(null, found);
}

test.each(['ENOTFOUND', 'EAI_AGAIN', 'ESERVFAIL'])('a name that fails with %s is dns', async (code) => {
  const lookup: LookupFunction = (_host, _options, callback) =>
    callback(Object.assign(new Error(), { code }), []);
  await using poster = localPoster({ lookup });
  expect(await postWith(poster, { url: 'https://api.example.com/' })).toEqual(
    failed('dns', `${code} api.example.com`),
  );
  expect(poster.openConnections).toBe(0);
});

test('a closed port is refused, without its address in the detail', async () => {
  await using poster = localPoster({ lookup: resolvesTo('127.0.0.1', '127.0.0.2') });
  for (const host of ['api.example.com', '127.0.0.3']) {
    const result = await postWith(poster, { url: `https://${host}:${await closedPort()}/` });
    expect(result).toEqual({ kind: 'failed', class: 'refused', detail: 'ECONNREFUSED' });
  }
  expect(poster.openConnections).toBe(0);
});

test('goes on to the next address of a name when the first refuses', async () => {
  await using receiver = await startRawReceiver(ok, { host: '127.0.0.2' });
  const options = { allowTargets: ['api.example.com'], lookup: resolvesTo('127.0.0.1', '127.0.0.2') };
  await using poster = localPoster(options);
  expect(await postWith(poster, { url: `http://api.example.com:${receiver.port}/` })).toEqual(delivered);
});

test('a certificate nobody vouches for is tls, one that is trusted delivers', async () => {
  await using receiver = await startRawReceiver(ok, { tls: { key, cert } });
  await using poster = localPoster({ lookup: resolvesTo('127.0.0.1') });
  const url = `https://receiver.example.com:${receiver.port}/`;
  expect(await postWith(poster, { url })).toEqual(failed('tls', 'DEPTH_ZERO_SELF_SIGNED_CERT'));
  const before = getCACertificates('default');
  setDefaultCACertificates([cert]);
  try {
    expect(await postWith(poster, { url })).toEqual(delivered);
    expect(await postWith(poster, { url })).toEqual(delivered);
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
    for (let round = 0; round < 3; round++) {
      const other = await postWith(poster, { url: `https://other.example.com:${receiver.port}/` });
      expect(other).toEqual(failed('tls', 'ERR_TLS_CERT_ALTNAME_INVALID'));
    }
  } finally {
    setDefaultCACertificates(before);
  }
  expect(receiver.requests.length).toBe(3);
});

test('a port that does not speak TLS is tls', async () => {
  await using receiver = await startRawReceiver(ok, {
    onConnection: (socket) => socket.write('220 mail ready\r\n'),
  });
  await using poster = localPoster();
  const url = receiver.url.replace('http:', 'https:');
  expect(await postWith(poster, { url })).toMatchObject({ kind: 'failed', class: 'tls' });
});

test('a connection closed during the handshake is tls', async () => {
  await using receiver = await startRawReceiver(ok, {
    onConnection: (socket) => socket.once('data', () => socket.destroy()),
  });
  await using poster = localPoster();
  const url = receiver.url.replace('http:', 'https:');
  expect(await postWith(poster, { url })).toMatchObject({ kind: 'failed', class: 'tls' });
});

test.each<[string, Answer]>([
  ['closed', (socket) => socket.end()],
  ['reset', (socket) => socket.resetAndDestroy()],
  ['closed within the status line', (socket) => socket.end('HTTP/1.1 20')],
  ['closed within the head', (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-le')],
  ['closed after an interim answer', (socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n')],
])('a connection %s after the request is reset, and the request is not repeated', async (_name, answer) => {
  await using receiver = await startRawReceiver(answer);
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual(failed('reset', 'outcome unknown'));
  expect([receiver.requests.length, receiver.connections.length]).toEqual([1, 1]);
});

test.each([
  ['no HTTP', 'hello\r\n\r\n'],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\n\r\n'],
  ['an upgrade nobody asked for', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx'],
  ['a head of 32 KiB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(32_768)}\r\n\r\n`],
])('an answer that is %s is protocol', async (_name, text) => {
  await using receiver = await startRawReceiver(answerWith(text));
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual(failed('protocol', 'outcome unknown'));
  expect(receiver.requests.length).toBe(1);
});

test.each([
  ['shorter than it says', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'],
  ['badly chunked', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ['ended by closing', 'HTTP/1.1 200 OK\r\n\r\nabc'],
])('a body that is %s does not change the outcome', async (_name, text) => {
  await using receiver = await startRawReceiver((socket) => socket.end(text));
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
});

test('the deadline covers the lookup of the name', async () => {
  await using poster = localPoster({ lookup: () => {} });
  await expectTimeout(
    postWith(poster, { url: 'https://api.example.com/', timeoutMs: 150 }),
    'nothing was sent',
  );
  expect(poster.openConnections).toBe(0);
});

test('the deadline covers connecting', async () => {
  await using blackHole = await startBlackHole();
  await using poster = localPoster();
  const url = `http://127.0.0.1:${blackHole.port}/`;
  await expectTimeout(postWith(poster, { url, timeoutMs: 150 }), 'nothing was sent');
});

test.each<[string, 'http:' | 'https:', string, Answer]>([
  ['the TLS handshake', 'https:', 'nothing was sent', () => {}],
  ['the wait for an answer', 'http:', 'outcome unknown', () => {}],
  [
    'a dribbling head',
    'http:',
    'outcome unknown',
    (socket) => dribble(socket, 'HTTP/1.1 200 OK\r\nx: ', 'y'),
  ],
  [
    'endless interim answers',
    'http:',
    'outcome unknown',
    (socket) => dribble(socket, '', 'HTTP/1.1 102 Wait\r\n\r\n'),
  ],
])('the deadline covers %s, and the connection is cut', async (_name, scheme, detail, answer) => {
  await using receiver = await startRawReceiver(answer);
  await using poster = localPoster();
  const url = receiver.url.replace('http:', scheme);
  await expectTimeout(postWith(poster, { url, timeoutMs: 150 }), detail);
  expect(poster.openConnections).toBe(0);
  await waitUntil(() => receiver.sockets[0]?.destroyed === true, { describe: 'the end of the connection' });
  // A connection opened for the request that was given up would have arrived before this one.
  const again = await startRawReceiver(ok);
  await using _again = again;
  expect(await postWith(poster, { url: again.url })).toEqual(delivered);
  expect(receiver.connections.length).toBe(1);
});

test.each<[string, string, object]>([
  ['200', 'HTTP/1.1 200 OK\r\n\r\n', delivered],
  ['500', 'HTTP/1.1 500 Oops\r\ntransfer-encoding: chunked\r\n\r\n', { kind: 'rejected', status: 500 }],
])('a body of %s cut by the deadline is an outcome by status', async (_name, head, outcome) => {
  await using receiver = await startRawReceiver((socket) => dribble(socket, head, '1\r\nx\r\n'));
  await using poster = localPoster();
  const startedAt = performance.now();
  expect(await postWith(poster, { url: receiver.url, timeoutMs: 150 })).toEqual(outcome);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(140);
  await waitUntil(() => receiver.sockets[0]?.destroyed === true, { describe: 'the end of the connection' });
});

test.each<[string, string, string, object]>([
  ['body', 'HTTP/1.1 200 OK\r\n\r\n', 'x'.repeat(1_000), delivered],
  ['declared body', 'HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n', 'x'.repeat(1_000), delivered],
  [
    'chunk extension',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;',
    'x'.repeat(1_000),
    delivered,
  ],
  ['row of interim answers', '', 'HTTP/1.1 102 Wait\r\n\r\n', failed('protocol', '64 KiB')],
  ['interim answer', 'HTTP/1.1 100 Continue\r\nx: ', 'y'.repeat(1_000), failed('protocol', '16 KiB')],
])('stops reading an endless %s after 64 KiB', async (_name, head, piece, outcome) => {
  await using receiver = await startRawReceiver((socket) => flood(socket, head, piece));
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url, timeoutMs: 60_000 })).toEqual(outcome);
  await waitUntil(() => receiver.sockets[0]?.destroyed === true, { describe: 'the end of the connection' });
  expect(poster.openConnections).toBe(0);
});

test('does not wait for the rest of an answer that is longer than 64 KiB', async () => {
  const head = 'HTTP/1.1 500 Oops\r\ncontent-length: 66000\r\n\r\n';
  await using receiver = await startRawReceiver((socket) => {
    // In two pieces, so that what is too much most likely comes together with what is not.
    socket.write(head + 'x'.repeat(60_000));
    setImmediate(() => setImmediate(() => socket.write('x'.repeat(6_000))));
  });
  await using poster = localPoster();
  const result = await postWith(poster, { url: receiver.url, timeoutMs: 3_600_000 });
  expect(result).toEqual({ kind: 'rejected', status: 500 });
  expect(poster.openConnections).toBe(0);
});

test('reads a body of just under 64 KiB whole and goes on with the connection', async () => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-length: 65000\r\n\r\n';
  await using receiver = await startRawReceiver(answerWith(head + 'x'.repeat(65_000)));
  await using poster = localPoster();
  for (let round = 0; round < 3; round++)
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  expect(receiver.connections.length).toBe(1);
});

test('a URL that cannot be called fails without a promise rejected', async () => {
  await using poster = localPoster();
  for (const url of ['', 'nonsense', 'ftp://api.example.com/', 'https://u:p@api.example.com/']) {
    expect(await postWith(poster, { url })).toMatchObject({ kind: 'failed', class: 'blocked_address' });
  }
});

async function expectTimeout(posted: Promise<unknown>, detail: string): Promise<void> {
  const startedAt = performance.now();
  expect(await posted).toEqual(failed('timeout', `after 150 ms`));
  expect(await posted).toEqual(failed('timeout', detail));
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(140);
}

function dribble(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const timer = setInterval(() => socket.write(piece), 10);
  socket.on('close', () => clearInterval(timer));
}

function flood(socket: Socket, head: string, piece: string): void {
  socket.write(head);
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', more);
  more();
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

// A listener whose thread accepts nothing, with its queue of connections full: the next one is not answered at all.
async function startBlackHole(): Promise<AsyncDisposable & { readonly port: number }> {
  const source = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
    });`;
  const worker = new Worker(source, { eval: true });
  const [port] = (await once(worker, 'message')) as [number];
  const fillers: Socket[] = [];
  const isFull = (): boolean => {
    fillers.push(connect(port, '127.0.0.1').on('error', () => {}));
    return fillers.filter((socket) => socket.connecting).length > 4;
  };
  await waitUntil(isFull, { describe: 'a full queue of connections', intervalMs: 20 });
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}
