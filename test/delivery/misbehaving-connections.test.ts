/** Receivers that cut the connection, at every byte, and those whose TLS or name misbehaves. One request at most, each time. */
import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type LookupFunction, type Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { waitUntil } from '../support/wait.ts';
import { cert, earlyCert, expiredCert, key } from './certificate.ts';
import { localPoster, postWith } from './post-with.ts';
import { ok, startRawReceiver, type RawReceiver } from './raw-receiver.ts';

const delivered = { kind: 'delivered', status: 200 };
const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const headLength = answer.length - 2;

function failed(failureClass: string, detail = ''): object {
  return { kind: 'failed', class: failureClass, detail: expect.stringContaining(detail) as string };
}

const reset = failed('reset', 'outcome unknown');

const toThisMachine: LookupFunction = (_host, _options, callback) =>
  callback(null, [{ address: '127.0.0.1', family: 4 }]);

describe('a connection that was kept alive is cut', () => {
  const cuts = {
    closed: (socket: Socket, part: string) => socket.end(part),
    reset: (socket: Socket, part: string) => socket.write(part, () => socket.resetAndDestroy()),
  };

  test.each(['closed', 'reset'] as const)(
    '%s at every byte of the answer: sent once, and never again',
    async (how) => {
      let cutAt = 0;
      await using receiver = await startRawReceiver((socket, _request, number) => {
        if (number % 2 === 1) socket.write(answer);
        else cuts[how](socket, answer.slice(0, cutAt));
      });
      await using poster = localPoster();
      for (cutAt = 0; cutAt < answer.length; cutAt++) {
        expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
        const outcome = await postWith(poster, { url: receiver.url });
        // A reset may overtake what was written before it.
        const isKnown = cutAt >= headLength && (how === 'closed' || outcome.kind === 'delivered');
        expect({ cutAt, outcome }).toEqual({ cutAt, outcome: isKnown ? delivered : reset });
        expect(receiver.requests.length).toBe(2 * (cutAt + 1));
        expect(receiver.connections.length).toBe(cutAt + 1);
      }
    },
  );

  test('reset at every byte of the request: sent once, and never again', async () => {
    let cutAt = 0;
    let requestBytes = 1;
    const received: number[] = [];
    const server = createServer((socket) => {
      received.push(0);
      const index = received.length - 1;
      let isFirst = true;
      socket.on('error', () => undefined);
      socket.on('readable', () => {
        const chunk = isFirst ? (socket.read() as Buffer | null) : (socket.read(cutAt) as Buffer | null);
        if (chunk === null) return;
        received[index] = (received[index] ?? 0) + 1;
        if (isFirst) requestBytes = chunk.length;
        if (isFirst) socket.write(answer);
        else socket.resetAndDestroy();
        isFirst = false;
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/hook`;
    await using poster = localPoster();
    for (cutAt = 1; cutAt <= requestBytes; cutAt++) {
      expect(await postWith(poster, { url })).toEqual(delivered);
      expect(await postWith(poster, { url })).toEqual(reset);
    }
    expect(received).toEqual(Array.from({ length: requestBytes }, () => 2));
    server.close();
  });

  test('while it is idle: the next request goes to a new one, and nothing was written to the old', async () => {
    await using receiver = await startRawReceiver(ok);
    await using poster = localPoster();
    for (let round = 1; round <= 10; round++) {
      expect(await postWith(poster, { url: receiver.url })).toEqual(delivered);
      const socket = receiver.sockets.at(-1);
      if (socket === undefined) continue;
      // Until it is on the network, not until the poster knows.
      const closed = once(socket, 'close');
      if (round % 2 === 0) socket.end();
      else socket.resetAndDestroy();
      await closed;
    }
    expect(receiver.connections).toEqual(receiver.requests);
  });
});

describe('TLS', () => {
  const host = 'receiver.example.com';
  let before: string[] = [];
  beforeAll(() => {
    before = getCACertificates('default');
    setDefaultCACertificates([cert, expiredCert, earlyCert]);
  });
  afterAll(() => setDefaultCACertificates(before));

  const urlOf = ({ port }: { port: number }, name = host): string => `https://${name}:${port}/hook`;

  test.each([
    ['expired', expiredCert, host, 'CERT_HAS_EXPIRED (the certificate has expired)'],
    ['not valid yet', earlyCert, host, 'CERT_NOT_YET_VALID (the certificate is not valid yet)'],
    ['for another name', cert, 'other.example.com', 'ERR_TLS_CERT_ALTNAME_INVALID'],
  ])('a certificate that is %s: tls, and nothing is sent', async (_name, shown, name, detail) => {
    await using receiver = await startRawReceiver(ok, { tls: { key, cert: shown } });
    await using poster = localPoster({ lookup: toThisMachine });
    for (let round = 0; round < 2; round++) {
      expect(await postWith(poster, { url: urlOf(receiver, name) })).toEqual(failed('tls', detail));
    }
    expect(receiver.requests).toEqual([]);
    expect(poster.openConnections).toBe(0);
  });

  test('a certificate that is self-signed: tls, and nothing is sent', async () => {
    setDefaultCACertificates([]);
    try {
      await using receiver = await startRawReceiver(ok, { tls: { key, cert } });
      await using poster = localPoster({ lookup: toThisMachine });
      expect(await postWith(poster, { url: urlOf(receiver) })).toEqual(failed('tls', 'SELF_SIGNED'));
      expect(receiver.requests).toEqual([]);
    } finally {
      setDefaultCACertificates([cert, expiredCert, earlyCert]);
    }
  });

  test('an https port that speaks HTTP: tls', async () => {
    await using receiver = await startRawReceiver(ok, {
      onConnection: (socket) => socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'),
    });
    await using poster = localPoster({ lookup: toThisMachine });
    expect(await postWith(poster, { url: urlOf(receiver) })).toEqual(failed('tls', 'does not speak TLS'));
    expect(receiver.requests).toEqual([]);
  });

  test('an http port that speaks TLS: protocol or reset, once', async () => {
    await using receiver = await startRawReceiver(ok, { tls: { key, cert } });
    await using poster = localPoster();
    const outcome = await postWith(poster, { url: receiver.url.replace('https:', 'http:') });
    expect(outcome).toMatchObject({
      kind: 'failed',
      class: expect.stringMatching(/^(protocol|reset)$/) as string,
    });
    expect(receiver.requests).toEqual([]);
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    '%s, closed after every record of the receiver: tls or reset, and one request at most',
    async (version) => {
      await using receiver = await startRawReceiver(ok, {
        tls: { key, cert, minVersion: version, maxVersion: version },
      });
      const classes: string[] = [];
      for (let records = 0; classes.at(-1) !== 'delivered'; records++) {
        await using proxy = await startCuttingProxy(receiver, records);
        await using poster = localPoster({ lookup: toThisMachine });
        const earlier = receiver.requests.length;
        const outcome = await postWith(poster, { url: urlOf(proxy) });
        classes.push(outcome.kind === 'failed' ? outcome.class : outcome.kind);
        expect(receiver.requests.length - earlier).toBeLessThanOrEqual(1);
        expect(proxy.connections()).toBe(1);
        expect(records).toBeLessThan(20);
      }
      expect(classes[0]).toBe('tls');
      expect(classes.slice(0, -1).every((each) => each === 'tls' || each === 'reset')).toBe(true);
      // First those before the request, then those after it.
      expect([...classes].sort((a, b) => rank(a) - rank(b))).toEqual(classes);
    },
  );
});

describe('a name', () => {
  const url = 'https://api.example.com/';
  test.each(['ENOTFOUND', 'ENODATA', 'ESERVFAIL', 'EREFUSED', 'ETIMEOUT', 'EAI_AGAIN'])(
    'that fails with %s: dns, and nothing is sent',
    async (code) => {
      const lookup: LookupFunction = (_host, _options, callback) =>
        callback(Object.assign(new Error(code), { code }), []);
      await using poster = localPoster({ lookup });
      expect(await postWith(poster, { url })).toEqual(failed('dns', `${code} api.example.com`));
      expect(poster.openConnections).toBe(0);
    },
  );

  test('that is slower than the deadline: timeout, and its late answer opens nothing', async () => {
    await using receiver = await startRawReceiver(ok);
    const answers: (() => void)[] = [];
    const lookup: LookupFunction = (_host, _options, callback) => {
      answers.push(() => callback(null, [{ address: '127.0.0.1', family: 4 }]));
    };
    await using poster = localPoster({ allowTargets: ['slow.example.com'], lookup });
    const late = `http://slow.example.com:${receiver.port}/`;
    expect(await postWith(poster, { url: late, timeoutMs: 100 })).toEqual(
      failed('timeout', 'nothing was sent'),
    );
    for (const answered of answers) answered();
    const again = postWith(poster, { url: late });
    await waitUntil(() => answers.length === 2, { describe: 'the second question' });
    answers[1]?.();
    expect(await again).toEqual(delivered);
    expect(receiver.connections.length).toBe(1);
  });

  test('that answers differently the second time: each answer is held against the rules', async () => {
    const called: (string | undefined)[] = [];
    await using receiver = await startRawReceiver(
      (socket) => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
      { host: '0.0.0.0', onConnection: ({ localAddress }) => called.push(localAddress) },
    );
    const answers = ['127.0.0.2', '127.0.0.3', '127.0.0.2'];
    const lookup: LookupFunction = (_host, _options, callback) =>
      callback(null, [{ address: answers.shift() ?? '', family: 4 }]);
    await using poster = localPoster({ allowTargets: ['127.0.0.2'], allowHttp: true, lookup });
    const outcomes = [];
    for (let round = 0; round < 3; round++) {
      outcomes.push(await postWith(poster, { url: `http://api.example.com:${receiver.port}/` }));
    }
    expect(outcomes).toEqual([delivered, failed('blocked_address'), delivered]);
    expect(called).toEqual(['127.0.0.2', '127.0.0.2']);
  });
});

function rank(outcome: string): number {
  return ['tls', 'reset', 'delivered'].indexOf(outcome);
}

/** Passes on so many TLS records of the receiver, then closes. */
async function startCuttingProxy(receiver: RawReceiver, records: number) {
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(receiver.port, '127.0.0.1');
    let pending = Buffer.alloc(0);
    let left = records;
    client.on('error', () => undefined).on('close', () => upstream.destroy());
    upstream.on('error', () => undefined).on('close', () => client.end());
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 5 && pending.length >= 5 + pending.readUInt16BE(3)) {
        if (left === 0) return void client.end();
        const length = 5 + pending.readUInt16BE(3);
        client.write(pending.subarray(0, length));
        pending = pending.subarray(length);
        left -= 1;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
