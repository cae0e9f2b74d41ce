/** The life of connections: reuse, idle end, resets, the address guard where it dials, and the end of it all. */
import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { connect, type LookupFunction } from 'node:net';
import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { targetPolicy } from '../../src/delivery/address-guard.ts';
import { dial } from '../../src/delivery/dial.ts';
import { Attempt } from '../../src/delivery/attempt.ts';
import { Connection } from '../../src/delivery/connection.ts';
import { IdleConnections, type IdleConnection } from '../../src/delivery/idle-connections.ts';
import { waitUntil } from '../support/wait.ts';
import { localPoster, postWith } from './post-with.ts';
import { answerWith, ok, startRawReceiver } from './raw-receiver.ts';

const delivered = { kind: 'delivered', status: 200 };

const neverAsked: LookupFunction = () => {
  throw new Error('a literal address is never looked up');
};

test('uses one connection for one request after the other, and as many as there are requests at once', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  for (let round = 0; round < 5; round++)
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  expect(receiver.connections.length).toBe(1);
  const together = Array.from({ length: 20 }, () => postWith(poster, { url: receiver.url }));
  expect(poster.openConnections).toBe(20);
  for (const result of await Promise.all(together)) expect(result).toEqual(delivered);
  expect([receiver.connections.length, receiver.requests.length]).toEqual([20, 25]);
});

test('sends a second request only after the answer to the first', async () => {
  await using receiver = await startRawReceiver(() => {});
  await using poster = localPoster();
  const both = [1, 2].map(() => postWith(poster, { url: receiver.url, timeoutMs: 300 }));
  await waitUntil(() => receiver.requests.length === 2, { describe: 'both requests' });
  expect(receiver.connections.length).toBe(2);
  await Promise.all(both);
});

test('does not repeat a request whose reused connection is cut', async () => {
  await using receiver = await startRawReceiver((socket, _request, number) => {
    if (number === 1) ok(socket, '', 1);
    else socket.resetAndDestroy();
  });
  await using poster = localPoster();
  expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  expect(await postWith(poster, { url: receiver.url })).toMatchObject({ kind: 'failed', class: 'reset' });
  expect([receiver.requests.length, receiver.connections.length]).toEqual([2, 1]);
});

test('connects anew, with nothing written before, when the receiver has closed the idle connection', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  for (let round = 1; round <= 5; round++) {
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
    expect(receiver.connections.length).toBe(round);
    const closing = receiver.sockets[round - 1];
    closing?.end();
    // Not until the poster knows: until it has been told by the network.
    await waitUntil(() => closing?.destroyed === true, {
      describe: 'the end of the connection',
      intervalMs: 1,
    });
  }
  expect(receiver.connections).toEqual(receiver.requests);
});

