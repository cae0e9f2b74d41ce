// A connection that ends in the very moment in which it stands is an attempt that failed, and not the end of the process.
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { ReplicationStream } from '../../src/replication/stream.ts';

/** A message of the protocol's backend: its letter, its length, its body. */
function message(letter: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

const authenticated = message('R', Buffer.from([0, 0, 0, 0]));
const ready = message('Z', Buffer.from('I'));
const ended = message(
  'E',
  Buffer.from('SFATAL\0C57P01\0Mterminating connection due to administrator command\0\0'),
);

test('a backend that is ended as it becomes ready makes the attempt fail with its reason', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    // All in one packet, after the startup message.
    socket.once('data', () => socket.end(Buffer.concat([authenticated, ready, ended])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stream = new ReplicationStream({
    clientConfig: { host: '127.0.0.1', port, user: 'someone', database: 'any', ssl: false },
    slot: 'slot',
    publication: 'publication',
    pinnedSettings: {},
    verify: () => undefined,
    onMessage: () => undefined,
    onKeepalive: () => undefined,
    confirmable: () => 0n,
  });
  await expect(stream.open()).rejects.toThrow(/terminat|not queryable/i);
  server.close();
});
