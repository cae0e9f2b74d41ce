/** What is on the wire, and what an answer makes of it. */
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { localPoster, postWith } from './post-with.ts';
import { answerWith, ok, startRawReceiver } from './raw-receiver.ts';

const delivered = { kind: 'delivered', status: 200 };

test('writes nothing but what HTTP needs, the content type and the exact body', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  const body = '{"name":"Größe 😀"}';
  expect(await postWith(poster, { url: `${receiver.url}/ä?b=c d#e`, body })).toEqual(delivered);
  expect(await postWith(poster, { url: receiver.url, body: Buffer.from([0x7b, 0xff, 0x7d]) })).toEqual(
    delivered,
  );
  expect(await postWith(poster, { url: receiver.url, body: '' })).toEqual(delivered);
  const head = (path: string, length: number): string =>
    `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${receiver.port}\r\nconnection: keep-alive\r\n` +
    `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`;
  const utf8 = Buffer.from(body).toString('latin1');
  expect(receiver.requests).toEqual([
    `${head('/hook/%C3%A4?b=c%20d', utf8.length)}${utf8}`,
    `${head('/hook', 3)}{\xff}`,
    head('/hook', 0),
  ]);
});

test('writes not one byte when the caller may not write, and keeps the connection for the next call', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  const answers = [false, false, true];
  const mayWrite = (): boolean => answers.shift() ?? true;
  expect(await postWith(poster, { url: receiver.url, mayWrite })).toEqual({ kind: 'not_written' });
  await waitUntil(() => receiver.connections.length === 1, { describe: 'the connection' });
  expect(await postWith(poster, { url: receiver.url, mayWrite })).toEqual({ kind: 'not_written' });
  expect(receiver.connections).toEqual(['']);
  expect(await postWith(poster, { url: receiver.url, mayWrite })).toEqual(delivered);
  expect(receiver.connections).toEqual(receiver.requests);
  expect(answers).toEqual([]);
});

test('asks the caller in the very tick in which the request is written', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  const seen: string[] = [];
  const write = Socket.prototype.write;
  const spied = function (this: Socket, ...parameters: unknown[]): boolean {
    if (String(parameters[0]).startsWith('POST')) seen.push('written');
    return Reflect.apply(write, this, parameters) as boolean;
  };
  Socket.prototype.write = spied;
  try {
    const mayWrite = (): boolean => {
      seen.push(`asked with ${receiver.connections.length} connection`);
      queueMicrotask(() => seen.push('microtask'));
      return true;
    };
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
    expect(await postWith(poster, { url: receiver.url, mayWrite })).toEqual(delivered);
  } finally {
    Socket.prototype.write = write;
  }
  expect(seen).toEqual(['written', 'asked with 1 connection', 'written', 'microtask']);
});

test('a caller that throws is interrupted with nothing written', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  const mayWrite = (): boolean => {
    throw new Error('no term');
  };
  const result = await postWith(poster, { url: receiver.url, mayWrite });
  expect(result).toEqual({ kind: 'interrupted', detail: 'nothing was sent: no term' });
  expect(receiver.connections).toEqual(['']);
});

test.each([200, 201, 204, 299])('an answer of %i is delivered', async (status) => {
  await using receiver = await startRawReceiver(
    answerWith(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`),
  );
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual({ kind: 'delivered', status });
});

test.each([300, 304, 400, 404, 410, 429, 500, 503, 599])('an answer of %i is rejected', async (status) => {
  await using receiver = await startRawReceiver(
    answerWith(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`),
  );
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual({ kind: 'rejected', status });
});

test.each([301, 302, 303, 307, 308])('does not follow a redirect with %i', async (status) => {
  await using elsewhere = await startRawReceiver(ok);
  const head = `HTTP/1.1 ${status} x\r\nlocation: ${elsewhere.url}\r\ncontent-length: 0\r\n\r\n`;
  await using receiver = await startRawReceiver(answerWith(head));
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual({ kind: 'rejected', status });
  expect(await postWith(poster, { url: elsewhere.url })).toEqual(delivered);
  expect([receiver.requests.length, elsewhere.requests.length]).toEqual([1, 1]);
});

test('takes no proxy from the environment', async () => {
  await using proxy = await startRawReceiver(ok);
  await using receiver = await startRawReceiver(ok);
  const names = [
    'http_proxy',
    'HTTP_PROXY',
    'https_proxy',
    'HTTPS_PROXY',
    'all_proxy',
    'ALL_PROXY',
    'NODE_USE_ENV_PROXY',
  ];
  const before = names.map((name) => process.env[name]);
  try {
    for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.url;
    await using poster = localPoster();
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  } finally {
    names.forEach((name, index) => {
      if (before[index] === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = before[index];
    });
  }
  expect([receiver.requests.length, proxy.connections.length]).toEqual([1, 0]);
});

test.each([
  ['100 in one piece', ['HTTP/1.1 100 Continue\r\n\r\n']],
  ['100 with headers, twice', ['HTTP/1.1 100 Continue\r\nx: y\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n']],
  ['100 byte by byte', Array.from('HTTP/1.1 100 Continue\r\n\r\n')],
  ['102 and 103', ['HTTP/1.1 102 Processing\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n']],
])('ignores interim answers: %s', async (_name, pieces) => {
  const final = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
  await using receiver = await startRawReceiver(
    (socket) => void writePieces(socket, [...pieces, ...Array.from(final)]),
  );
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  expect(receiver.connections.length).toBe(1);
});

test('an answer to a body that was not read yet decides, and its connection is not used again', async () => {
  await using receiver = await startRawReceiver(ok, {
    onConnection: (socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n');
      });
    },
  });
  await using poster = localPoster();
  const body = Buffer.alloc(16 * 1024 * 1024, 'x');
  expect(await postWith(poster, { url: receiver.url, body })).toEqual({ kind: 'rejected', status: 413 });
  expect(poster.openConnections).toBe(0);
});

test('an answer whose connection is closed before the body was read decides', async () => {
  await using receiver = await startRawReceiver(ok, {
    onConnection: (socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.end('HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
      });
    },
  });
  await using poster = localPoster();
  const body = Buffer.alloc(16 * 1024 * 1024, 'x');
  expect(await postWith(poster, { url: receiver.url, body })).toEqual({ kind: 'rejected', status: 413 });
});

test('tells nothing of what a target on an internal network answered', async () => {
  await using receiver = await startRawReceiver(
    answerWith('HTTP/1.1 500 x\r\ncontent-length: 6\r\n\r\nsecret'),
  );
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual({ kind: 'rejected', status: 500 });
});

async function writePieces(
  socket: { write(text: string): boolean },
  pieces: readonly string[],
): Promise<void> {
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise(setImmediate);
  }
}