test('a connection the receiver announces to close is not used again', async () => {
  await using receiver = await startRawReceiver(
    answerWith('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
  );
  await using poster = localPoster();
  for (let round = 0; round < 3; round++)
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  expect(receiver.connections).toEqual(receiver.requests);
  await waitUntil(() => poster.openConnections === 0, { describe: 'no connection left' });
});

test('writes nothing to a receiver that speaks first', async () => {
  await using receiver = await startRawReceiver(ok, {
    onConnection: (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'),
  });
  const socket = connect(receiver.port, '127.0.0.1');
  await once(socket, 'readable');
  const connection = new Connection(receiver.url, {
    dial: () => Promise.resolve(socket),
    scheduleWrite: (each) => setImmediate(() => each.write()),
    onIdle: () => {},
    onClose: () => {},
    onUnsent: () => {},
  });
  const attempt = new Attempt({ url: '', body: '{}', timeoutMs: 5_000, mayWrite: () => true });
  connection.post(attempt, { origin: receiver.url, requestHead: 'POST' });
  expect(await attempt.result).toMatchObject({ outcome: { kind: 'failed', class: 'protocol' } });
  await connection.closed;
  expect(receiver.connections).toEqual(['']);
});

test.concurrent.each(['', 'connection: keep-alive\r\nkeep-alive: timeout=600\r\n'])(
  'closes an idle connection in under 4 s, whatever the receiver offers (%j)',
  async (offer) => {
    await using receiver = await startRawReceiver(
      answerWith(`HTTP/1.1 200 OK\r\n${offer}content-length: 0\r\n\r\n`),
    );
    await using poster = localPoster();
    expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
    const answeredAt = performance.now();
    await waitUntil(() => poster.openConnections === 0, { describe: 'the idle end' });
    expect(performance.now() - answeredAt).toBeGreaterThan(3_000);
    // 3.5 s, and room for a busy machine.
    expect(performance.now() - answeredAt).toBeLessThan(4_900);
  },
);

test.concurrent('closes a connection that was opened for nothing just the same', async () => {
  await using receiver = await startRawReceiver(ok);
  await using poster = localPoster();
  await postWith(poster, { url: receiver.url, mayWrite: () => false });
  await waitUntil(() => poster.openConnections === 0, { describe: 'the idle end' });
  expect(receiver.connections).toEqual(['']);
});

test('keeps nothing of hundreds of origins once their connections are closed', async () => {
  const close = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
  await using receiver = await startRawReceiver(answerWith(close), { host: '0.0.0.0' });
  await using poster = localPoster();
  const urls = Array.from(
    { length: 500 },
    (_, n) => `http://127.0.${Math.floor(n / 200)}.${(n % 200) + 1}:${receiver.port}/`,
  );
  const results = await Promise.all(urls.map((url) => postWith(poster, { url })));
  expect(results.filter((result) => result.kind !== 'delivered')).toEqual([]);
  await waitUntil(() => poster.openConnections === 0, { describe: 'no connection left' });
});

test('refuses a name with one good and one forbidden address and dials neither', async () => {
  await using receiver = await startRawReceiver(ok, { host: '0.0.0.0' });
  const lookup: LookupFunction = (_host, _options, callback) =>
    callback(null, [
      { address: '127.0.0.2', family: 4 },
      { address: '127.0.0.3', family: 4 },
    ]);
  await using poster = localPoster({ allowTargets: ['127.0.0.2'], allowHttp: true, lookup });
  const result = await postWith(poster, { url: `http://api.example.com:${receiver.port}/` });
  expect(result).toMatchObject({ kind: 'failed', class: 'blocked_address' });
  expect(JSON.stringify(result)).not.toContain('127.0.0');
  expect(receiver.connections).toEqual([]);
});

test('asks the resolver once per connection and dials what was checked', async () => {
  const close = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n';
  await using receiver = await startRawReceiver(answerWith(close), { host: '0.0.0.0' });
  const answers = ['127.0.0.2', '127.0.0.3'];
  const lookup: LookupFunction = (_host, _options, callback) =>
    callback(null, [{ address: answers.shift() ?? '127.0.0.4', family: 4 }]);
  await using poster = localPoster({ allowTargets: ['127.0.0.2'], allowHttp: true, lookup });
  const url = `http://api.example.com:${receiver.port}/`;
  expect(await postWith(poster, { url })).toEqual(delivered);
  expect(receiver.sockets[0]?.localAddress).toBe('127.0.0.2');
  expect(answers).toEqual(['127.0.0.3']);
  await waitUntil(() => poster.openConnections === 0, { describe: 'no connection left' });
  expect(await postWith(poster, { url })).toMatchObject({ kind: 'failed', class: 'blocked_address' });
  expect(receiver.connections.length).toBe(1);
});

test('cuts a connection that led elsewhere than to a checked address', async () => {
  await using receiver = await startRawReceiver(ok, { host: '0.0.0.0' });
  const dialled = dial(new URL(`http://127.0.0.2:${receiver.port}/`), {
    policy: targetPolicy({ allowTargets: ['127.0.0.2'], allowHttp: false }),
    lookup: neverAsked,
    signal: new AbortController().signal,
    connect: ({ port }) => connect(port, '127.0.0.3'),
  });
  await expect(dialled).rejects.toMatchObject({ class: 'blocked_address' });
  await waitUntil(() => receiver.sockets[0]?.destroyed === true, { describe: 'the end of the connection' });
  expect(receiver.connections).toEqual(['']);
});

test('calls a connection that ends as soon as it is there cut, not led elsewhere', async () => {
  await using receiver = await startRawReceiver(ok);
  const dialled = dial(new URL(receiver.url), {
    policy: targetPolicy({ allowTargets: ['127.0.0.1'], allowHttp: true }),
    lookup: neverAsked,
    signal: new AbortController().signal,
    connect: ({ port }) => {
      const socket = connect(port, '127.0.0.1');
      // Before the dialler hears of it: by then there is no peer to be named.
      socket.prependListener('connect', () => socket.destroy());
      return socket;
    },
  });
  await expect(dialled).rejects.toMatchObject({ class: 'reset' });
});

test.each(['http://localhost', 'http://127.1', 'http://[::ffff:127.0.0.1]', 'http://2130706433'])(
  'opens no connection to %s when nothing is allowed',
  async (origin) => {
    await using receiver = await startRawReceiver(ok);
    await using poster = localPoster({ allowTargets: [], allowHttp: true });
    const result = await postWith(poster, { url: `${origin}:${receiver.port}/` });
    expect(result).toMatchObject({ kind: 'failed', class: 'blocked_address' });
    expect(receiver.connections).toEqual([]);
  },
);

test('tries eight addresses of each family at most, however many a name has', async () => {
  const v4 = Array.from({ length: 2_000 }, (_, n) => ({ address: `127.1.${n >> 8}.${n & 255}`, family: 4 }));
  const v6 = Array.from({ length: 100 }, (_, n) => ({ address: `2606:4700::${n + 1}`, family: 6 }));
  let offered: readonly LookupAddress[] = [];
  const dialled = dial(new URL('http://many.example.com/'), {
    policy: targetPolicy({ allowTargets: ['127.0.0.0/8'], allowHttp: true }),
    lookup: (_host, _options, done) => done(null, [...v4, ...v6]),
    signal: new AbortController().signal,
    connect: ({ lookup }) => {
      lookup?.('many.example.com', { all: true }, (_error, found) => {
        offered = found as LookupAddress[];
      });
      return connect(1, '127.0.0.1');
    },
  });
  await expect(dialled).rejects.toMatchObject({ class: 'refused' });
  expect(offered).toEqual([...v4.slice(0, 8), ...v6.slice(0, 8)]);
});

test('dialling itself checks a literal address', async () => {
  await using receiver = await startRawReceiver(ok);
  const policy = targetPolicy({ allowTargets: [], allowHttp: true });
  const dialled = dial(new URL(receiver.url), {
    policy,
    lookup: neverAsked,
    signal: new AbortController().signal,
  });
  await expect(dialled).rejects.toMatchObject({ class: 'blocked_address' });
  expect(receiver.connections).toEqual([]);
});

test('asks the resolver once for connections that are opened together', async () => {
  await using receiver = await startRawReceiver(ok);
  let questions = 0;
  const lookup: LookupFunction = (_host, _options, callback) => {
    questions += 1;
    setImmediate(() => callback(null, [{ address: '127.0.0.1', family: 4 }]));
  };
  await using poster = localPoster({ allowTargets: ['api.example.com'], lookup });
  const url = `http://api.example.com:${receiver.port}/`;
  const results = await Promise.all(Array.from({ length: 10 }, () => postWith(poster, { url })));
  expect(results).toEqual(results.map(() => delivered));
  expect([receiver.connections.length, questions]).toEqual([10, 1]);
});

test('keeps a bounded number of idle connections and takes the newest of an origin first', () => {
  const idle = new IdleConnections<IdleConnection & { readonly name: number }>(3);
  const make = (origin: string, name: number) => {
    const connection = {
      origin,
      name,
      idleMs: 3_500,
      closed: Promise.resolve(),
      close: () => idle.remove(connection),
    };
    idle.put(connection);
  };
  for (const name of [1, 2, 3]) make('a', name);
  make('b', 4);
  expect(idle.size).toBe(3);
  const taken = [idle.take('a'), idle.take('a'), idle.take('a'), idle.take('b'), idle.take('b')];
  expect(taken.map((connection) => connection?.name)).toEqual([3, 2, undefined, 4, undefined]);
  expect(idle.size).toBe(0);
});

test('delivers to localhost once it is named', async () => {
  await using receiver = await startRawReceiver(ok, { host: 'localhost' });
  await using poster = localPoster({ allowTargets: ['localhost'] });
  expect(await postWith(poster, { url: `http://localhost:${receiver.port}/` })).toEqual(delivered);
});

test('interrupts what is in flight and closes everything at its end', async () => {
  await using receiver = await startRawReceiver((socket, _request, number) => {
    if (number === 1) ok(socket, '', 1);
  });
  const poster = localPoster({ lookup: () => {} });
  expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
  const waiting = postWith(poster, { url: receiver.url });
  const connecting = postWith(poster, { url: 'https://api.example.com/' });
  await waitUntil(() => receiver.requests.length === 2, { describe: 'the second request' });
  await poster[Symbol.asyncDispose]();
  expect(await waiting).toMatchObject({
    kind: 'interrupted',
    detail: expect.stringContaining('unknown') as string,
  });
  expect(await connecting).toMatchObject({
    kind: 'interrupted',
    detail: expect.stringContaining('anything') as string,
  });
  expect(await postWith(poster, { url: receiver.url })).toMatchObject({ kind: 'interrupted' });
  expect(poster.openConnections).toBe(0);
  const [socket] = receiver.sockets;
  if (socket?.destroyed === false) await once(socket, 'close');
  expect(receiver.connections.length).toBe(1);
});
