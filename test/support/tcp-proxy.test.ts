/** The proxy breaks a line where it is told to, and nowhere else. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { http } from './http.ts';
import { startReceiver } from './receiver.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { waitUntil, within } from './wait.ts';

const body = '{"n":1}';

test('passes requests and counts them', async () => {
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(receiver.url);
  expect((await http.post(proxy.url, { body })).statusCode).toBe(200);
  expect(proxy.connectionCount).toBe(1);
  expect(proxy.bytes.toServer).toBeGreaterThan(0);
});

test('cuts after a pattern: the server has the request, the client has no answer', async () => {
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(receiver.url);
  const cut = proxy.cutAfter({ pattern: '"n":1' });
  await expect(http.post(proxy.url, { body })).rejects.toMatchObject({ code: 'ECONNRESET' });
  await within(cut, { describe: 'the cut' });
  await receiver.waitFor((request) => request.body === body);
  expect((await http.post(proxy.url, { body })).statusCode).toBe(200);
});

test('a stalled answer arrives after all when the line passes again', async () => {
  await using receiver = await startReceiver();
  await using proxy = await startTcpProxy(receiver.url);
  proxy.stall('toClient');
  const answer = http.post(proxy.url, { body });
  await receiver.waitFor(1);
  expect(proxy.bytes.toClient).toBe(0);
  proxy.pass();
  expect((await answer).statusCode).toBe(200);
});

test('a line can be stalled alone, chosen by how it began', async () => {
  await using receiver = await startReceiver();
  receiver.behave({ hang: true }, '/held');
  await using proxy = await startTcpProxy(receiver.url);
  const held = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  held.write('POST /held HTTP/1.1\r\n');
  await waitUntil(() => proxy.bytes.toServer > 0, { describe: 'the first line of the request' });
  proxy.stall('toServer', '/held');
  held.write('host: localhost\r\ncontent-length: 0\r\n\r\n');
  expect((await http.post(`${proxy.url}/other`, { body })).statusCode).toBe(200);
  expect(receiver.requests.map(({ path }) => path)).toEqual(['//other']);
  proxy.pass();
  await receiver.waitFor(1, { path: '/held' });
  held.destroy();
});

test('a refused and a cut connection are resets', async () => {
  await using receiver = await startReceiver({ behaviour: { hang: true } });
  await using proxy = await startTcpProxy(receiver.url);
  const hanging = expect(http.post(proxy.url, { body })).rejects.toMatchObject({ code: 'ECONNRESET' });
  await receiver.waitFor(1);
  proxy.cut();
  await hanging;
  proxy.refuse();
  await expect(http.post(proxy.url, { body })).rejects.toMatchObject({ code: 'ECONNRESET' });
});

test('cuts after exactly so many bytes', async () => {
  const received: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('data', (chunk) => received.push(chunk)).on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using proxy = await startTcpProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  proxy.cutAfterBytes('toServer', 5);
  const client = connect(proxy.port, '127.0.0.1').on('error', () => undefined);
  client.write('0123456789');
  await new Promise((resolve) => client.once('close', resolve));
  await waitUntil(() => received.length > 0, { describe: 'the bytes before the cut' });
  expect(Buffer.concat(received).toString()).toBe('01234');
  server.close();
});

test('a half-closed line still carries the other direction', async () => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('end', () => socket.end('still here')).resume();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  await using proxy = await startTcpProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const client = connect(proxy.port, '127.0.0.1');
  client.write('hello');
  await waitUntil(() => proxy.bytes.toServer === 5, { describe: 'five bytes through the proxy' });
  proxy.halfClose('toServer');
  expect(await text(client)).toBe('still here');
  server.close();
});
